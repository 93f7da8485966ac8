"""The event log, its live feed, and the positions of its consumers."""

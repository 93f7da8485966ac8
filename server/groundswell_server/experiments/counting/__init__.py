"""Counting: exposures of units, events (each once), and the sums that analyses are computed from."""

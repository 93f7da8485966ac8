"""Interactions: taken in, judged by the layers of the filter, kept and counted."""

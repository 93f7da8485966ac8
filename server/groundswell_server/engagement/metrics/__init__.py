"""Metrics: counts of posts, the genuine engagement in them, and comparisons between posts."""

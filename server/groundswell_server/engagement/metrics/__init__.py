"""Metrics: counts of posts, the genuine engagement in them, and what they are compared with."""

"""Experiments: which variant is better, and how sure that is."""

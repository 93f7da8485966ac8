"""Virality: posts that spread unusually fast, and the projection of their reach."""

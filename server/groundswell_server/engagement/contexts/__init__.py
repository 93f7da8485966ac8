"""Contexts: their states, their outcomes and the patterns that they confirm."""

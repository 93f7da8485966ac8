"""Connections to platforms, and the vault of their tokens."""

"""Caches of what was read from the database."""

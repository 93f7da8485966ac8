"""Sync: fetches due posts from their platforms within the call limits and records them. A run can be resumed."""

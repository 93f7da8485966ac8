"""Ingestion of metrics and imported posts: the post, its context and its alerts change in one transaction."""

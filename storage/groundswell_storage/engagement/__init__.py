"""Engagement's tables and the queries on them: personas, contexts, posts, metric snapshots, interactions, patterns."""

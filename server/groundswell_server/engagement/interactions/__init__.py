"""Interactions: taken in, judged by the layers of the filter, kept and counted."""

REJUDGE_DUPLICATES = "engagement.rejudge_duplicates"
"""The operation that judges again what was there before its copies came."""

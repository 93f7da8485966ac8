"""Interactions: taken in, judged by the layers of the filter, kept and counted."""

JUDGE_COPIES = "engagement.judge_copies"
"""The operation that judges again what was there before its copies came."""

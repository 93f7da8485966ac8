"""Interactions: intake, verdicts, storage, and rejudgment when later evidence changes a verdict."""

REJUDGE_DUPLICATES = "engagement.rejudge_duplicates"
"""The operation that judges texts again after other actors repeated them."""

"""What the settings say to Engagement."""

from __future__ import annotations

from datetime import timedelta

from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.contexts.outcomes import Thresholds
from groundswell_server.settings import Settings


def thresholds(settings: Settings) -> Thresholds:
    """From where on metrics speak for a context."""
    return Thresholds(
        success_rate_pct=settings.success_threshold_pct,
        genuine_ratio=settings.genuine_ratio,
        conditional_rate_pct=settings.conditional_rate_pct,
        rejection_age=timedelta(hours=settings.rejection_age_hours),
    )


def target_age(settings: Settings) -> timedelta:
    """The age at which rates are compared and learnt, and for which the reach of a post that spreads is projected."""
    return timedelta(days=settings.ml_target_age_days)


def awaited_ages(settings: Settings) -> tuple[timedelta, ...]:
    """The ages of posts that something waits for: no metrics from before say what it has to know."""
    return (thresholds(settings).rejection_age, target_age(settings))


def filter_settings(settings: Settings) -> FilterSettings:
    """From where on an interaction counts as a bot's."""
    return FilterSettings(threshold=settings.bot_threshold)

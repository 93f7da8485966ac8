"""The deployment's settings as parameters of the domain."""

from __future__ import annotations

from datetime import timedelta

from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.contexts.outcomes import Thresholds
from groundswell_server.settings import Settings


def thresholds(settings: Settings) -> Thresholds:
    """Returns the thresholds by which metrics decide about a context."""
    return Thresholds(
        success_rate_pct=settings.success_threshold_pct,
        genuine_ratio=settings.genuine_ratio,
        conditional_rate_pct=settings.conditional_rate_pct,
        rejection_age=timedelta(hours=settings.rejection_age_hours),
    )


def target_age(settings: Settings) -> timedelta:
    """Returns the age at which rates are compared and learned, and to which the reach of viral posts is projected."""
    return timedelta(days=settings.ml_target_age_days)


def awaited_ages(settings: Settings) -> tuple[timedelta, ...]:
    """Returns the ages at which metrics of a post are needed."""
    return (thresholds(settings).rejection_age, target_age(settings))


def filter_settings(settings: Settings) -> FilterSettings:
    """Returns the settings of the bot filter."""
    return FilterSettings(threshold=settings.bot_threshold)

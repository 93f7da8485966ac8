"""Inputs of the online model: the 18 features of a post as named numbers of the order of 1."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from groundswell_server.learning.features.post_features import FEATURES, NOMINAL

_SCALES: Mapping[str, Callable[[float], float]] = {
    "complexity": lambda value: value / 4.0,
    "confidence": lambda value: value / 4.0,
    "validation": lambda value: value / 3.0,
    "agent_assigned": float,
    "prompt_length": lambda value: math.log1p(value) / 6.0,
    "caption_length": lambda value: math.log1p(value) / 6.0,
    "hashtag_count": lambda value: math.log1p(value) / 2.0,
    "call_to_action": float,
    "log_followers": lambda value: value / 10.0,
    "trailing_engagement_rate": lambda value: math.sqrt(max(value, 0.0)) / 2.0,
    "trailing_genuine_users": lambda value: math.log1p(max(value, 0.0)) / 6.0,
    "trailing_bot_share": float,
}
"""Ordinal features, each with a function to a number of the order of 1."""
_DAY = 2.0 * math.pi / 24.0
_NAMED = frozenset(NOMINAL) | {"weekday"}


def inputs_of(values: Sequence[float], category: str | None) -> dict[str, float]:
    """Returns the named numbers of a post from its `feature_values` and category; an unknown feature is a flag."""
    found: dict[str, float] = {}
    for name, value in zip(FEATURES, values, strict=True):
        if name == "content_category":
            if category is not None:
                found[f"category={category}"] = 1.0
        elif value != value:  # only NaN differs from itself
            found[f"{name}?"] = 1.0
        elif name in _NAMED:
            found[f"{name}={value:g}"] = 1.0
        elif name == "hour":
            found["hour_sin"], found["hour_cos"] = math.sin(value * _DAY), math.cos(value * _DAY)
        else:
            found[name] = _SCALES[name](value)
    return found

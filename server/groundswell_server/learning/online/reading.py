"""What a twin says, from its weights alone: serving needs no River for it."""

from __future__ import annotations

from collections.abc import Mapping


def rate_of(weights: Mapping[str, float], intercept: float, inputs: Mapping[str, float]) -> float:
    """The rate, percent, of a post with these inputs; what has no weight yet says nothing."""
    root = intercept
    for name, value in inputs.items():
        if name in weights:
            root += weights[name] * value
    return root * root if root > 0.0 else 0.0

"""The part of a model's card that all models of posts share. A card is JSON, which contains no code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from groundswell_server.learning.features.encoder import Encoder
from groundswell_server.learning.features.post_features import FEATURES
from groundswell_server.learning.features.post_rows import PostRows

if TYPE_CHECKING:
    from groundswell_server.learning.training.post_model_type import PostModelType

FORMAT = 1
_OUTCOMES = 201
CHANGEABLE = ("hour", "weekday", "media_type", "caption_length", "hashtag_count", "call_to_action")
"""Features that can be changed before a post is published."""


def common_card(model_type: PostModelType, rows: PostRows, encoder: Encoder) -> dict[str, Any]:
    """Returns the description of a model that was trained on these rows."""
    first, last = rows.span
    return {
        "format": FORMAT,
        "model_type": model_type.name,
        "features": list(model_type.features),
        "encoder": encoder.to_json(),
        "sample_count": len(rows),
        "window": [first.isoformat(), last.isoformat()],
        "outcomes": np.quantile(rows.outcomes, np.linspace(0.0, 1.0, _OUTCOMES)).tolist(),
        "seen": {name: _value_counts(rows, name) for name in CHANGEABLE},
    }


def _value_counts(rows: PostRows, feature: str) -> list[list[float]]:
    """Returns the values of a feature among the rows, each with its number of posts."""
    column = rows.features.values[:, FEATURES.index(feature)]
    values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    return [[float(value), int(count)] for value, count in zip(values, counts, strict=True)]

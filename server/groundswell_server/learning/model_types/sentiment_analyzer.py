"""SENTIMENT_ANALYZER: the mood of a text, by labels of one's own."""

from __future__ import annotations

from groundswell_server.learning.training.text_model_type import TextModelType

MODEL_TYPE = TextModelType(
    name="SENTIMENT_ANALYZER",
    title="mood of a text",
    labels=("negative", "neutral", "positive"),
)

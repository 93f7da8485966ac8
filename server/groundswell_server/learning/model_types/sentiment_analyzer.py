"""SENTIMENT_ANALYZER: the mood of a text, by labels of one's own. It has to beat VADER, which stands in for it."""

from __future__ import annotations

from groundswell_server.learning.training.text_model_type import TextModelType


def _by_vader(text: str) -> str:
    from groundswell_server.sentiment.analyzer import analyze_sentiment

    return analyze_sentiment(text).sentiment.name


MODEL_TYPE = TextModelType(
    name="SENTIMENT_ANALYZER",
    title="mood of a text",
    labels=("negative", "neutral", "positive"),
    lexicon=_by_vader,
)

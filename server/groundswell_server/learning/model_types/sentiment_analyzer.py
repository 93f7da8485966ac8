"""SENTIMENT_ANALYZER: the sentiment of a text, learnt from labelled texts. VADER is its baseline and its stand-in."""

from __future__ import annotations

from groundswell_server.learning.training.text_model_type import TextModelType


def _by_vader(text: str) -> str:
    from groundswell_server.sentiment.analyzer import analyze_sentiment

    return analyze_sentiment(text).sentiment.name


MODEL_TYPE = TextModelType(
    name="SENTIMENT_ANALYZER",
    title="sentiment of a text",
    labels=("negative", "neutral", "positive"),
    lexicon=_by_vader,
)

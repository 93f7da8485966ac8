"""SPAM_DETECTOR: the probability that a comment is spam, learnt from labelled comments."""

from __future__ import annotations

from groundswell_server.learning.training.text_model_type import TextModelType

MODEL_TYPE = TextModelType(
    name="SPAM_DETECTOR",
    title="probability that a comment is spam",
    labels=("genuine", "spam"),
    positive="spam",
)

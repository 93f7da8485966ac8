"""TOPIC_CLASSIFIER: what a text is about, by labels of one's own."""

from __future__ import annotations

from groundswell_server.learning.training.text_model_type import TextModelType

MODEL_TYPE = TextModelType(name="TOPIC_CLASSIFIER", title="topic of a text")

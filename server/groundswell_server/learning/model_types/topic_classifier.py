"""TOPIC_CLASSIFIER: the topic of a text, learnt from labelled texts."""

from __future__ import annotations

from groundswell_server.learning.training.text_model_type import TextModelType

MODEL_TYPE = TextModelType(name="TOPIC_CLASSIFIER", title="topic of a text")

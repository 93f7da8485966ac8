"""Requests to the trained detectors of LearningService, and their responses."""

from __future__ import annotations

from collections.abc import Iterable

from groundswell.v1 import learning_pb2
from groundswell_server.engagement.bot_detection.account_profiles import Profile
from groundswell_server.engagement.messages.interactions import profile_message

_SPAM = "spam"
"""Label of spam."""


def bots_request(profiles: Iterable[Profile]) -> learning_pb2.ClassifyProfilesRequest:
    """Returns the request to classify accounts."""
    return learning_pb2.ClassifyProfilesRequest(profiles=map(profile_message, profiles))


def bot_probabilities(response: learning_pb2.ClassifyProfilesResponse) -> list[float]:
    """Returns the bot probabilities, in the order of the request."""
    return [found.bot_probability for found in response.classes]


def spam_request(texts: Iterable[str]) -> learning_pb2.ClassifyTextRequest:
    """Returns the request to classify texts."""
    return learning_pb2.ClassifyTextRequest(model_type=learning_pb2.MODEL_TYPE_SPAM_DETECTOR, texts=texts)


def spam_probabilities(response: learning_pb2.ClassifyTextResponse) -> list[float]:
    """Returns the spam probabilities, in the order of the request."""
    return [
        next((one.probability for one in found.probabilities if one.label == _SPAM), 0.0) for found in response.classes
    ]

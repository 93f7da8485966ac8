"""What Learning is asked of accounts and texts, and its answers."""

from __future__ import annotations

from collections.abc import Iterable

from groundswell.v1 import learning_pb2
from groundswell_server.engagement.bot_detection.account_profiles import Profile
from groundswell_server.engagement.messages.interactions import profile_message

_SPAM = "spam"
"""Learning's label of a text that is."""


def bots_request(profiles: Iterable[Profile]) -> learning_pb2.ClassifyProfilesRequest:
    """Asks Learning what accounts are."""
    return learning_pb2.ClassifyProfilesRequest(profiles=map(profile_message, profiles))


def bot_probabilities(response: learning_pb2.ClassifyProfilesResponse) -> list[float]:
    """What Learning takes accounts for, in the order they were asked for."""
    return [found.bot_probability for found in response.classes]


def spam_request(texts: Iterable[str]) -> learning_pb2.ClassifyTextRequest:
    """Asks Learning what texts are."""
    return learning_pb2.ClassifyTextRequest(model_type=learning_pb2.MODEL_TYPE_SPAM_DETECTOR, texts=texts)


def spam_probabilities(response: learning_pb2.ClassifyTextResponse) -> list[float]:
    """What Learning takes texts for, in the order they were asked for."""
    return [
        next((one.probability for one in found.probabilities if one.label == _SPAM), 0.0) for found in response.classes
    ]

"""BOT_DETECTOR: the probability that an account is a bot, from its profile."""

from __future__ import annotations

from groundswell_server.learning.enums import BOT
from groundswell_server.learning.training.profile_model_type import ProfileModelType

MODEL_TYPE = ProfileModelType(
    name="BOT_DETECTOR",
    title="probability that an account is a bot",
    labels=("genuine", BOT),
    positive=BOT,
)

"""BOT_DETECTOR: whether an account is a bot, from what a platform tells of it."""

from __future__ import annotations

from groundswell_server.learning.training.profile_model_type import ProfileModelType
from groundswell_server.models.registry import BOT

MODEL_TYPE = ProfileModelType(
    name="BOT_DETECTOR",
    title="probability that an account is a bot",
    labels=("genuine", BOT),
    positive=BOT,
)

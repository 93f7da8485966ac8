"""What texts and accounts are, by the live models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell_server.learning.features.figures import ProfileFigures

if TYPE_CHECKING:
    from groundswell_server.learning.prediction.predictions import Prediction
    from groundswell_server.learning.prediction.predictor import Predictor

GOOD, BAD = "positive", "negative"
"""Labels that a score of mood is made of."""


@dataclass(frozen=True, slots=True)
class TextClass:
    """What a text is."""

    probabilities: tuple[tuple[str, float], ...]
    """Every label with its probability, likeliest first."""

    @property
    def label(self) -> str:
        """The likeliest."""
        return self.probabilities[0][0]

    @property
    def mood(self) -> float:
        """-1 to 1: the probability of a good mood less that of a bad one."""
        of = dict(self.probabilities)
        return of.get(GOOD, 0.0) - of.get(BAD, 0.0)


def classify_texts(predictor: Predictor, texts: Sequence[str]) -> list[TextClass]:
    """What a model of texts says of them."""
    from groundswell_server.learning.prediction.text_predictor import TextPredictor

    if not isinstance(predictor, TextPredictor):
        raise TypeError(f"{predictor.model_type} is no model of texts")
    found = []
    for row in predictor.predict(texts).value.tolist():
        ranked = sorted(zip(predictor.classes, row, strict=True), key=lambda one: (-one[1], one[0]))
        found.append(TextClass(tuple(ranked)))
    return found


def classify_profiles(predictor: Predictor, profiles: Sequence[ProfileFigures]) -> list[Prediction]:
    """The probability that each account is a bot, with its interval."""
    found = predictor.predict(profiles)
    return [found.one(place) for place in range(len(found))]

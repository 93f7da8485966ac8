"""What texts and accounts are, by the live models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from groundswell_server.learning.features.profile_facts import ProfileFacts
from groundswell_server.models.registry import SENTIMENT

if TYPE_CHECKING:
    from groundswell_server.learning.predictors.post_predictor import Predictor
    from groundswell_server.models.predictions import Prediction
    from groundswell_server.models.serving.live_models import Live
    from groundswell_server.models.serving.served_model import Served

GOOD, BAD = "positive", "negative"
"""Labels that a score of mood is made of."""


@dataclass(frozen=True, slots=True)
class TextClass:
    """What a text is."""

    label: str
    """The likeliest."""
    probabilities: tuple[tuple[str, float], ...] = ()
    """Every label with its probability, likeliest first; empty where none are known."""
    mood: float | None = None
    """Of sentiment, -1 to 1: the probability of a good mood less that of a bad one, or VADER's score."""


class Classified(NamedTuple):
    """What texts are, and by whose word."""

    classes: list[TextClass]
    served: Served | None
    """The version that said so; None for VADER."""


def classify(live: Live, model_type: str, texts: Sequence[str]) -> Classified:
    """What texts are by the live version of a type, moods by VADER where there is none.

    Raises FailedPrecondition (`MODEL_NOT_LIVE`).
    """
    if model_type == SENTIMENT and model_type not in live.by_type:
        return Classified(moods_of(texts), None)
    served = live.served(model_type)
    return Classified(classify_texts(served.predictor, texts), served)


def classify_texts(predictor: Predictor, texts: Sequence[str]) -> list[TextClass]:
    """What a model of texts says of them."""
    from groundswell_server.learning.predictors.text_predictor import TextPredictor

    if not isinstance(predictor, TextPredictor):
        raise TypeError(f"{predictor.model_type} is no model of texts")
    found = []
    for row in predictor.predict(texts).value.tolist():
        of = dict(zip(predictor.classes, row, strict=True))
        ranked = tuple(sorted(of.items(), key=lambda one: (-one[1], one[0])))
        mood = of.get(GOOD, 0.0) - of.get(BAD, 0.0) if predictor.model_type == SENTIMENT else None
        found.append(TextClass(ranked[0][0], ranked, mood))
    return found


def moods_of(texts: Sequence[str]) -> list[TextClass]:
    """What VADER says of the mood of texts, for want of a model."""
    from groundswell_server.sentiment.analyzer import analyze_sentiment

    found = []
    for text in texts:
        mood = analyze_sentiment(text)
        # A text without anything to read has no mood at all.
        label = mood.sentiment.name.lower() if mood.sentiment else "neutral"
        found.append(TextClass(label, mood=mood.score if mood.sentiment else 0.0))
    return found


def classify_profiles(predictor: Predictor, profiles: Sequence[ProfileFacts]) -> list[Prediction]:
    """The probability that each account is a bot, with its interval."""
    found = predictor.predict(profiles)
    return [found.one(place) for place in range(len(found))]

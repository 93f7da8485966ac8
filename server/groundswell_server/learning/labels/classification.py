"""Classification of texts and accounts by the live models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from groundswell_server.learning.enums import SENTIMENT
from groundswell_server.learning.features.profile_facts import ProfileFacts
from groundswell_server.learning.predictors.text_predictor import TextPredictor
from groundswell_server.models import model_types
from groundswell_server.models.predictions import Prediction
from groundswell_server.models.predictor import Predictor
from groundswell_server.models.serving.live_models import LiveVersions
from groundswell_server.models.serving.served_model import ServedModel
from groundswell_storage.errors import InvalidArgument

POSITIVE, NEGATIVE = "positive", "negative"
"""Labels from whose probabilities a sentiment score is computed."""


@dataclass(frozen=True, slots=True)
class TextClass:
    """The classification of a text."""

    label: str
    """The likeliest label."""
    probabilities: tuple[tuple[str, float], ...] = ()
    """Every label with its probability, likeliest first; empty for VADER."""
    sentiment_score: float | None = None
    """The sentiment score, -1 to 1: P(positive) minus P(negative), or the score of VADER."""


class Classified(NamedTuple):
    """The classifications of texts, and the version that made them."""

    classes: list[TextClass]
    served: ServedModel | None
    """None for VADER."""


def classify(live: LiveVersions, model_type: str, texts: Sequence[str]) -> Classified:
    """Classifies texts with the live version of a type; sentiment falls back on VADER.

    Raises FailedPrecondition (`MODEL_NOT_LIVE`), and InvalidArgument for a type that does not classify texts.
    """
    kind = model_types.get(model_type)
    if kind.subject != "text":
        raise InvalidArgument.of("model_type", f"must be a type that classifies texts, got {model_type} ({kind.noun})")
    if model_type == SENTIMENT and model_type not in live.by_type:
        return Classified(sentiments_by_lexicon(texts), None)
    served = live.served(model_type)
    return Classified(classify_texts(served.predictor, texts), served)


def classify_texts(predictor: Predictor, texts: Sequence[str]) -> list[TextClass]:
    """Classifies texts with a predictor of texts."""
    if not isinstance(predictor, TextPredictor):
        raise TypeError(f"{predictor.model_type} does not classify texts")
    found = []
    for row in predictor.predict(texts).value.tolist():
        by_label = dict(zip(predictor.classes, row, strict=True))
        ranked = tuple(sorted(by_label.items(), key=lambda one: (-one[1], one[0])))
        score = by_label.get(POSITIVE, 0.0) - by_label.get(NEGATIVE, 0.0) if predictor.model_type == SENTIMENT else None
        found.append(TextClass(ranked[0][0], ranked, score))
    return found


def sentiments_by_lexicon(texts: Sequence[str]) -> list[TextClass]:
    """Classifies the sentiment of texts with VADER."""
    from groundswell_server.sentiment.analyzer import analyze_sentiment

    found = []
    for text in texts:
        result = analyze_sentiment(text)
        # A text that VADER cannot analyze has no sentiment.
        label = result.sentiment.name.lower() if result.sentiment else "neutral"
        found.append(TextClass(label, sentiment_score=result.score if result.sentiment else 0.0))
    return found


def classify_profiles(predictor: Predictor, profiles: Sequence[ProfileFacts]) -> list[Prediction]:
    """Predicts the probability that each account is a bot, with its interval."""
    found = predictor.predict(profiles)
    return [found.one(place) for place in range(len(found))]

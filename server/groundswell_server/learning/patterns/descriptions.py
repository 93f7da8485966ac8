"""Descriptions of patterns in words."""

from __future__ import annotations

from collections.abc import Sequence

from groundswell_server.learning.patterns.content_features import PatternFeature

DISTINGUISHING = 0.5
"""The difference in standard deviations from which a feature is described."""
MAX_FEATURES = 4

_COUNTS = {"words": "words", "emoji": "emoji", "hashtags": "hashtags", "mentions": "mentions", "links": "links"}
_SHARES = {
    "call_to_action": "contain a call to action",
    "question": "ask a question",
    "weekend": "are published on a weekend",
    "format_text": "are text only",
    "format_image": "are an image",
    "format_carousel": "are a carousel",
    "format_video": "are a video",
    "format_link": "are a link",
    "format_audio": "are audio",
}


def distinguishing(features: Sequence[PatternFeature]) -> list[PatternFeature]:
    """Returns the features, sorted by difference, that differ by at least `DISTINGUISHING`, or the first one."""
    clear = [feature for feature in features if abs(feature.difference) >= DISTINGUISHING]
    return clear[:MAX_FEATURES] or list(features[:1])


def describe(features: Sequence[PatternFeature]) -> str:
    """Describes the distinguishing features, such as "have 8.1 hashtags on average (the rest 2.3)"."""
    phrases = [_phrase(feature) for feature in distinguishing(features)]
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def signature(features: Sequence[PatternFeature]) -> str:
    """Returns the distinguishing features with their direction only, such as "+hashtags +question -words"."""
    return " ".join(sorted(f"{'+' if f.difference > 0 else '-'}{f.name}" for f in distinguishing(features)))


def _phrase(feature: PatternFeature) -> str:
    value, rest = feature.value, feature.rest_value
    if feature.name == "hour":
        return f"are published around {clock(value)} (the rest around {clock(rest)})"
    if feature.name == "sentiment":
        tone = "more positive" if value > rest else "more negative"
        return f"have a {tone} tone (sentiment {value:+.2f}, the rest {rest:+.2f})"
    if feature.name in _COUNTS:
        return f"have {value:.1f} {_COUNTS[feature.name]} on average (the rest {rest:.1f})"
    rarely = "" if feature.difference > 0 else "rarely "
    return f"{rarely}{_SHARES[feature.name]} ({value:.0%} of them, {rest:.0%} of the rest)"


def format_probability(probability: float) -> str:
    """Formats a probability in percent; above 99% as "over 99%", because no estimate here is certain."""
    if probability > 0.99:
        return "over 99%"
    return f"{probability:.0%}"


def clock(hour: float) -> str:
    """Formats an hour of the day, rounded to the quarter of an hour, such as "18:30"."""
    quarters = round(hour * 4) % 96
    return f"{quarters // 4:02d}:{quarters % 4 * 15:02d}"

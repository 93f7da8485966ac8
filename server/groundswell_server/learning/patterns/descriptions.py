"""Patterns in words."""

from __future__ import annotations

from collections.abc import Sequence

from groundswell_server.learning.patterns.content_features import FeatureContrast

DISTINGUISHING = 0.5
"""Standard deviations from which a feature is worth a word."""
MOST_WORDS = 4

_COUNTED = {"words": "words", "emoji": "emoji", "hashtags": "hashtags", "mentions": "accounts", "links": "links"}
_SHARED = {
    "call_to_action": "ask the reader to do something",
    "question": "ask a question",
    "weekend": "are published on a weekend",
    "format_text": "are text alone",
    "format_image": "are one picture",
    "format_carousel": "are a carousel",
    "format_video": "are a film",
    "format_link": "are a link",
    "format_audio": "are sound alone",
}


def distinguishing(features: Sequence[FeatureContrast]) -> list[FeatureContrast]:
    """What tells a cluster from the rest, clearest first: all features beyond `DISTINGUISHING`, or the clearest one."""
    clear = [feature for feature in features if abs(feature.difference) >= DISTINGUISHING]
    return clear[:MOST_WORDS] or list(features[:1])


def describe(features: Sequence[FeatureContrast]) -> str:
    """What tells a cluster from the rest: "have 8.1 hashtags on average (the rest 2.3) and are a film (93%, ...)"."""
    said = [_phrase(feature) for feature in distinguishing(features)]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def signature(features: Sequence[FeatureContrast]) -> str:
    """Names what tells a cluster from the rest, without its figures, such as "+hashtags +question -words"."""
    return " ".join(sorted(f"{'+' if f.difference > 0 else '-'}{f.name}" for f in distinguishing(features)))


def _phrase(feature: FeatureContrast) -> str:
    value, rest = feature.value, feature.rest_value
    if feature.name == "hour":
        return f"are published around {clock(value)} (the rest around {clock(rest)})"
    if feature.name == "sentiment":
        tone = "brighter" if value > rest else "graver"
        return f"have a {tone} tone (sentiment {value:+.2f}, the rest {rest:+.2f})"
    if feature.name in _COUNTED:
        return f"have {value:.1f} {_COUNTED[feature.name]} on average (the rest {rest:.1f})"
    verb = _SHARED[feature.name]
    seldom = "" if feature.difference > 0 else "seldom "
    return f"{seldom}{verb} ({value:.0%} of them, {rest:.0%} of the rest)"


def certainty(probability: float) -> str:
    """A probability in percent that is never told as certain: nothing here is."""
    if probability > 0.99:
        return "over 99%"
    return f"{probability:.0%}"


def clock(hour: float) -> str:
    """An hour of the day to the quarter, such as "18:30"."""
    quarters = round(hour * 4) % 96
    return f"{quarters // 4:02d}:{quarters % 4 * 15:02d}"

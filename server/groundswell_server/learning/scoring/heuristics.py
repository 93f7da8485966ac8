"""Heuristics: common practice for elements on which no model has information. They may not apply to the workspace."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.scoring.changes import (
    CALL_TO_ACTION,
    CAPTION_LENGTH,
    HASHTAG_COUNT,
    MEDIA_NAMES,
    MEDIA_TYPE,
    PUBLISH_HOUR,
    Change,
    clock,
    planned,
)
from groundswell_server.learning.scoring.rule_score import (
    BEST_HASHTAGS,
    BEST_HOURS,
    BEST_LENGTH,
    MAX_HASHTAGS,
    MIN_HASHTAGS,
    WITH_MEDIA,
)
from groundswell_storage.engagement.enums import MediaType

_USUAL_HASHTAGS, _USUAL_LENGTH = 7, 150


@dataclass(frozen=True, slots=True)
class Heuristic:
    """A heuristic that the content does not meet."""

    change: Change
    advice: str
    customary_gain: str = ""
    """The gain in engagement that is usually attributed to it, such as `30-40%`; empty if none is."""
    fault: bool = False
    """True if common practice warns against the current value, rather than only preferring another."""


def unmet_heuristics(facts: PostFacts, now: datetime, elements: Collection[str]) -> list[Heuristic]:
    """Returns the heuristics for these elements that the content does not meet; unknown facts are skipped."""
    found = (*_hour(facts, now), *_hashtags(facts), *_length(facts), *_media(facts), *_call_to_action(facts))
    return [rule for rule in found if rule.change.element in elements]


def _hour(facts: PostFacts, now: datetime) -> Iterator[Heuristic]:
    if facts.publish_time is None:
        return
    local = planned(facts, now)
    if local.hour not in BEST_HOURS:
        day = local if local.hour < BEST_HOURS.start else local + timedelta(days=1)
        time = day.replace(hour=BEST_HOURS.start, minute=0, second=0, microsecond=0)
        changed = facts._replace(publish_time=time)
        yield Heuristic(
            Change(PUBLISH_HOUR, clock(local.hour), clock(time.hour), time.hour, changed),
            "Publish between 10:00 and 21:59.",
        )


def _hashtags(facts: PostFacts) -> Iterator[Heuristic]:
    count = facts.hashtag_count
    if count is None or count in BEST_HASHTAGS:
        return
    few = count < BEST_HASHTAGS.start
    suggested = _USUAL_HASHTAGS if few else BEST_HASHTAGS[-1]
    changed = facts._replace(hashtag_count=suggested)
    yield Heuristic(
        Change(HASHTAG_COUNT, str(count), str(suggested), suggested, changed),
        f"Use 5 to 10 hashtags; the content has {count}.",
        fault=count < MIN_HASHTAGS or count > MAX_HASHTAGS,
    )


def _length(facts: PostFacts) -> Iterator[Heuristic]:
    length = facts.caption_length
    if length is None or length in BEST_LENGTH:
        return
    suggested = _USUAL_LENGTH if length < BEST_LENGTH.start else BEST_LENGTH[-1]
    changed = facts._replace(caption_length=suggested)
    yield Heuristic(
        Change(CAPTION_LENGTH, str(length), str(suggested), suggested, changed),
        f"Write a caption of 50 to 500 characters; this one has {length}.",
    )


def _media(facts: PostFacts) -> Iterator[Heuristic]:
    media = facts.media_type
    if media in MEDIA_NAMES and media not in WITH_MEDIA:
        changed = facts._replace(media_type=MediaType.IMAGE)
        yield Heuristic(
            Change(MEDIA_TYPE, MEDIA_NAMES[media], MEDIA_NAMES[MediaType.IMAGE], MediaType.IMAGE, changed),
            "Use visual media: an image, a carousel or a video.",
            customary_gain="30-40%",
        )


def _call_to_action(facts: PostFacts) -> Iterator[Heuristic]:
    if facts.call_to_action is False:
        changed = facts._replace(call_to_action=True)
        yield Heuristic(
            Change(CALL_TO_ACTION, "no", "yes", 1.0, changed),
            "ContentQuery your readers for something: a comment, a save, a visit.",
            customary_gain="10-15%",
        )

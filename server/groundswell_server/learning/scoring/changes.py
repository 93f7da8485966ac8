"""Changes that can be made to a post before it is published, each with the changed facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_storage.engagement.enums import MediaType

PUBLISH_HOUR, PUBLISH_WEEKDAY = "publish_hour", "publish_weekday"
HASHTAG_COUNT, CAPTION_LENGTH = "hashtag_count", "caption_length"
CALL_TO_ACTION, MEDIA_TYPE = "call_to_action", "media_type"

FEATURE_OF = {
    PUBLISH_HOUR: "hour",
    PUBLISH_WEEKDAY: "weekday",
    HASHTAG_COUNT: "hashtag_count",
    CAPTION_LENGTH: "caption_length",
    CALL_TO_ACTION: "call_to_action",
    MEDIA_TYPE: "media_type",
}
"""The model feature of each element of a post."""

ADVICE_PREFIXES = {
    PUBLISH_HOUR: "Publish at",
    PUBLISH_WEEKDAY: "Publish on",
    HASHTAG_COUNT: "Number of hashtags:",
    CAPTION_LENGTH: "Length of the caption in characters, about",
    CALL_TO_ACTION: "Call to action:",
    MEDIA_TYPE: "Media type:",
}
"""The beginning of the advice on each element."""

MEDIA_NAMES = {media.value: media.name.lower() for media in MediaType if media}
WEEKDAYS = "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"
_HASHTAG_COUNTS = (0, 1, 2, 3, 5, 7, 8, 10, 12, 15, 20, 25, 30)
_CAPTION_LENGTHS = (0, 50, 100, 150, 200, 300, 400, 500, 750, 1000, 1500, 2000)
_DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one element."""

    element: str
    """One of `FEATURE_OF`."""
    current: str
    """The current value in words; empty if unknown."""
    suggested: str
    """The new value in words."""
    number: float
    """The new value as the number of the feature."""
    facts: PostFacts
    """The facts of the content with this change."""


def possible_changes(facts: PostFacts, now: datetime) -> Iterator[Change]:
    """Yields the changes to try. Times are not before `now` (aware) and within a week after the planned time."""
    yield from _hours(facts, now)
    yield from _weekdays(facts, now)
    for count in _HASHTAG_COUNTS:
        if count != facts.hashtag_count:
            current = "" if facts.hashtag_count is None else str(facts.hashtag_count)
            yield Change(HASHTAG_COUNT, current, str(count), count, facts._replace(hashtag_count=count))
    for length in _CAPTION_LENGTHS:
        if length != facts.caption_length:
            current = "" if facts.caption_length is None else str(facts.caption_length)
            yield Change(CAPTION_LENGTH, current, str(length), length, facts._replace(caption_length=length))
    for action in (True, False):
        if action is not facts.call_to_action:
            current = "" if facts.call_to_action is None else _yes_or_no(facts.call_to_action)
            yield Change(CALL_TO_ACTION, current, _yes_or_no(action), action, facts._replace(call_to_action=action))
    for media, name in MEDIA_NAMES.items():
        if media != facts.media_type:
            current = MEDIA_NAMES.get(facts.media_type or 0, "")
            yield Change(MEDIA_TYPE, current, name, media, facts._replace(media_type=media))


def clock(hour: int) -> str:
    """Formats an hour of the day, such as "09:00"."""
    return f"{hour:02}:00"


def planned(facts: PostFacts, now: datetime) -> datetime:
    """Returns the planned time of publication in the persona's time zone, but not before `now`."""
    return max(facts.publish_time or now, now).astimezone(ZoneInfo(facts.time_zone))


def _hours(facts: PostFacts, now: datetime) -> Iterator[Change]:
    """Yields the other hours of the planned day; hours before `now` are a week later, on the same weekday."""
    local = planned(facts, now)
    for hour in range(24):
        if hour != local.hour:
            time = local.replace(hour=hour, minute=0, second=0, microsecond=0)
            time = time if time >= now else time + timedelta(days=_DAYS_PER_WEEK)
            changed = facts._replace(publish_time=time)
            yield Change(PUBLISH_HOUR, clock(local.hour), clock(hour), hour, changed)


def _weekdays(facts: PostFacts, now: datetime) -> Iterator[Change]:
    """Yields the same time on the six days that follow."""
    local = planned(facts, now)
    for days in range(1, _DAYS_PER_WEEK):
        time = local + timedelta(days=days)
        changed = facts._replace(publish_time=time)
        yield Change(PUBLISH_WEEKDAY, WEEKDAYS[local.weekday()], WEEKDAYS[time.weekday()], time.weekday(), changed)


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"

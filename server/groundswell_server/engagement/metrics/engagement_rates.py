"""Engagement rates: genuine interactions as a share of the people who could have interacted.

Bots and personas are subtracted first. When interactions are recorded for some kinds only, the other kinds take
their bot share. When none are recorded, the persona's trailing share is used and the result is marked as estimated. The
bot share is the share of bots among all recorded interactions, including those of personas. Personas are recognized
by their handles, so they are subtracted where they occur and not extrapolated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

from groundswell_storage.engagement.enums import InteractionKind, Platform, RateBase
from groundswell_storage.errors import FieldViolation, InvalidArgument

WITHOUT_REACH: Final = frozenset({Platform.TWITTER, Platform.TIKTOK})
"""Platforms that report no reach; their base is impressions or views."""

_BASES: Final = {
    Platform.TIKTOK: (("views", RateBase.VIEWS), ("impressions", RateBase.IMPRESSIONS)),
    Platform.TWITTER: (("impressions", RateBase.IMPRESSIONS), ("views", RateBase.VIEWS)),
}
_REACH: Final = (("reach", RateBase.REACH),)

_COUNT_OF_KIND: Final = {
    InteractionKind.LIKE: "likes",
    InteractionKind.COMMENT: "comments",
    InteractionKind.SHARE: "shares",
    InteractionKind.SAVE: "saves",
}


COUNTS = ("likes", "comments", "shares", "saves", "clicks", "impressions", "reach", "views")
"""The fields of Counts, which are also columns of posts and of snapshots."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Cumulative counts of a post as the platform reports them. None is unknown, which is not zero."""

    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    saves: int | None = None
    clicks: int | None = None
    impressions: int | None = None
    reach: int | None = None
    views: int | None = None

    def validate(self, platform: Platform) -> None:
        """Raises InvalidArgument (METRICS_IMPOSSIBLE) that names each impossible count.

        No count is negative, and likes are at most the impressions, or the views where a platform without reach reports
        only these. Reach is not compared: platforms estimate it by another method than impressions, and real exports
        contain posts with more reach than impressions.
        """
        violations = [
            FieldViolation(f"metrics.{count.name}", f"must not be negative, got {value}", "METRICS_IMPOSSIBLE")
            for count in fields(self)
            if (value := getattr(self, count.name)) is not None and value < 0
        ]
        shown, name = self.impressions, "impressions"
        if shown is None and platform in WITHOUT_REACH:
            shown, name = self.views, "views"
        if shown is not None and self.likes is not None and self.likes > shown:
            violations.append(
                FieldViolation(
                    "metrics.likes", f"must be at most the {shown} {name}, got {self.likes}", "METRICS_IMPOSSIBLE"
                )
            )
        if violations:
            raise InvalidArgument(violations)

    def engagement(self) -> int:
        """Returns the sum of likes, comments, shares and saves; unknown ones count as 0."""
        return sum(value for value in (self.likes, self.comments, self.shares, self.saves) if value is not None)


def counts_of(row: Any) -> Counts:
    """Returns the counts of a row of a post or of a snapshot."""
    return Counts(*(getattr(row, name) for name in COUNTS))


@dataclass(frozen=True, slots=True)
class KindTally:
    """The verdicts on the recorded interactions of one kind."""

    kind: InteractionKind
    genuine: int
    bots: int
    personas: int

    @property
    def known(self) -> int:
        """The number of recorded interactions."""
        return self.genuine + self.bots + self.personas


@dataclass(frozen=True, slots=True)
class GenuineEngagement:
    """The counts without bots and personas."""

    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    bots_filtered: int
    personas_filtered: int
    total: int
    """Likes, comments, shares and saves as reported."""
    genuine_total: int
    """The genuine part of `total`."""
    engagement_rate_pct: float | None
    """Genuine total as percent of the base; None when no base is known, or it is 0."""
    rate_base: RateBase
    base_count: int | None
    genuine_ratio: float | None
    """Genuine total divided by total, 0 to 1; None without interactions."""
    estimated: bool
    """True when no interaction was recorded and the trailing bot share was applied."""


def genuine_engagement(
    counts: Counts,
    platform: Platform,
    tallies: Iterable[KindTally] = (),
    trailing_bot_share: float | None = None,
) -> GenuineEngagement:
    """Returns genuine counts, rate and ratio for one set of counts.

    Args:
        counts: the counts that the platform reports.
        platform: determines the base of the rate.
        tallies: verdicts on single interactions, for the kinds of which any are known.
        trailing_bot_share: share of bots among the known interactions with the persona's earlier posts, 0 to 1. It is
            used only when `tallies` is empty; None without any history, and then nothing is subtracted.
    """
    by_kind = {tally.kind: tally for tally in tallies if tally.known}
    bots = sum(tally.bots for tally in by_kind.values())
    known = sum(tally.known for tally in by_kind.values())
    share = bots / known if known else trailing_bot_share or 0.0
    kept = {
        name: _genuine_part(getattr(counts, name), by_kind.get(kind), share) for kind, name in _COUNT_OF_KIND.items()
    }
    genuine = {name: None if parts is None else parts[0] for name, parts in kept.items()}
    personas = sum(parts[1] for parts in kept.values() if parts)
    total, genuine_total = counts.engagement(), sum(value or 0 for value in genuine.values())
    base, base_count = rate_base(counts, platform)
    return GenuineEngagement(
        **genuine,
        bots_filtered=total - genuine_total - personas,
        personas_filtered=personas,
        total=total,
        genuine_total=genuine_total,
        engagement_rate_pct=100.0 * genuine_total / base_count if base_count else None,
        rate_base=base,
        base_count=base_count,
        genuine_ratio=genuine_total / total if total else None,
        estimated=not known and trailing_bot_share is not None,
    )


def _genuine_part(count: int | None, tally: KindTally | None, share: float) -> tuple[int, int] | None:
    """Returns (genuine, personas) of one kind; None when its count is unknown.

    A platform often reports fewer single interactions than it counts; the rest is assumed to be similar.
    """
    if count is None:
        return None
    if tally is None:
        return _rounded(count * (1.0 - share)), 0
    scale = count / tally.known
    genuine = _rounded(tally.genuine * scale)
    return genuine, min(count - genuine, _rounded(tally.personas * scale))


def _rounded(value: float) -> int:
    return int(value + 0.5)


def rate_base(counts: Counts, platform: Platform) -> tuple[RateBase, int | None]:
    """Returns the base of the rate and its count; (UNSPECIFIED, None) when it is unknown.

    The base is reach when it is given. Otherwise it is impressions on X and views on TikTok, or the other of the two
    when only that is given.
    """
    for name, base in (*_REACH, *_BASES.get(platform, ())):
        if (value := getattr(counts, name)) is not None:
            return base, value
    return RateBase.UNSPECIFIED, None

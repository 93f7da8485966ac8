"""Engagement rates: what people did, as a share of those who could have done it.

Bots and personas are taken out first. Where single interactions are known for some kinds only, the other kinds take
their bot share; where none are known, the persona's trailing share stands in and the result is called estimated. The
bot share is always that of bots among all interactions that are known, personas among them: whoever is no bot but a
persona is known by name, taken out where it was seen and presumed nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

from groundswell_storage.engagement.enums import InteractionKind, Platform, RateBase
from groundswell_storage.errors import FieldViolation, InvalidArgument

WITHOUT_REACH: Final = frozenset({Platform.TWITTER, Platform.TIKTOK})
"""Platforms that report no reach: there the rate is taken of impressions or views."""

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
"""The columns of counts, of posts and of snapshots; the fields of Counts."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Cumulative counts of a post as its platform reports them. None is unknown, which is not zero."""

    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    saves: int | None = None
    clicks: int | None = None
    impressions: int | None = None
    reach: int | None = None
    views: int | None = None

    def validate(self, platform: Platform) -> None:
        """Raise InvalidArgument (METRICS_IMPOSSIBLE) naming each count that can't be.

        No count is negative, and nobody likes what was not shown: likes are at most the impressions, or the views where
        a platform without reach reports these alone. Reach is not compared: platforms estimate it by another way than
        impressions, and real exports hold posts with more reach than impressions.
        """
        violations = [
            FieldViolation(f"metrics.{count.name}", "is negative", "METRICS_IMPOSSIBLE")
            for count in fields(self)
            if (value := getattr(self, count.name)) is not None and value < 0
        ]
        shown, name = self.impressions, "impressions"
        if shown is None and platform in WITHOUT_REACH:
            shown, name = self.views, "views"
        if shown is not None and self.likes is not None and self.likes > shown:
            violations.append(
                FieldViolation("metrics.likes", f"{self.likes} is above the {shown} {name}", "METRICS_IMPOSSIBLE")
            )
        if violations:
            raise InvalidArgument(violations)

    def engagement(self) -> int:
        """Likes, comments, shares and saves together; unknown ones add nothing."""
        return sum(value for value in (self.likes, self.comments, self.shares, self.saves) if value is not None)


def counts_of(row: Any) -> Counts:
    """The counts of a post's row, or of a snapshot's."""
    return Counts(*(getattr(row, name) for name in COUNTS))


@dataclass(frozen=True, slots=True)
class KindTally:
    """How the single interactions of one kind, as far as they are known, were judged."""

    kind: InteractionKind
    genuine: int
    bots: int
    personas: int

    @property
    def known(self) -> int:
        """All that were judged."""
        return self.genuine + self.bots + self.personas


@dataclass(frozen=True, slots=True)
class GenuineEngagement:
    """What is left of the counts once bots and personas are taken out."""

    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    bots_filtered: int
    personas_filtered: int
    total: int
    """Likes, comments, shares and saves as reported."""
    genuine_total: int
    """What of them is genuine."""
    engagement_rate_pct: float | None
    """Genuine total as percent of the base; None when no base is known, or it is 0."""
    rate_base: RateBase
    base_count: int | None
    genuine_ratio: float | None
    """Genuine total over total, 0 to 1; None when there was no interaction."""
    estimated: bool
    """True when no single interaction was known and the trailing bot share was applied."""


def genuine_engagement(
    counts: Counts,
    platform: Platform,
    tallies: Iterable[KindTally] = (),
    trailing_bot_share: float | None = None,
) -> GenuineEngagement:
    """Genuine counts, rate and ratio of one set of counts.

    Args:
        counts: what the platform reports.
        platform: decides on the base of the rate.
        tallies: verdicts on single interactions, for the kinds of which any are known.
        trailing_bot_share: share of bots among all that is known of the persona's earlier interactions, 0 to 1; used
            only when `tallies` holds none, None when there is no history either: then nothing is taken out.
    """
    by_kind = {tally.kind: tally for tally in tallies if tally.known}
    bots = sum(tally.bots for tally in by_kind.values())
    known = sum(tally.known for tally in by_kind.values())
    share = bots / known if known else trailing_bot_share or 0.0
    kept = {name: _kept(getattr(counts, name), by_kind.get(kind), share) for kind, name in _COUNT_OF_KIND.items()}
    genuine = {name: None if kept_of is None else kept_of[0] for name, kept_of in kept.items()}
    personas = sum(kept_of[1] for kept_of in kept.values() if kept_of)
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


def _kept(count: int | None, tally: KindTally | None, share: float) -> tuple[int, int] | None:
    """(genuine, personas) of one kind; None when its count is unknown.

    A platform often tells of fewer interactions than it counts: those it is silent about are like those it tells of.
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
    """The count that the rate is taken of, and its value; (UNSPECIFIED, None) when it is unknown.

    Reach, wherever a platform reports it; impressions on X and views on TikTok, the other of the two when that is all
    there is. A reach that is given all the same is taken.
    """
    for name, base in (*_REACH, *_BASES.get(platform, ())):
        if (value := getattr(counts, name)) is not None:
            return base, value
    return RateBase.UNSPECIFIED, None

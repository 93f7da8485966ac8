"""The input of the layers: interactions as columns, so that a million of them are handled quickly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.account_profiles import UNKNOWN, Profile
from groundswell_server.engagement.bot_detection.text_normalization import NormalizedText
from groundswell_storage.engagement.enums import InteractionKind, Platform

UNKNOWN_TIME: Final = int(np.iinfo(np.int64).min)
"""The value of a column of times where a time is unknown."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_microseconds(time: datetime | None) -> int:
    """Returns the microseconds since 1970 UTC of an aware datetime, UNKNOWN_TIME for None."""
    return UNKNOWN_TIME if time is None else (time - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Interaction:
    """One action of an actor on a post."""

    post_id: str
    actor_handle: str
    """Account name; empty when the platform does not report it."""
    kind: InteractionKind
    time: datetime | None
    """Aware; None when unknown."""
    text: str = ""
    """Text of a comment as the platform reported it. Judge it before masking."""
    profile: Profile = UNKNOWN


@dataclass(frozen=True, slots=True)
class PostFacts:
    """The facts of a post that the layers need."""

    platform: Platform
    published_time: datetime | None


@dataclass(frozen=True, slots=True, eq=False)
class EncodedColumn:
    """A dictionary-encoded column of n strings."""

    codes: NDArray[np.int64]
    """(n,) positions in `values`."""
    values: Sequence[str]
    """The distinct strings, in order of first occurrence."""

    @classmethod
    def of(cls, strings: Sequence[str]) -> EncodedColumn:
        """Encodes strings; equal strings get equal codes."""
        # The dictionary itself numbers new keys, so that the loop runs in C.
        number: defaultdict[str, int] = defaultdict(count().__next__)
        codes = np.fromiter(map(number.__getitem__, strings), np.int64, len(strings))
        return cls(codes, list(number))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> str:
        return self.values[int(self.codes[row])]

    def filled(self) -> NDArray[np.bool_]:
        """Returns (n,) True where the string is not empty."""
        return np.fromiter(map(bool, self.values), np.bool_, len(self.values))[self.codes]


@dataclass(frozen=True, slots=True, eq=False)
class InteractionBatch:
    """n interactions as columns of length n, in the order of arrival.

    All interactions of a post belong in one batch, because bursts are detected post by post.
    """

    posts: EncodedColumn
    """Ids of the posts."""
    actors: EncodedColumn
    """Handles as the platform spells them; empty when unknown."""
    kinds: NDArray[np.int8]
    """Numbers of `InteractionKind`."""
    times_us: NDArray[np.int64]
    """Microseconds since 1970 UTC, UNKNOWN_TIME where unknown."""
    texts: EncodedColumn
    profiles: Mapping[int, Profile] = field(default_factory=dict)
    """Profiles of the accounts by row; rows of unknown accounts are left out."""
    spam: Mapping[str, float] = field(default_factory=dict)
    """Probability of spam of each text by the workspace's trained SPAM_DETECTOR, 0 to 1; empty without one."""
    normalized_texts: Mapping[str, NormalizedText] = field(default_factory=dict)
    """Normalized forms of texts that are computed already."""

    def __post_init__(self) -> None:
        if len({len(self.posts), len(self.actors), len(self.kinds), len(self.times_us), len(self.texts)}) != 1:
            raise ValueError("all columns of a batch must have the same length")

    def __len__(self) -> int:
        return len(self.posts)

    @classmethod
    def from_columns(
        cls,
        post_ids: Sequence[str],
        handles: Sequence[str],
        kinds: Sequence[int],
        times_us: Sequence[int],
        texts: Sequence[str],
        profiles: Iterable[Profile] = (),
        spam: Mapping[str, float] | None = None,
        normalized_texts: Mapping[str, NormalizedText] | None = None,
    ) -> InteractionBatch:
        """Makes a batch from plain columns of equal length; `profiles` is empty when no account is known."""
        return cls(
            posts=EncodedColumn.of(post_ids),
            actors=EncodedColumn.of(handles),
            kinds=np.asarray(kinds, np.int8),
            times_us=np.asarray(times_us, np.int64),
            texts=EncodedColumn.of(texts),
            profiles={row: profile for row, profile in enumerate(profiles) if profile.has_facts()},
            spam=spam or {},
            normalized_texts=normalized_texts or {},
        )

    @classmethod
    def of(cls, interactions: Iterable[Interaction]) -> InteractionBatch:
        """Makes a batch of single interactions."""
        rows = list(interactions)
        return cls.from_columns(
            [row.post_id for row in rows],
            [row.actor_handle for row in rows],
            [int(row.kind) for row in rows],
            [to_microseconds(row.time) for row in rows],
            [row.text for row in rows],
            [row.profile for row in rows],
        )

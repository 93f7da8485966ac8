"""Finds duplicates of texts over all posts of the workspace.

Equal texts are found by their keys, near duplicates by the fingerprints of the newest texts. Candidates are compared
letter by letter, as within a post.

This module imports NumPy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from groundswell_server.engagement.bot_detection.duplicate_texts import (
    MAX_REMEMBERED,
    SHORT_LETTERS,
    DuplicateIndex,
    duplicate_log_odds,
)
from groundswell_server.engagement.bot_detection.near_duplicates import confirmed, sketch
from groundswell_server.engagement.bot_detection.reasons import Reason
from groundswell_server.engagement.bot_detection.score_combination import DECISIVE
from groundswell_server.engagement.bot_detection.text_fingerprints import ENTRY_BYTES, Fingerprints
from groundswell_server.engagement.bot_detection.text_normalization import NormalizedText, normalized_texts
from groundswell_server.engagement.interactions import REJUDGE_DUPLICATES
from groundswell_storage.engagement import fingerprints, interactions
from groundswell_storage.engagement.enums import Verdict
from groundswell_storage.jobs import operations
from groundswell_storage.scope import Scope

COPY_REASONS: Final = frozenset(map(str, (Reason.DUPLICATE_TEXT, Reason.REPEATED_TEXT, Reason.NEAR_DUPLICATE_TEXT)))

MAX_SOUGHT: Final = 500
"""Texts of one batch, the last ones, whose near duplicates are sought on other posts: 30 us each."""
MAX_REMEMBERED_TEXTS: Final = 10_000
"""Newest texts of the workspace among which near duplicates are sought."""
_MAX_REMEMBERED_POSTS: Final = 500
"""Posts whose texts are remembered."""
_MAX_REMEMBERED_OF_POST: Final = 1_000
"""Newest texts of one post that are remembered."""
_MAX_CANDIDATES: Final = 500
"""Texts of other posts that are compared with those of one batch."""


class NewText(NamedTuple):
    """A new text by an actor."""

    key: int
    letters: int
    actor: str


@dataclass(frozen=True, slots=True, eq=False)
class DuplicateLookup:
    """The duplicates that were found for some texts."""

    index: DuplicateIndex
    """Actors and posts of each text. Judging a batch with the index adds the batch to it."""
    unknown: Fingerprints
    """Fingerprints of the long texts that are not remembered yet."""
    before: Mapping[NewText, float]
    """Weight (log-odds) of the duplicates of each new text before the new ones were counted, where it had any."""


def look_up(scope: Scope, asked: Iterable[NormalizedText], new: Iterable[NewText]) -> DuplicateLookup:
    """Looks up the actors and posts of texts and of their near duplicates in the workspace, newest texts last.

    `new` are the texts that are not counted yet.
    """
    known = {found.key: found for found in asked if found.key is not None}
    long = [(key, found.letters) for key, found in known.items() if found.letter_count >= SHORT_LETTERS]
    sought = dict(long[-MAX_SOUGHT:])
    sketches = dict(zip(sought, sketch(list(sought.values())), strict=True))
    fingerprints_of = Fingerprints.of_sketches(sketches)
    candidates = _remembered(scope).alike(fingerprints_of) if sought else []
    texts = {**sought, **_texts(scope, [other for _, other in candidates if other not in known])}
    others = confirmed([(key, other) for key, other in candidates if other not in known and other in texts], texts)
    rows = interactions.actors_of_texts(scope, sorted(known.keys() | others), MAX_REMEMBERED)
    index = DuplicateIndex()
    index.seed(rows, {key: texts[key] for key in (*others, *sought)}, sketches)
    elsewhere = {key for key, _, _ in rows} | {key for key, other in candidates if other in others}
    before = {each: _weight(index, each) for each in new if each.key in elsewhere}
    return DuplicateLookup(index, fingerprints_of.but({key for _, key in candidates}), before)


def remember(scope: Scope, post_id: str, copies: DuplicateLookup, new: Iterable[NewText]) -> None:
    """Remembers new texts of a post, so that their near duplicates are found on other posts."""
    written = {each.key for each in new}
    entries = copies.unknown.but({key for key in copies.unknown.keys.tolist() if key not in written}).to_bytes()
    if entries:
        fingerprints.remember(scope, post_id, entries, most_bytes=_MAX_REMEMBERED_OF_POST * ENTRY_BYTES)


def request_rejudgment(
    scope: Scope, post_id: str, copies: DuplicateLookup, new: Sequence[NewText], verdicts: Sequence[int]
) -> None:
    """Requests rejudgment of the other posts where duplicates of new texts still count as genuine.

    `verdicts` are the verdicts on the new texts. A text is requested again only when the weight of its duplicates grew,
    which happens a few times, however many duplicates there are.
    """
    grown: set[int] = set()
    for each, verdict in zip(new, verdicts, strict=True):
        before = copies.before.get(each)
        if before is None:  # no duplicate elsewhere
            continue
        weight = _weight(copies.index, each)
        if weight > before and (weight >= DECISIVE or verdict == Verdict.BOT):
            grown |= {each.key} | copies.index.near.like(each.key)
    if grown and interactions.has_text(scope, sorted(grown), verdict=Verdict.GENUINE, except_post=post_id):
        operations.create(scope, REJUDGE_DUPLICATES, json.dumps(sorted(grown)).encode())


def _remembered(scope: Scope) -> Fingerprints:
    return Fingerprints.of_bytes(fingerprints.newest(scope, limit=_MAX_REMEMBERED_POSTS), MAX_REMEMBERED_TEXTS)


def _texts(scope: Scope, keys: Iterable[int]) -> dict[int, str]:
    """Returns the letters of texts by key, for the first `_MAX_CANDIDATES` that are still stored."""
    distinct = list(dict.fromkeys(keys))[:_MAX_CANDIDATES]
    found = normalized_texts(interactions.texts_of_keys(scope, distinct)) if distinct else []
    return {each.key: each.letters for each in found if each.key is not None}


def _weight(index: DuplicateIndex, written: NewText) -> float:
    return duplicate_log_odds(written.letters, index.times(written.key, written.actor))

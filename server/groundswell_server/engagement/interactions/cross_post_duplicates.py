"""Copies over the workspace's posts: who wrote elsewhere what an interaction says, or nearly that.

The same texts are found by their keys, nearly the same ones by fingerprints of the texts that were recorded last; what
these find is compared letter by letter, in the same way as within a post.

NumPy comes with this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from groundswell_server.engagement.bot_detection.duplicate_texts import (
    MOST_REMEMBERED,
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
from groundswell_storage import operations
from groundswell_storage.engagement import fingerprints, interactions
from groundswell_storage.engagement.enums import Verdict
from groundswell_storage.scope import Scope

COPY_REASONS: Final = frozenset(map(str, (Reason.DUPLICATE_TEXT, Reason.REPEATED_TEXT, Reason.NEAR_DUPLICATE_TEXT)))

MOST_SOUGHT: Final = 500
"""Texts of one batch whose near copies are sought on other posts, the last ones: 30 us each."""
REMEMBERED: Final = 10_000
"""Texts of the workspace among which near copies are sought: those recorded last."""
_REMEMBERED_POSTS: Final = 500
"""Posts that they are of, at most."""
_REMEMBERED_OF_POST: Final = 1_000
"""Texts of one post that are remembered: those recorded last."""
_MOST_MET: Final = 500
"""Texts of other posts that are compared with those of one batch."""


class NewText(NamedTuple):
    """A new text by an actor."""

    key: int
    letters: int
    actor: str


@dataclass(frozen=True, slots=True, eq=False)
class DuplicateLookup:
    """What is known of some texts."""

    index: DuplicateIndex
    """Who wrote them where; what is judged with it is counted in."""
    unknown: Fingerprints
    """Those of the texts that are not remembered yet, long ones alone."""
    before: Mapping[NewText, float]
    """What the copies of new texts weighed before these were counted in (log-odds), where there were any."""


def look_up(scope: Scope, asked: Iterable[NormalizedText], new: Iterable[NewText]) -> DuplicateLookup:
    """Who wrote the texts that are asked for, or nearly these, anywhere in the workspace; the last ones are the newest.

    `new` are those of them that nobody has counted yet.
    """
    known = {found.key: found for found in asked if found.key is not None}
    long = [(key, found.letters) for key, found in known.items() if found.letter_count >= SHORT_LETTERS]
    sought = dict(long[-MOST_SOUGHT:])
    sketches = dict(zip(sought, sketch(list(sought.values())), strict=True))
    fingerprints_of = Fingerprints.of_sketches(sketches)
    met = _remembered(scope).alike(fingerprints_of) if sought else []
    texts = {**sought, **_texts(scope, [other for _, other in met if other not in known])}
    others = confirmed([(key, other) for key, other in met if other not in known and other in texts], texts)
    rows = interactions.actors_of_texts(scope, sorted(known.keys() | others), MOST_REMEMBERED)
    index = DuplicateIndex()
    index.seed(rows, {key: texts[key] for key in (*others, *sought)}, sketches)
    elsewhere = {key for key, _, _ in rows} | {key for key, other in met if other in others}
    before = {each: _weight(index, each) for each in new if each.key in elsewhere}
    return DuplicateLookup(index, fingerprints_of.but({key for _, key in met}), before)


def remember(scope: Scope, post_id: str, copies: DuplicateLookup, new: Iterable[NewText]) -> None:
    """Remembers new texts of a post, so that their near copies are found on others."""
    written = {each.key for each in new}
    entries = copies.unknown.but({key for key in copies.unknown.keys.tolist() if key not in written}).to_bytes()
    if entries:
        fingerprints.remember(scope, post_id, entries, most_bytes=_REMEMBERED_OF_POST * ENTRY_BYTES)


def request_rejudgment(
    scope: Scope, post_id: str, copies: DuplicateLookup, new: Sequence[NewText], verdicts: Sequence[int]
) -> None:
    """Asks for the other posts to be judged again on which copies of new texts are still taken for people's.

    `verdicts` are those on the new texts. A text can be sent as often as its copies come to weigh more, which they do
    a few times, however many there are.
    """
    grown: set[int] = set()
    for each, verdict in zip(new, verdicts, strict=True):
        before = copies.before.get(each)
        if before is None:  # nobody wrote it elsewhere
            continue
        weight = _weight(copies.index, each)
        if weight > before and (weight >= DECISIVE or verdict == Verdict.BOT):
            grown |= {each.key} | copies.index.near.like(each.key)
    if grown and interactions.has_text(scope, sorted(grown), verdict=Verdict.GENUINE, but=post_id):
        operations.create(scope, REJUDGE_DUPLICATES, json.dumps(sorted(grown)).encode())


def _remembered(scope: Scope) -> Fingerprints:
    return Fingerprints.of_bytes(fingerprints.newest(scope, limit=_REMEMBERED_POSTS), REMEMBERED)


def _texts(scope: Scope, keys: Iterable[int]) -> dict[int, str]:
    """The letters of texts, by key: of the first `_MOST_MET`, as far as they are still there."""
    distinct = list(dict.fromkeys(keys))[:_MOST_MET]
    found = normalized_texts(interactions.texts_of_keys(scope, distinct)) if distinct else []
    return {each.key: each.letters for each in found if each.key is not None}


def _weight(index: DuplicateIndex, written: NewText) -> float:
    return duplicate_log_odds(written.letters, index.times(written.key, written.actor))

"""Detects texts that several actors, or one actor under several posts, wrote identically or nearly so."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch
from groundswell_server.engagement.bot_detection.layer_findings import Signals
from groundswell_server.engagement.bot_detection.near_duplicates import NONE_SKETCHED, NearDuplicates, Sketches
from groundswell_server.engagement.bot_detection.reasons import Reason
from groundswell_server.engagement.bot_detection.text_normalization import (
    MIN_KEY_LETTERS,
    NormalizedText,
    normalized_texts,
)

SHORT_LETTERS: Final = 40
LONG_LETTERS: Final = 80
MAX_REMEMBERED: Final = 64
"""Actors of a text, and posts of an actor, that are remembered. More of them would not change the weight."""
_NO_TEXTS: Final[Mapping[int, str]] = MappingProxyType({})
_GROUP: Final = 0x6E656172
"""Distinguishes the key of a group of near copies from the key of the text that founded the group."""


def duplicate_log_odds(letters: int, times: int) -> float:
    """Returns the weight of a text of this length by `times` actors, or by one actor under `times` posts.

    The longer a text is, the less likely people write it independently. A short text (under 40 letters: praise, a line
    of a song) never decides alone; a longer one decides from three times on.
    """
    if times < 2:
        return 0.0
    slope, most = (0.6, 1.6) if letters < SHORT_LETTERS else (1.6, 4.2) if letters < LONG_LETTERS else (1.9, 4.2)
    return min(most, slope * math.log2(times))


class DuplicateIndex:
    """A bounded index of the actors and posts of each text. The least recently used texts are dropped."""

    __slots__ = ("_capacity", "_seen", "near")

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._seen: OrderedDict[int, dict[str, set[str]]] = OrderedDict()
        self.near = NearDuplicates(capacity)
        """The groups of nearly equal texts."""

    def __len__(self) -> int:
        return len(self._seen)

    def seed(
        self,
        rows: Iterable[tuple[int, str, str]],
        texts: Mapping[int, str] = _NO_TEXTS,
        sketches: Sketches = NONE_SKETCHED,
    ) -> None:
        """Adds stored rows of (text key, actor handle, post id).

        The `texts` (key to letters) are also indexed for near copies; `sketches` are the sketches of them that exist
        already.
        """
        groups = self.near.groups_of(texts, sketches)
        for key, actor, post in rows:
            self.add(key, actor, post)
            if key in groups:
                self.add(groups[key] ^ _GROUP, actor, post)

    def add(self, key: int, actor: str, post: str) -> None:
        """Records that `actor` wrote the text with this key under `post`; repeating it changes nothing."""
        authors = self._seen.setdefault(key, {})
        self._seen.move_to_end(key)
        if actor in authors or len(authors) < MAX_REMEMBERED:
            posts = authors.setdefault(actor, set())
            if len(posts) < MAX_REMEMBERED:
                posts.add(post)
        if len(self._seen) > self._capacity:
            self._seen.popitem(last=False)

    def actors_of(self, key: int) -> int:
        """Returns the number of actors who wrote the text; actors without a name count as one."""
        return len(self._seen.get(key, ()))

    def posts_of(self, key: int, actor: str) -> int:
        """Returns the number of posts under which `actor` wrote the text."""
        return len(self._seen.get(key, {}).get(actor, ()))

    def times(self, key: int, actor: str) -> int:
        """Returns the larger of the number of actors of a text and of `actor`'s posts with it, near copies included."""
        group = self.near.group_of(key)
        return max(_most_of(self, known, actor) for known in (key, key if group is None else group ^ _GROUP))


class _Keyed(NamedTuple):
    """A row whose text is long enough to compare."""

    row: int
    key: int
    letters: int
    actor: str
    post: str


def duplicate_signals(
    batch: InteractionBatch, settings: FilterSettings, index: DuplicateIndex | None = None
) -> list[Signals]:
    """Returns the signals of equal and nearly equal texts. `index` holds earlier batches and is updated."""
    normalized = _normalized(batch)
    index = DuplicateIndex(max(1, 2 * len(batch.texts.values))) if index is None else index
    rows = [
        _Keyed(row, found.key, found.letter_count, batch.actors[row], batch.posts[row])
        for row, code in enumerate(batch.texts.codes.tolist())
        if (found := normalized.get(code)) and found.key is not None
    ]
    for keyed in rows:
        index.add(keyed.key, keyed.actor, keyed.post)
    exact = [_by_several_actors(rows, index), _by_one_actor(rows, index)]
    # When near copies are not sought, only texts whose group `index` already knows are compared.
    long = {
        found.key: found.letters
        for found in normalized.values()
        if found.key is not None
        and found.letter_count >= SHORT_LETTERS
        and (settings.near_duplicates or found.key in index.near)
    }
    return [*exact, _near_copies([keyed for keyed in rows if keyed.key in long], long, index)] if long else exact


def _normalized(batch: InteractionBatch) -> dict[int, NormalizedText]:
    """Returns the normalized form of each text that is long enough, by position among the distinct texts."""
    texts = {code: text for code, text in enumerate(batch.texts.values) if len(text) >= MIN_KEY_LETTERS}
    known = batch.normalized_texts
    new = [text for text in texts.values() if text not in known]
    found = {**known, **dict(zip(new, normalized_texts(new), strict=True))}
    return {code: found[text] for code, text in texts.items()}


def _by_several_actors(rows: list[_Keyed], index: DuplicateIndex) -> Signals:
    found = []
    for keyed in rows:
        actors = index.actors_of(keyed.key)
        if weight := duplicate_log_odds(keyed.letters, actors):
            found.append((keyed.row, weight, float(actors)))
    return Signals.collect(Reason.DUPLICATE_TEXT, found)


def _by_one_actor(rows: list[_Keyed], index: DuplicateIndex) -> Signals:
    """Finds the rows whose named actor wrote the text under several posts, or repeatedly under one.

    Sending a text twice under one post is often an accident, so under one post it counts from the third time on.
    """
    again = Counter((keyed.key, keyed.actor, keyed.post) for keyed in rows)
    found = []
    for keyed in rows:
        if not keyed.actor:
            continue
        times = max(index.posts_of(keyed.key, keyed.actor), again[keyed.key, keyed.actor, keyed.post] - 1)
        if weight := duplicate_log_odds(keyed.letters, times):
            found.append((keyed.row, weight, float(times)))
    return Signals.collect(Reason.REPEATED_TEXT, found)


def _near_copies(rows: list[_Keyed], texts: dict[int, str], index: DuplicateIndex) -> Signals:
    """Finds the rows whose text has more near copies (by actors, or under the actor's posts) than exact copies."""
    groups = {key: group ^ _GROUP for key, group in index.near.groups_of(texts).items()}
    for keyed in rows:
        index.add(groups[keyed.key], keyed.actor, keyed.post)
    found = []
    for keyed in rows:
        times, exact = (_most_of(index, key, keyed.actor) for key in (groups[keyed.key], keyed.key))
        if times > exact and (weight := duplicate_log_odds(keyed.letters, times)):
            found.append((keyed.row, weight, float(times)))
    return Signals.collect(Reason.NEAR_DUPLICATE_TEXT, found)


def _most_of(index: DuplicateIndex, key: int, actor: str) -> int:
    return max(index.actors_of(key), index.posts_of(key, actor) if actor else 0)

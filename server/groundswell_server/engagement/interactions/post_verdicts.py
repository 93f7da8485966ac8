"""Verdicts on the interactions of a post: reads the stored evidence and runs the layers of the filter on it.

This module imports NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from groundswell_server.engagement.bot_detection.account_profiles import UNKNOWN, Profile
from groundswell_server.engagement.bot_detection.co_occurrence import NO_CO_OCCURRENCE, CoOccurrence, find_co_occurrence
from groundswell_server.engagement.bot_detection.community_detection import MIN_POSTS
from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.graph_layer import MAX_POSTS
from groundswell_server.engagement.bot_detection.handles import normalize_handles
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch, PostFacts
from groundswell_server.engagement.bot_detection.layer_pipeline import judge
from groundswell_server.engagement.bot_detection.persona_layer import PersonaRegister
from groundswell_server.engagement.bot_detection.score_combination import Judgments
from groundswell_server.engagement.bot_detection.text_normalization import NormalizedText, normalized_texts
from groundswell_server.engagement.interactions.cross_post_duplicates import (
    COPY_REASONS,
    DuplicateLookup,
    NewText,
    look_up,
)
from groundswell_server.engagement.interactions.interactions import NewInteraction
from groundswell_storage.engagement import interactions, persona_handles, posts
from groundswell_storage.engagement.enums import Platform
from groundswell_storage.engagement.interactions import JudgedInteraction
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.fields import to_micros
from groundswell_storage.scope import Scope

MAX_COMPARED_TEXTS = 500
"""Texts of a post up to which all are searched for near duplicates, at 20 us each. With more texts, only the new ones
are compared, with each other and with the texts that the workspace remembers."""

Reasons = Sequence[tuple[str, str]]
"""(code, detail) of each reason, strongest first."""


class Fresh(NamedTuple):
    """An interaction that is not stored yet, in the form in which it will be stored."""

    new: NewInteraction
    digest: bytes
    text: str
    masked: bool
    normalized_text: NormalizedText | None
    """Normalized form of the text that will be stored; None without a text."""

    @property
    def text_key(self) -> int | None:
        """The key of the text."""
        return self.normalized_text and self.normalized_text.key

    @property
    def written(self) -> NewText | None:
        """The text as its duplicates are counted; None for a text that is too short."""
        if self.normalized_text is None or self.normalized_text.key is None:
            return None
        return NewText(self.normalized_text.key, self.normalized_text.letter_count, self.new.actor_handle)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The verdicts on interactions, in the form in which they are stored."""

    judgments: Judgments
    co_occurrence: CoOccurrence
    copies: DuplicateLookup
    verdicts: list[int]
    probabilities: list[float]
    layers: list[str]
    """Names of the layers that had evidence, separated by commas."""

    def reasons(self, row: int) -> Reasons:
        """Returns the reasons for the verdict on a row."""
        return [(str(signal.reason), signal.detail) for signal in self.judgments.reasons(row)]


def judge_rows(
    scope: Scope,
    post: PostRow,
    stored: Sequence[JudgedInteraction],
    fresh: Sequence[Fresh],
    settings: FilterSettings,
) -> Judged:
    """Judges the stored and the new interactions of a post together, in this order."""
    handles = [row.actor_handle for row in stored] + [row.new.actor_handle for row in fresh]
    platform = Platform(post.platform)
    normalized = _normalized(stored, fresh)
    batch = InteractionBatch.from_columns(
        post_ids=[post.id] * len(handles),
        handles=handles,
        kinds=[row.kind for row in stored] + [row.new.kind for row in fresh],
        times_us=[row.occurred_us for row in stored] + [row.new.occurred_us for row in fresh],
        texts=[row.text for row in stored] + [row.new.text for row in fresh],
        profiles=[
            *(Profile.from_json(row.profile) if row.profile else UNKNOWN for row in stored),
            *(row.new.profile for row in fresh),
        ],
        spam={
            **{row.text: row.spam_probability for row in stored if row.spam_probability is not None},
            **{row.new.text: row.new.spam_probability for row in fresh if row.new.spam_probability is not None},
        },
        normalized_texts=normalized,
    )
    named = [handle for handle in batch.actors.values if handle]
    few = np.count_nonzero(batch.texts.filled()) <= MAX_COMPARED_TEXTS
    co_occurrence = _co_occurrence(scope, post, named, fresh)
    copies = look_up(scope, normalized.values(), [written for row in fresh if (written := row.written)])
    judgments = judge(
        batch,
        {post.id: PostFacts(platform, post.publish_time)},
        _register(scope, platform, named),
        replace(settings, near_duplicates=settings.near_duplicates and bool(few)),
        copies.index,
        co_occurrence,
    )
    verdicts, probabilities = judgments.verdicts.tolist(), judgments.probabilities.tolist()
    return Judged(judgments, co_occurrence, copies, verdicts, probabilities, _layers_of(judgments))


def _register(scope: Scope, platform: Platform, handles: Sequence[str]) -> PersonaRegister:
    """Returns the entries of the register of AI personas for these handles."""
    normalized = list(dict.fromkeys(normalize_handles(handles)))
    return PersonaRegister((platform, handle) for handle in persona_handles.registered(scope, platform, normalized))


def _normalized(stored: Sequence[JudgedInteraction], fresh: Sequence[Fresh]) -> dict[str, NormalizedText]:
    """Returns the normalized form of the texts whose duplicates are sought on other posts, by text, newest last.

    These are the new texts and the stored texts that a verdict names as duplicates; all stored texts when there are no
    new ones.
    """
    asked = [row.text for row in stored if row.text and (not fresh or COPY_REASONS.intersection(_codes(row)))]
    masked = [row for row in fresh if row.masked and row.normalized_text]
    texts = list(dict.fromkeys([*reversed(asked), *(row.new.text for row in masked)]))
    found = dict(zip(texts, normalized_texts(texts), strict=True))
    found |= {row.text: row.normalized_text for row in fresh if row.normalized_text and not row.masked}
    # The text is compared in the form that will be stored, so that a rejudgment finds the same duplicates.
    found |= {
        row.new.text: row.normalized_text._replace(plain=found[row.new.text].plain)
        for row in masked
        if row.normalized_text
    }
    return found


def _codes(row: JudgedInteraction) -> Iterator[str]:
    return (code for code, _ in row.reasons or ())


def _co_occurrence(scope: Scope, post: PostRow, handles: Sequence[str], fresh: Sequence[Fresh]) -> CoOccurrence:
    """Finds the actors that visit the persona's other posts on the platform, together or periodically."""
    others = posts.newest_judged(scope, post.persona_id, post.platform, limit=MAX_POSTS)
    popularity = {id: count for id, _, count in others}
    popularity[post.id] = popularity.get(post.id, 0) + len(fresh)
    if len(popularity) < 2 * MIN_POSTS:
        return NO_CO_OCCURRENCE
    since = min(post.publish_time, *(published for _, published, _ in others))
    here = [(row.new.actor_handle, post.id, row.new.occurred_us) for row in fresh]
    published = {post.id: to_micros(post.publish_time)} | {id: to_micros(time) for id, time, _ in others}
    return find_co_occurrence([*interactions.visits(scope, handles, since=since), *here], popularity, published)


def _layers_of(judgments: Judgments) -> list[str]:
    has_evidence = sum(found.has_evidence.astype(np.int64) << bit for bit, found in enumerate(judgments.findings))
    names = [str(found.layer) for found in judgments.findings]
    spelled = [",".join(name for bit, name in enumerate(names) if code >> bit & 1) for code in range(1 << len(names))]
    return [spelled[code] for code in np.asarray(has_evidence).tolist()]

"""Records interactions: each batch is judged, stored and counted in one transaction.

This module imports NumPy and the layers of the filter, so the service loads it on a thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

import numpy as np

from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch
from groundswell_server.engagement.bot_detection.layer_pipeline import judge
from groundswell_server.engagement.bot_detection.persona_layer import PersonaRegister
from groundswell_server.engagement.bot_detection.reasons import Reason
from groundswell_server.engagement.bot_detection.text_normalization import normalized_texts
from groundswell_server.engagement.contexts.outcomes import Thresholds
from groundswell_server.engagement.ingestion.post_metrics import update_engagement
from groundswell_server.engagement.interactions import cross_post_duplicates
from groundswell_server.engagement.interactions.interactions import NewInteraction, Recorded
from groundswell_server.engagement.interactions.pii_filter import mask
from groundswell_server.engagement.interactions.post_verdicts import Fresh, Judged, Reasons, judge_rows
from groundswell_server.engagement.interactions.propagation import posts_to_rejudge
from groundswell_server.engagement.metrics.verdict_tallies import Tallies
from groundswell_storage.engagement import interactions, sentiments
from groundswell_storage.engagement.enums import InteractionKind, PiiFilter, Verdict
from groundswell_storage.engagement.interactions import JudgedInteraction
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.errors import FieldViolation, InvalidArgument
from groundswell_storage.events.topics import INTERACTIONS_JUDGED
from groundswell_storage.fields import to_micros
from groundswell_storage.scope import Scope

MAX_JUDGED_AGAIN = 2_000
"""Stored interactions that a batch is judged together with: all of most posts, the last ones of a very large post. A
later interaction can change an earlier verdict."""
_AFTERWARDS_US = 60_000_000
"""Interactions up to a minute after a batch are judged with it, because they may be part of the same burst."""
_VIOLATIONS = 20
"""Invalid rows of a batch that an error names."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The result of recording a batch."""

    recorded: Recorded
    posts_to_rejudge: tuple[str, ...] = ()
    """Other posts to pass to `rejudge`, because actors that co-occur or are periodic still count as genuine there."""


def prepare(settings: FilterSettings) -> None:
    """Compiles the phrases, so that the first batch does not have to wait."""
    judge(InteractionBatch.of(()), {}, PersonaRegister(), settings)


def record_interactions(
    scope: Scope,
    post_id: str,
    batch: Sequence[NewInteraction],
    settings: FilterSettings,
    thresholds: Thresholds,
    pii_filter: PiiFilter = PiiFilter.ON,
) -> Recording:
    """Judges and stores a batch of a post's interactions and updates the engagement of the post.

    Texts are masked before they are stored, unless the workspace turned the filter off. Raises NotFound, and
    InvalidArgument for interactions before publication or in the future.
    """
    post = scope.get(PostRow, post_id, lock=True)
    _check_times(batch, to_micros(post.publish_time), to_micros(scope.now))
    fresh = _fresh(scope, post_id, batch, pii_filter)
    if not fresh:
        return Recording(Recorded(duplicate_count=len(batch)))
    until = max(row.new.occurred_us for row in fresh) + _AFTERWARDS_US
    stored = interactions.latest(scope, post_id, until_us=until, limit=MAX_JUDGED_AGAIN)
    judged = judge_rows(scope, post, stored, fresh, settings)
    tallies = Tallies.from_json(post.tallies)
    _change_verdicts(scope, stored, judged, tallies)
    reasons = [judged.reasons(place) for place in range(len(stored), len(stored) + len(fresh))]
    _count_in(tallies, fresh, judged.verdicts[len(stored) :], reasons)
    interactions.add(scope, _columns(scope, post_id, fresh, len(stored), judged, reasons))
    sentiments.update_post_sentiment(scope, post_id, verdict=Verdict.GENUINE)
    update_engagement(scope, post, tallies, thresholds)
    counted = np.bincount(judged.verdicts[len(stored) :], minlength=len(Verdict))
    genuine, bots, personas = (int(counted[verdict]) for verdict in (Verdict.GENUINE, Verdict.BOT, Verdict.PERSONA))
    _propagate_texts(scope, post_id, fresh, len(stored), judged)
    payload = {"persona_id": post.persona_id, "genuine": genuine, "bots": bots, "personas": personas}
    scope.publish(INTERACTIONS_JUDGED, post_id, payload)
    recorded = Recorded(len(fresh), len(batch) - len(fresh), genuine, bots, personas)
    handles = [row.actor_handle for row in stored] + [row.new.actor_handle for row in fresh]
    return Recording(recorded, posts_to_rejudge(scope, post_id, handles, judged.co_occurrence, judged.verdicts))


def rejudge(
    scope: Scope, post_id: str, settings: FilterSettings, thresholds: Thresholds, until_us: int | None = None
) -> int | None:
    """Judges the stored interactions of a post again with the current evidence.

    It judges the last `MAX_JUDGED_AGAIN` interactions, or the last of those up to a minute after `until_us`
    (microseconds since 1970 UTC). Returns the time of the first of them when there may be earlier ones, otherwise None.
    """
    post = scope.find(PostRow, post_id, lock=True)
    if post is None:
        return None
    until = to_micros(scope.now) if until_us is None else until_us + _AFTERWARDS_US
    stored = interactions.latest(scope, post_id, until_us=until, limit=MAX_JUDGED_AGAIN)
    tallies = Tallies.from_json(post.tallies)
    if _change_verdicts(scope, stored, judge_rows(scope, post, stored, (), settings), tallies):
        sentiments.update_post_sentiment(scope, post_id, verdict=Verdict.GENUINE)
        update_engagement(scope, post, tallies, thresholds)
    return stored[-1].occurred_us if len(stored) == MAX_JUDGED_AGAIN else None


def _propagate_texts(scope: Scope, post_id: str, fresh: Sequence[Fresh], first: int, judged: Judged) -> None:
    """Remembers new texts, judged as the rows from `first` on, and requests rejudgment of their duplicates."""
    written = {place: row.written for place, row in enumerate(fresh, first)}
    new = {place: each for place, each in written.items() if each is not None}
    cross_post_duplicates.remember(scope, post_id, judged.copies, new.values())
    verdicts = [judged.verdicts[place] for place in new]
    cross_post_duplicates.request_rejudgment(scope, post_id, judged.copies, list(new.values()), verdicts)


def _check_times(batch: Sequence[NewInteraction], published_us: int, now_us: int) -> None:
    wrong = (
        FieldViolation(
            f"interactions[{place}].interact_time",
            "must not be in the future"
            if new.occurred_us > now_us
            else "must not be before the publication of the post",
        )
        for place, new in enumerate(batch)
        if not published_us <= new.occurred_us <= now_us
    )
    named = list(islice(wrong, _VIOLATIONS))
    if named:
        raise InvalidArgument(named)


def _fresh(scope: Scope, post_id: str, batch: Iterable[NewInteraction], pii_filter: PiiFilter) -> list[Fresh]:
    """Returns the distinct interactions that the post does not have, with the texts to store.

    Interactions are compared by the masked text, so that turning the filter on or off records none of them twice.
    """
    by_digest: dict[bytes, tuple[NewInteraction, str]] = {}
    for new in batch:
        masked = mask(new.text).text if new.text else ""
        by_digest.setdefault(_digest(new, masked), (new, new.text if pii_filter is PiiFilter.OFF else masked))
    known = interactions.known_digests(scope, post_id, list(by_digest))
    fresh = [(digest, *row) for digest, row in by_digest.items() if digest not in known]
    texts = list(dict.fromkeys(text for _, _, text in fresh if text))
    normalized = dict(zip(texts, normalized_texts(texts), strict=True))
    return [Fresh(new, digest, text, text != new.text, normalized.get(text)) for digest, new, text in fresh]


def _digest(new: NewInteraction, text: str) -> bytes:
    """Returns the identity of an interaction within its post. It hashes the masked text: no personal data is kept."""
    if new.platform_interaction_id:
        named = f"id\0{new.platform_interaction_id}"
    else:
        named = f"{int(new.kind)}\0{new.actor_handle}\0{new.occurred_us}\0{text}"
    return blake2b(named.encode(), digest_size=16).digest()


def _change_verdicts(scope: Scope, stored: Sequence[JudgedInteraction], judged: Judged, tallies: Tallies) -> int:
    """Stores the verdicts that changed and returns their number.

    A verdict on a text that was masked is kept, because it was based on the full text. So is a verdict by near
    duplicates, which may have been evicted from memory.
    """
    changed = 0
    for place, row in enumerate(stored):
        before, after = row.verdict, judged.verdicts[place]
        if before == after or (row.masked and after == Verdict.GENUINE):
            continue
        reasons = judged.reasons(place)
        if after == Verdict.GENUINE and _is_near_copy(row.reasons or ()) and not _is_near_copy(reasons):
            continue
        kind = InteractionKind(row.kind)
        tallies.add(kind, Verdict(before), [code for code, _ in row.reasons or ()], -1)
        tallies.add(kind, Verdict(after), [code for code, _ in reasons])
        interactions.rejudge(
            scope,
            row.id,
            verdict=after,
            probability=judged.probabilities[place],
            reasons=reasons or None,
            layers=judged.layers[place],
        )
        changed += 1
    return changed


def _is_near_copy(reasons: Reasons) -> bool:
    return any(code == Reason.NEAR_DUPLICATE_TEXT for code, _ in reasons)


def _count_in(tallies: Tallies, fresh: Sequence[Fresh], verdicts: Sequence[int], reasons: Sequence[Reasons]) -> None:
    """Counts new interactions by kind, verdict and reasons."""
    alike = Counter(
        (row.new.kind, verdict, tuple(code for code, _ in why))
        for row, verdict, why in zip(fresh, verdicts, reasons, strict=True)
    )
    for (kind, verdict, codes), times in alike.items():
        tallies.add(kind, Verdict(verdict), codes, times)


def _columns(
    scope: Scope, post_id: str, fresh: Sequence[Fresh], first: int, judged: Judged, reasons: Sequence[Reasons]
) -> Iterable[dict[str, Any]]:
    """Returns the columns of new interactions, which were judged as the rows from `first` on."""
    created = to_micros(scope.now)
    for place, (row, why) in enumerate(zip(fresh, reasons, strict=True), first):
        new = row.new
        # Plain numbers, because SQLite's driver takes a microsecond to convert an enum.
        yield {
            "id": scope.new_id(),
            "post_id": post_id,
            "digest": row.digest,
            "platform_interaction_id": new.platform_interaction_id,
            "kind": int(new.kind),
            "actor_handle": new.actor_handle,
            "text": row.text,
            "masked": row.masked,
            "text_key": row.text_key,
            "interact_time": new.occurred_us,
            "verdict": judged.verdicts[place],
            "probability": judged.probabilities[place],
            "reasons": why or None,
            "layers": judged.layers[place],
            "sentiment": int(new.sentiment.sentiment),
            "sentiment_score": new.sentiment.score,
            "profile": new.profile.to_json() if new.profile.has_facts() else None,
            "spam_probability": new.spam_probability,
            "create_time": created,
        }

"""Recording interactions: each batch is judged, kept and counted in one transaction.

NumPy and the layers of the filter come with this module: the service imports it when the first batch does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from groundswell_server.engagement import pii
from groundswell_server.engagement.genuine.batch import InteractionBatch, PostFacts
from groundswell_server.engagement.genuine.combine import Judgments
from groundswell_server.engagement.genuine.duplicates import MOST_REMEMBERED, DuplicateIndex
from groundswell_server.engagement.genuine.handles import normalize_handle
from groundswell_server.engagement.genuine.judge import judge
from groundswell_server.engagement.genuine.persona_layer import PersonaRegister
from groundswell_server.engagement.genuine.settings import FilterSettings
from groundswell_server.engagement.genuine.wording import text_key
from groundswell_server.engagement.interactions import NewInteraction, Recorded
from groundswell_server.engagement.metrics import judge_anew
from groundswell_server.engagement.outcomes import Thresholds
from groundswell_server.engagement.tallies import Tallies
from groundswell_server.engagement.vocabulary import InteractionKind, Platform, Verdict
from groundswell_storage.engagement import interactions, personas, sentiments
from groundswell_storage.engagement.interactions import JudgedInteraction
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.errors import FieldViolation, InvalidArgument
from groundswell_storage.fields import to_micros
from groundswell_storage.scope import Scope

JUDGED_AGAIN = 2_000
"""Stored interactions of the post that a batch is judged together with: all of most posts, the last ones of a huge one.
A later interaction can give an earlier one away."""
NEARLY_EQUAL = 500
"""Texts among which nearly equal ones are sought, which takes 20 us each; among more only equal ones are."""
_AFTERWARDS_US = 60_000_000
"""What came within a minute after a batch is judged with it: the rush that it may be part of."""
_VIOLATIONS = 20
"""Wrong rows of a batch that are named."""


def record_interactions(
    scope: Scope, post_id: str, batch: Sequence[NewInteraction], settings: FilterSettings, thresholds: Thresholds
) -> Recorded:
    """Judges and keeps a batch of a post's interactions and brings the post's engagement up to date.

    Raises NotFound, and InvalidArgument for interactions before publication or in the future.
    """
    post = scope.get(PostRow, post_id, lock=True)
    _check_times(batch, to_micros(post.published), to_micros(scope.now))
    fresh = _fresh(scope, post_id, batch)
    if not fresh:
        return Recorded(duplicate_count=len(batch))
    until = max(row.new.occurred_us for row in fresh) + _AFTERWARDS_US
    stored = interactions.latest(scope, post_id, until_us=until, limit=JUDGED_AGAIN)
    judgments = _judge(scope, post, stored, fresh, settings)
    details = _Details(judgments)
    tallies = Tallies.of_json(post.tallies)
    _change_verdicts(scope, stored, details, tallies)
    interactions.add(scope, _columns(scope, post_id, fresh, len(stored), details, tallies))
    sentiments.bring_up_to_date(scope, post_id, verdict=Verdict.GENUINE)
    judge_anew(scope, post, tallies, thresholds)
    counted = np.bincount(judgments.verdicts[len(stored) :], minlength=len(Verdict))
    genuine, bots, personas = (int(counted[verdict]) for verdict in (Verdict.GENUINE, Verdict.BOT, Verdict.PERSONA))
    told = {"persona_id": post.persona_id, "genuine": genuine, "bots": bots, "personas": personas}
    scope.publish("interactions.judged", post_id, told)
    return Recorded(len(fresh), len(batch) - len(fresh), genuine, bots, personas)


class _Fresh(NamedTuple):
    """An interaction that is not there yet, as it will be stored."""

    new: NewInteraction
    digest: bytes
    text: str
    masked: bool
    text_key: int | None


class _Details:
    """Verdicts, reasons and layers of judged rows in the form they are stored in."""

    __slots__ = ("_judgments", "_layers", "_signed", "probabilities", "verdicts")

    def __init__(self, judgments: Judgments) -> None:
        self._judgments = judgments
        self.verdicts: list[int] = judgments.verdicts.tolist()
        self.probabilities: list[float] = judgments.probabilities.tolist()
        informed = sum(found.informed.astype(np.int64) << bit for bit, found in enumerate(judgments.findings))
        names = [str(found.layer) for found in judgments.findings]
        spelled = [
            ",".join(name for bit, name in enumerate(names) if code >> bit & 1) for code in range(1 << len(names))
        ]
        self._layers = [spelled[code] for code in np.asarray(informed).tolist()]
        self._signed = {row for found in judgments.findings for signs in found.signs for row in signs.rows.tolist()}

    def reasons(self, row: int) -> list[list[str]] | None:
        """`[[code, detail], ...]` of a row, None without any: spelling them out is what costs."""
        if row not in self._signed:
            return None
        return [[str(sign.reason), sign.detail] for sign in self._judgments.judgment(row).reasons]

    def layers(self, row: int) -> str:
        """Names of the layers that had something to go by, with commas between."""
        layers: str = self._layers[row]
        return layers


def _check_times(batch: Sequence[NewInteraction], published_us: int, now_us: int) -> None:
    wrong = (
        FieldViolation(
            f"interactions[{place}].interact_time",
            "lies in the future" if new.occurred_us > now_us else "lies before the publication of the post",
        )
        for place, new in enumerate(batch)
        if not published_us <= new.occurred_us <= now_us
    )
    named = list(islice(wrong, _VIOLATIONS))
    if named:
        raise InvalidArgument(named)


def _fresh(scope: Scope, post_id: str, batch: Iterable[NewInteraction]) -> list[_Fresh]:
    """The interactions that the post does not have, each once, with masked texts."""
    by_digest: dict[bytes, _Fresh] = {}
    for new in batch:
        text = pii.mask(new.text).text if new.text else ""
        digest = _digest(new, text)
        if digest not in by_digest:
            by_digest[digest] = _Fresh(new, digest, text, text != new.text, text_key(text) if text else None)
    known = interactions.known_digests(scope, post_id, list(by_digest))
    return [row for digest, row in by_digest.items() if digest not in known]


def _digest(new: NewInteraction, text: str) -> bytes:
    """Names an interaction within its post; of the masked text, for nothing personal may be kept, hashed either."""
    if new.platform_interaction_id:
        named = f"id\0{new.platform_interaction_id}"
    else:
        named = f"{int(new.kind)}\0{new.actor_handle}\0{new.occurred_us}\0{text}"
    return blake2b(named.encode(), digest_size=16).digest()


def _judge(
    scope: Scope,
    post: PostRow,
    stored: Sequence[JudgedInteraction],
    fresh: Sequence[_Fresh],
    settings: FilterSettings,
) -> Judgments:
    """Judges stored and new interactions together, in this order."""
    handles = [row.actor_handle for row in stored] + [row.new.actor_handle for row in fresh]
    platform = Platform(post.platform)
    batch = InteractionBatch.of_columns(
        post_ids=[post.id] * len(handles),
        handles=handles,
        kinds=[row.kind for row in stored] + [row.new.kind for row in fresh],
        times_us=[row.occurred_us for row in stored] + [row.new.occurred_us for row in fresh],
        texts=[row.text for row in stored] + [row.new.text for row in fresh],
    )
    keys = {row.text_key for row in fresh if row.text_key is not None}
    duplicates = DuplicateIndex()
    duplicates.seed(interactions.actors_of_texts(scope, sorted(keys), MOST_REMEMBERED))
    register = _register_for(scope, platform, handles)
    few = np.count_nonzero(batch.texts.filled()) <= NEARLY_EQUAL
    applied = replace(settings, near_duplicates=settings.near_duplicates and bool(few))
    return judge(batch, {post.id: PostFacts(platform, post.published)}, register, applied, duplicates)


def _change_verdicts(scope: Scope, stored: Sequence[JudgedInteraction], details: _Details, tallies: Tallies) -> None:
    """Replaces the verdicts that turn out otherwise in the light of what came.

    Where masking took something from a text, the verdict on the full text stands: what it saw can't be seen any more.
    """
    for place, row in enumerate(stored):
        before, after = Verdict(row.verdict), Verdict(details.verdicts[place])
        if before is after or (row.masked and after is Verdict.GENUINE):
            continue
        reasons = details.reasons(place)
        kind = InteractionKind(row.kind)
        tallies.add(kind, before, [code for code, _ in row.reasons or ()], -1)
        tallies.add(kind, after, [code for code, _ in reasons or ()])
        interactions.rejudge(
            scope,
            row.id,
            verdict=after,
            probability=details.probabilities[place],
            reasons=reasons,
            layers=details.layers(place),
        )


def _columns(
    scope: Scope, post_id: str, fresh: Sequence[_Fresh], first: int, details: _Details, tallies: Tallies
) -> Iterable[dict[str, Any]]:
    """The columns of new interactions, judged as the rows from `first` on; counts them in as it goes."""
    for place, row in enumerate(fresh, first):
        verdict = Verdict(details.verdicts[place])
        reasons = details.reasons(place)
        tallies.add(row.new.kind, verdict, [code for code, _ in reasons or ()])
        yield {
            "id": scope.new_id(),
            "post_id": post_id,
            "digest": row.digest,
            "platform_interaction_id": row.new.platform_interaction_id,
            "kind": row.new.kind,
            "actor_handle": row.new.actor_handle,
            "text": row.text,
            "masked": row.masked,
            "text_key": row.text_key,
            "occurred": row.new.occurred_us,
            "verdict": verdict,
            "probability": details.probabilities[place],
            "reasons": reasons,
            "layers": details.layers(place),
            "sentiment": row.new.mood.sentiment,
            "sentiment_score": row.new.mood.score,
            "created": scope.now,
        }


def _register_for(scope: Scope, platform: Platform, handles: Sequence[str]) -> PersonaRegister:
    """The part of the register of AI personas that says of each of these handles whether it is in there."""
    normalized = list(dict.fromkeys(normalize_handle(handle) for handle in handles if handle))
    return PersonaRegister((platform, handle) for handle in personas.registered(scope, platform, normalized))

"""Adds and deletes labelled examples. Each example of a batch is checked separately. Duplicates are recognised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groundswell_server.learning.features.subject_keys import (
    context_subject,
    post_subject,
    profile_subject,
    text_subject,
)
from groundswell_server.models import model_types
from groundswell_storage.audit import audit
from groundswell_storage.engagement import learning_rows
from groundswell_storage.errors import InvalidArgument, ResourceExhausted
from groundswell_storage.learning import labelled_predictions, training_examples
from groundswell_storage.learning.training_examples import StoredExample
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.models.model_type import ModelType

MAX_EXAMPLES = 200_000
"""The maximum number of examples of a type in a workspace."""
MAX_REPORTED = 1_000
"""The maximum number of refused examples that a report lists."""


@dataclass(frozen=True, slots=True)
class NewExample:
    """An example as it was received, with one of text, profile and post."""

    line: int
    client_id: str
    label: str
    group: str = ""
    persona_id: str = ""
    text: str = ""
    profile: Mapping[str, Any] | None = None
    """Facts about an account."""
    post_id: str = ""

    @property
    def subject(self) -> str:
        """Kind of the example: text, profile or post."""
        return "text" if self.text else "post" if self.post_id else "profile"


@dataclass(frozen=True, slots=True)
class RefusedExample:
    """An example that was not added."""

    line: int
    client_id: str
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Added:
    """The report on added examples."""

    added_count: int = 0
    corrected_count: int = 0
    duplicate_count: int = 0
    refused_count: int = 0
    refused_examples: tuple[RefusedExample, ...] = ()
    """The first `MAX_REPORTED` of them."""

    def __add__(self, other: Added) -> Added:
        """Returns the sum of both reports."""
        return Added(
            self.added_count + other.added_count,
            self.corrected_count + other.corrected_count,
            self.duplicate_count + other.duplicate_count,
            self.refused_count + other.refused_count,
            (*self.refused_examples, *other.refused_examples)[:MAX_REPORTED],
        )


def add_examples(
    scope: Scope, model_type: str, examples: Sequence[NewExample], faulty: Sequence[RefusedExample] = ()
) -> Added:
    """Adds a batch, and corrects examples that were added before with another label.

    An example that the type cannot learn from is refused without effect on the others; `faulty` holds the examples
    that were refused before. Raises InvalidArgument for a type that does not learn from labels, and ResourceExhausted
    (`TOO_MANY_EXAMPLES`), after which nothing of the batch is stored.
    """
    kind = model_types.get(model_type)
    if kind.outcomes.measured:
        raise InvalidArgument.of("model_type", f"must be a type that learns from labels, got {model_type}")
    training_examples.hold(scope, model_type)
    wanted, refused = _checked(scope, kind, examples)
    known = training_examples.get_many(scope, model_type, list(wanted))
    new = [example for key, example in wanted.items() if key not in known]
    changed = [example for key, example in wanted.items() if known.get(key, example) != example]
    _require_room(scope, model_type, len(new))
    training_examples.add(scope, model_type, new)
    for example in changed:
        training_examples.change(scope, model_type, example)
    _score(scope, model_type, [*new, *changed])
    all_refused = sorted([*faulty, *refused], key=lambda one: one.line)
    return Added(
        added_count=len(new),
        corrected_count=len(changed),
        duplicate_count=len(examples) - len(refused) - len(new) - len(changed),
        refused_count=len(all_refused),
        refused_examples=tuple(all_refused[:MAX_REPORTED]),
    )


def delete_examples(scope: Scope, model_type: str, persona_id: str, client_ids: Iterable[str]) -> int:
    """Deletes the examples that match all given conditions, and returns their number."""
    keys = [_client_key(id) for id in client_ids]
    removed = training_examples.remove(scope, model_type=model_type, keys=keys, persona_id=persona_id)
    asked = {"persona_id": persona_id, "client_ids": len(keys), "deleted": removed}
    audit.record(scope, "training_examples.deleted", f"training_examples/{model_type}", after=asked)
    return removed


def refused(line: int, client_id: str, error: InvalidArgument) -> RefusedExample:
    """Returns the report entry of a refused example, with the first of its invalid fields."""
    return RefusedExample(line, client_id, error.first.field, error.first.description)


def _checked(
    scope: Scope, kind: ModelType[Any], examples: Sequence[NewExample]
) -> tuple[dict[str, StoredExample], list[RefusedExample]]:
    """Returns the valid examples by key, the last of equal ones, and the refused examples."""
    posts = learning_rows.personas_of_posts(scope, sorted({one.post_id for one in examples if one.post_id}))
    personas = learning_rows.known_personas(scope, sorted({one.persona_id for one in examples if one.persona_id}))
    wanted: dict[str, StoredExample] = {}
    faults: list[RefusedExample] = []
    for example in examples:
        try:
            _check(kind, example, posts, personas)
        except InvalidArgument as error:
            faults.append(refused(example.line, example.client_id, error))
            continue
        stored = _to_store(example, posts.get(example.post_id, example.persona_id))
        wanted[stored.key] = stored
    return wanted, faults


def _check(kind: ModelType[Any], example: NewExample, posts: Mapping[str, str], personas: set[str]) -> None:
    """Raises InvalidArgument for an example that the type cannot learn from."""
    if example.subject != kind.subject:
        field = "post_id" if example.subject == "post" else example.subject
        raise InvalidArgument.of(field, f"must be absent: {kind.name} learns from {kind.noun}")
    if kind.labels and example.label not in kind.labels:
        raise InvalidArgument.of(
            "label", f"must be one of {', '.join(kind.labels)} for {kind.name}, got {example.label!r}"
        )
    if example.post_id and example.post_id not in posts:
        raise InvalidArgument.of("post_id", f"names no post: {example.post_id}", reason="POST_NOT_FOUND")
    if example.persona_id and example.persona_id not in personas:
        raise InvalidArgument.of("persona_id", f"names no persona: {example.persona_id}", reason="PERSONA_NOT_FOUND")


def _to_store(example: NewExample, persona_id: str) -> StoredExample:
    content = _subject(example)
    return StoredExample(
        key=content if example.post_id or not example.client_id else _client_key(example.client_id),
        label=example.label,
        group=example.group or content,
        persona_id=persona_id,
        post_id=example.post_id,
        text=example.text,
        profile=example.profile,
    )


def _client_key(client_id: str) -> str:
    return f"id:{client_id}"


def _subject(example: NewExample | StoredExample) -> str:
    """Returns the key of an example's subject."""
    if example.post_id:
        return post_subject(example.post_id)
    return text_subject(example.text) if example.text else profile_subject(example.profile or {})


def _score(scope: Scope, model_type: str, labelled: Sequence[StoredExample]) -> None:
    """Stores labels with the predictions for their subjects. Predictions for a post are stored under its context."""
    contexts = learning_rows.contexts_of_posts(scope, [one.post_id for one in labelled if one.post_id])
    labels = {
        context_subject(contexts[one.post_id]) if one.post_id else _subject(one): one.label
        for one in labelled
        if not one.post_id or one.post_id in contexts
    }
    labelled_predictions.score(scope, model_type, labels)


def _require_room(scope: Scope, model_type: str, more: int) -> None:
    if more and training_examples.count(scope, model_type) + more > MAX_EXAMPLES:
        raise ResourceExhausted(
            f"a workspace may have {MAX_EXAMPLES} labelled examples of {model_type}: delete some first",
            reason="TOO_MANY_EXAMPLES",
            metadata={"model_type": model_type, "limit": str(MAX_EXAMPLES)},
        )

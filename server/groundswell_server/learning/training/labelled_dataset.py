"""Labelled examples to learn from, as they are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from groundswell_server.learning.features.labelled_rows import LabelledExample
from groundswell_server.learning.features.profile_facts import ProfileFacts
from groundswell_server.learning.training.post_examples import Span
from groundswell_storage.learning import training_examples
from groundswell_storage.learning.training_examples import StoredExample
from groundswell_storage.scope import Scope

_SUBJECTS: Mapping[str, Callable[[StoredExample], Any]] = {
    "text": lambda stored: stored.text,
    "profile": lambda stored: ProfileFacts.from_json(stored.profile or {}),
}
"""What an example is about, by the kind of subject that a type learns from."""


def read_examples(scope: Scope, model_type: str, subject: str, span: Span) -> list[LabelledExample]:
    """The labelled examples of a type that were added by then, oldest first."""
    since = span.as_of - span.lookback if span.lookback < timedelta.max else None
    stored = training_examples.read(
        scope, model_type, added_by=span.as_of, added_from=since, persona_id=span.persona_id
    )
    return [
        LabelledExample(
            subject=_SUBJECTS[subject](one),
            label=one.label,
            group=one.group,
            added=added,
            persona_id=one.persona_id,
        )
        for added, one in stored
    ]

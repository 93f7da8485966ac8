"""Posts that somebody labelled, as examples: what was known before each, and whether it did what the label says."""

from __future__ import annotations

from collections.abc import Callable

from groundswell_server.learning.features.post_facts import Example
from groundswell_server.learning.training import post_examples as dataset
from groundswell_server.learning.training.post_examples import Span
from groundswell_storage.engagement import learning_rows
from groundswell_storage.scope import Scope


def reader(model_type: str, positive: str) -> Callable[[Scope, Span], list[Example]]:
    """What reads the labelled posts of a type: the outcome is 1 for the positive label, else 0."""

    def read_examples(scope: Scope, span: Span) -> list[Example]:
        rows = learning_rows.labelled_rows(
            scope,
            model_type=model_type,
            positive=positive,
            since=span.as_of - span.lookback,
            until=span.as_of,
            persona_id=span.persona_id or None,
        )
        return dataset.with_trailing_record(scope, span, list(rows))

    return read_examples

"""What could be done better, by what content, hashtags, hours, failures and bots show; each with its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from groundswell_server.learning.patterns import advice
from groundswell_server.learning.patterns.advice import Suggestion
from groundswell_server.learning.patterns.failures import find_failures
from groundswell_server.learning.patterns.sample import sample_of
from groundswell_storage.engagement.pattern_rows import ContextRecord, PostRecord
from groundswell_storage.errors import FailedPrecondition

_ORDER = {"HIGH": 0, "MEDIUM": 1, "LOW": 2}


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The answer."""

    suggestions: tuple[Suggestion, ...]
    """Most important first."""
    notes: tuple[str, ...]


def suggest(records: Sequence[PostRecord], contexts: Iterable[ContextRecord], limit: int) -> Suggestions:
    """At most `limit` suggestions; what the figures do not support is not suggested."""
    sample = sample_of(records)
    areas: Sequence[tuple[str, Callable[[], Iterator[Suggestion]]]] = (
        ("kinds of content", lambda: advice.on_kinds(sample)),
        ("single traits", lambda: advice.on_traits(sample)),
        ("hashtags", lambda: advice.on_hashtags(sample)),
        ("hours", lambda: advice.on_hours(sample)),
        ("failures", lambda: advice.on_failures(find_failures(contexts))),
        ("bots", lambda: advice.on_bots(records)),
    )
    found: list[Suggestion] = []
    notes = ["Suggestions rest on association, not cause: try them, and look at what comes of it."]
    for area, look in areas:
        try:
            found += look()
        except FailedPrecondition as error:
            notes.append(f"Of {area} nothing can be said: {error.message}.")
    found.sort(key=lambda one: (_ORDER[one.priority], -one.weight, one.advice))
    if not found:
        notes.append("The figures support no suggestion.")
    return Suggestions(tuple(found[:limit]), tuple(notes))

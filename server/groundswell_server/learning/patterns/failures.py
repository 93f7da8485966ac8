"""Failures of contexts by type: phases, frequencies, examples, risk factors, and advice on how to avoid them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from groundswell_server.learning.enums import FailureKind
from groundswell_server.learning.estimates import Estimate, share_estimate
from groundswell_server.learning.patterns.risks import Exposure, FailureRisk, find_risks
from groundswell_server.learning.patterns.traits import context_traits
from groundswell_storage.engagement.enums import ContextState, Rating, Validation
from groundswell_storage.engagement.pattern_rows import ContextRecord

MAX_EXAMPLES = 3
_MAX_RISKS = 3
_ENDED = frozenset({ContextState.DONE, ContextState.FAILED})
_JUDGED = frozenset({Validation.APPROVED, Validation.CONDITIONALLY_APPROVED, Validation.REJECTED})
_WORST_RATINGS = Rating.UNACCEPTABLE, Rating.POOR

_Key = tuple[FailureKind, str]
"""The kind and the type of a failure."""


@dataclass(frozen=True, slots=True)
class PhaseFailures:
    """The frequency of a failure in one phase. The fields are those of the contract."""

    phase: str
    failure_count: int
    context_count: int
    """The number of contexts of the phase with a known result."""
    failure_share: Estimate


@dataclass(frozen=True, slots=True)
class FailureExample:
    """One case of a failure. The fields are those of the contract."""

    context_id: str
    phase: str
    message: str
    """The error message, or the measured rate or rating."""
    location: str
    """Empty if unknown."""
    create_time: datetime


@dataclass(frozen=True, slots=True)
class FailurePattern:
    """A type of failure. The fields are those of the contract."""

    type: str
    kind: FailureKind
    count: int
    frequency: Estimate
    phases: tuple[PhaseFailures, ...]
    examples: tuple[FailureExample, ...]
    """Newest first."""
    risks: tuple[FailureRisk, ...]
    how_to_avoid: str


@dataclass(frozen=True, slots=True)
class Failures:
    """The answer to FindFailurePatterns."""

    patterns: tuple[FailurePattern, ...]
    """The most frequent first."""
    context_count: int
    """The number of contexts with a known result."""
    failure_count: int
    """The number of contexts with at least one failure."""


def find_failures(records: Iterable[ContextRecord], max_examples: int = 0) -> Failures:
    """Finds the failures of contexts, newest first, that ended or were validated.

    `max_examples` is the maximum number of examples per type; 0 means `MAX_EXAMPLES`.
    """
    contexts = [context for context in records if _has_result(context)]
    cases: dict[_Key, list[ContextRecord]] = defaultdict(list)
    for context in contexts:
        for key in failures_of(context):
            cases[key].append(context)
    keys = sorted(cases, key=lambda key: (-len(cases[key]), key[0].name, key[1]))
    risks = find_risks([_exposure(key, contexts, cases[key]) for key in keys])
    phases = Counter(context.phase for context in contexts)
    patterns = [
        _pattern(key, cases[key], len(contexts), phases, tuple(found[:_MAX_RISKS]), max_examples or MAX_EXAMPLES)
        for key, found in zip(keys, risks, strict=True)
    ]
    failed = sum(bool(failures_of(context)) for context in contexts)
    return Failures(tuple(patterns), len(contexts), failed)


def failures_of(context: ContextRecord) -> list[_Key]:
    """Returns the kind and type of each failure of a context; empty if it did not fail."""
    found = []
    if context.state == ContextState.FAILED:
        artifacts = context.trace_artifacts
        found.append((FailureKind.ERROR, artifacts[0]["type"] if artifacts else "unknown error"))
    if context.validation == Validation.REJECTED:
        rated = context.rating in _WORST_RATINGS
        found.append(
            (FailureKind.POOR_RATING, "poor rating") if rated else (FailureKind.LOW_ENGAGEMENT, "low engagement")
        )
    return found


def _has_result(context: ContextRecord) -> bool:
    return context.state in _ENDED or context.validation in _JUDGED


_COMPARABLE: Mapping[FailureKind, Callable[[ContextRecord], bool]] = {
    FailureKind.ERROR: lambda context: context.state in _ENDED,
    FailureKind.LOW_ENGAGEMENT: lambda context: not context.rating and context.validation in _JUDGED,
    FailureKind.POOR_RATING: lambda context: bool(context.rating),
}
"""By kind, selects the contexts that could have failed in this way: those that were put to the same test."""


def _exposure(key: _Key, contexts: Iterable[ContextRecord], cases: Iterable[ContextRecord]) -> Exposure:
    """Returns the failures and the traits of the comparable contexts in the phases where the failure occurs."""
    failed = {case.context_id for case in cases}
    phases = {case.phase for case in cases}
    compared = [
        context
        for context in contexts
        if context.context_id in failed or (context.phase in phases and _COMPARABLE[key[0]](context))
    ]
    traits: dict[str, set[int]] = defaultdict(set)
    for place, context in enumerate(compared):
        for trait in context_traits(context):
            traits[trait].add(place)
    return Exposure(
        [context.context_id in failed for context in compared],
        {trait: frozenset(places) for trait, places in traits.items()},
    )


def _pattern(
    key: _Key,
    cases: Sequence[ContextRecord],
    total: int,
    phases: Mapping[str, int],
    risks: tuple[FailureRisk, ...],
    max_examples: int,
) -> FailurePattern:
    kind, type_ = key
    by_phase = Counter(case.phase for case in cases)
    return FailurePattern(
        type=type_,
        kind=kind,
        count=len(cases),
        frequency=share_estimate(len(cases), total),
        phases=tuple(
            PhaseFailures(phase, count, phases[phase], share_estimate(count, phases[phase]))
            for phase, count in by_phase.most_common()
        ),
        examples=tuple(_example(case, kind) for case in cases[:max_examples]),
        risks=risks,
        how_to_avoid=_advice(kind, cases, risks),
    )


def _example(case: ContextRecord, kind: FailureKind) -> FailureExample:
    return FailureExample(case.context_id, case.phase, *_message_and_location(case, kind), case.create_time)


def _message_and_location(case: ContextRecord, kind: FailureKind) -> tuple[str, str]:
    if kind == FailureKind.ERROR:
        artifact = case.trace_artifacts[0] if case.trace_artifacts else {}
        return artifact.get("message", ""), artifact.get("location", "")
    if kind == FailureKind.LOW_ENGAGEMENT:
        return ("" if case.rate_pct is None else f"{case.rate_pct:.2f}% engagement"), ""
    return f"rated {case.rating} of 5", ""


def _advice(kind: FailureKind, cases: Sequence[ContextRecord], risks: Sequence[FailureRisk]) -> str:
    if risks:
        risk = risks[0]
        return (
            f"Avoid {risk.trait} if you can: {risk.share_with:.0%} of the {risk.context_count} contexts with it failed "
            f"in this way, against {risk.share_without:.0%} of those without it."
        )
    none = "No recorded trait of the contexts is associated with this failure"
    circumstances = Counter(found for case in cases if (found := _circumstance(kind, case)))
    if not circumstances:
        return f"{none}. Record prompts, parameters and strategies, so that more traits can be compared."
    (most_frequent, count), *_ = circumstances.most_common(1)
    return f"{none}. Investigate this first: {count} of {len(cases)} cases {most_frequent}."


def _circumstance(kind: FailureKind, case: ContextRecord) -> str:
    """Returns the location, message or phase of a case as a predicate; empty if unknown."""
    if kind != FailureKind.ERROR:
        return f"came from the phase {case.phase}"
    message, location = _message_and_location(case, kind)
    if location:
        return f"happened at {location}"
    return f'had the message "{message[:100]}"' if message else ""

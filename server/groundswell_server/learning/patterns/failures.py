"""What goes wrong: types of failures with their phases, frequencies and examples, and how to avoid each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from groundswell_server.learning.estimates import Estimate, share_estimate
from groundswell_server.learning.patterns.risks import Exposure, Risk, find_risks
from groundswell_server.learning.patterns.traits import context_traits
from groundswell_storage.engagement.pattern_rows import ContextRecord

ERROR, LOW_ENGAGEMENT, POOR_RATING = "ERROR", "LOW_ENGAGEMENT", "POOR_RATING"
_DONE, _FAILED = 3, 4
_APPROVED, _CONDITIONAL, _REJECTED = 2, 3, 4
_WORST_RATINGS = 1, 2
_MOST_RISKS = 3

_Key = tuple[str, str]
"""Kind and type."""


@dataclass(frozen=True, slots=True)
class PhaseFailures:
    """How often a failure occurs in a phase."""

    phase: str
    failure_count: int
    share: Estimate
    """Of the contexts of the phase whose end is known."""


@dataclass(frozen=True, slots=True)
class FailurePattern:
    """A type of failure."""

    type: str
    kind: str
    """ERROR, LOW_ENGAGEMENT or POOR_RATING."""
    cases: tuple[ContextRecord, ...]
    """Newest first."""
    frequency: Estimate
    phases: tuple[PhaseFailures, ...]
    risks: tuple[Risk, ...]
    how_to_avoid: str

    def message_of(self, case: ContextRecord) -> tuple[str, str]:
        """What a case said, and where it happened; the place is empty when unknown."""
        return _message_of(case, self.kind)


@dataclass(frozen=True, slots=True)
class Failures:
    """The answer."""

    patterns: tuple[FailurePattern, ...]
    """Most frequent first."""
    context_count: int
    """Contexts whose end is known."""
    failure_count: int
    """Those that failed in any way."""


def find_failures(records: Iterable[ContextRecord]) -> Failures:
    """What went wrong with contexts, newest first, persona_and_platform end is known: ended, or judged by people."""
    contexts = [context for context in records if _ended(context)]
    cases: dict[_Key, list[ContextRecord]] = defaultdict(list)
    for context in contexts:
        for key in failures_of(context):
            cases[key].append(context)
    keys = sorted(cases, key=lambda key: (-len(cases[key]), key))
    risks = find_risks([_exposure(key, contexts, cases[key]) for key in keys])
    phases = Counter(context.phase for context in contexts)
    patterns = [
        _pattern(key, cases[key], len(contexts), phases, tuple(found[:_MOST_RISKS]))
        for key, found in zip(keys, risks, strict=True)
    ]
    failed = sum(bool(failures_of(context)) for context in contexts)
    return Failures(tuple(patterns), len(contexts), failed)


def failures_of(context: ContextRecord) -> list[_Key]:
    """Kind and type of what went wrong with a context; empty when nothing did."""
    found = []
    if context.state == _FAILED:
        artifacts = context.trace_artifacts
        found.append((ERROR, artifacts[0]["type"] if artifacts else "unknown error"))
    if context.validation == _REJECTED:
        rated = context.rating in _WORST_RATINGS
        found.append((POOR_RATING, "poor rating") if rated else (LOW_ENGAGEMENT, "low engagement"))
    return found


def _message_of(context: ContextRecord, kind: str) -> tuple[str, str]:
    if kind == ERROR:
        artifact = context.trace_artifacts[0] if context.trace_artifacts else {}
        return artifact.get("message", ""), artifact.get("location", "")
    if kind == LOW_ENGAGEMENT:
        return ("" if context.rate_pct is None else f"{context.rate_pct:.2f}% engagement"), ""
    return f"rated {context.rating} of 5", ""


def _ended(context: ContextRecord) -> bool:
    return context.state in {_DONE, _FAILED} or context.validation in {_APPROVED, _CONDITIONAL, _REJECTED}


_COULD_HAVE: Mapping[str, Callable[[ContextRecord], bool]] = {
    ERROR: lambda context: context.state in {_DONE, _FAILED},
    LOW_ENGAGEMENT: lambda context: not context.rating and context.validation in {_APPROVED, _CONDITIONAL, _REJECTED},
    POOR_RATING: lambda context: bool(context.rating),
}
"""By kind, the contexts to compare failures with: those that were put to the same test."""


def _exposure(key: _Key, contexts: Iterable[ContextRecord], cases: Iterable[ContextRecord]) -> Exposure:
    """The failures among the contexts of the same phases that were put to the test, with what each had."""
    failed = {case.context_id for case in cases}
    phases = {case.phase for case in cases}
    compared = [
        context
        for context in contexts
        if context.context_id in failed or (context.phase in phases and _COULD_HAVE[key[0]](context))
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
    key: _Key, cases: Sequence[ContextRecord], total: int, phases: Mapping[str, int], risks: tuple[Risk, ...]
) -> FailurePattern:
    kind, type_ = key
    by_phase = Counter(case.phase for case in cases)
    return FailurePattern(
        type=type_,
        kind=kind,
        cases=tuple(cases),
        frequency=share_estimate(len(cases), total),
        phases=tuple(
            PhaseFailures(phase, count, share_estimate(count, phases[phase])) for phase, count in by_phase.most_common()
        ),
        risks=risks,
        how_to_avoid=_advice(kind, cases, risks),
    )


def _advice(kind: str, cases: Sequence[ContextRecord], risks: Sequence[Risk]) -> str:
    if risks:
        risk = risks[0]
        return (
            f"Do without {risk.trait} where you can: {risk.share_with:.0%} of the {risk.context_count} contexts with "
            f"it failed so, {risk.share_without:.0%} of those without."
        )
    said = "Nothing that is recorded of the contexts goes with it more often than chance explains"
    messages = Counter(found for case in cases if (found := _whereabouts(kind, case)))
    if not messages:
        return f"{said}; record prompts, parameters and strategies, so that more can be compared."
    (where, count), *_ = messages.most_common(1)
    return f"{said}; {count} of {len(cases)} {where}: look there first."


def _whereabouts(kind: str, case: ContextRecord) -> str:
    """Where a case happened, or what it said, to count by."""
    if kind != ERROR:
        return f"came of the phase {case.phase}"
    message, place = _message_of(case, kind)
    if place:
        return f"happened at {place}"
    return f'said "{message[:100]}"' if message else ""

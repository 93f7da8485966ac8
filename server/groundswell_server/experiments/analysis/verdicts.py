"""The rules by which an experiment is decided, in the order in which they are asked.

1. Units were not shared out as planned: SAMPLE_RATIO_MISMATCH, and nothing else can be said.
2. A guardrail is broken: GUARDRAIL_BROKEN.
3. It has not run long enough: NEEDS_RUNTIME.
4. A variant has too few units: NEEDS_SAMPLES.
5. No difference is significant: NOT_SIGNIFICANT.
6. A difference is significant and too small to matter: EFFECT_TOO_SMALL.
7. Otherwise: WINNER. The best of the variants that are better than the control; the control, if it beats them all.

Which p value decides: an AB_TEST's fixed-horizon p counts once, at the first look that somebody takes at the planned
size. Every other look uses the always-valid one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from groundswell_server.conversions.durations import in_words
from groundswell_server.experiments.enums import MIN_UNITS_PER_VARIANT, ExperimentKind, Verdict


class DecidingTest(Enum):
    """Which p value decides."""

    FIXED = "fixed-horizon"
    ALWAYS_VALID = "always-valid"


def deciding_test(kind: ExperimentKind, units: int, planned: int, *, automatic: bool, spent: bool) -> DecidingTest:
    """Which p value decides this look, at `units` of all variants.

    `automatic` is a look of the periodic job; `spent` says that the look at the planned size has been taken.
    """
    once = kind is ExperimentKind.AB_TEST and units >= planned and not automatic and not spent
    return DecidingTest.FIXED if once else DecidingTest.ALWAYS_VALID


@dataclass(frozen=True, slots=True)
class Rules:
    """What was settled before the experiment began."""

    alpha: float = 0.05
    """1 - the confidence level."""
    min_runtime: timedelta = timedelta(hours=24)
    min_sample_size_per_variant: int = 100
    min_effect_size: float = 0.05
    """Relative to the control."""

    @property
    def needed_units(self) -> int:
        """Units that every variant needs."""
        return max(self.min_sample_size_per_variant, MIN_UNITS_PER_VARIANT)


@dataclass(frozen=True, slots=True)
class Contender:
    """A variant on the primary metric."""

    key: str
    units: int
    mean: float
    gain: float = 0.0
    """Difference to the control, positive where it is better."""
    lift: float | None = None
    """The same relative to the control; None where the control's mean is 0, and any difference is a large one."""
    p_value: float = 1.0
    """Of the deciding test, adjusted for the number of variants."""


@dataclass(frozen=True, slots=True)
class BrokenGuardrail:
    """A guardrail metric on which a variant is worse than the control."""

    metric: str
    variant: str
    p_value: float
    """One-sided, always valid, adjusted for the number of guardrails and variants."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known when an experiment is looked at."""

    runtime: timedelta
    srm_p: float | None
    """p value of the sample ratio test that found a mismatch; None where none did."""
    broken: Sequence[BrokenGuardrail]
    control: Contender
    others: Sequence[Contender]
    test: DecidingTest
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What the experiment comes to."""

    verdict: Verdict
    winner: str
    """Key; empty without one."""
    confidence: float
    """1 - the deciding p value of the variant that decided, 0 to 1; 0 where nothing can be said."""
    explanation: str
    ranking: tuple[str, ...]
    """Keys of all variants, best mean first."""


def decide(evidence: Evidence, rules: Rules) -> Decision:
    """The verdict, with its reason in words."""
    verdict, winner, confidence, explanation = (
        _mismatch(evidence)
        or _guardrail(evidence)
        or _runtime(evidence, rules)
        or _samples(evidence, rules)
        or _effects(evidence, rules)
    )
    return Decision(verdict, winner, confidence, explanation, _ranking(evidence))


_Finding = tuple[Verdict, str, float, str]


def _mismatch(evidence: Evidence) -> _Finding | None:
    if evidence.srm_p is None:
        return None
    told = (
        f"Units were not shared out as planned (p = {evidence.srm_p:.2g}): something between assignment and event "
        "loses some of them, and until that is mended no difference can be trusted."
    )
    return Verdict.SAMPLE_RATIO_MISMATCH, "", 0.0, told


def _guardrail(evidence: Evidence) -> _Finding | None:
    if not evidence.broken:
        return None
    worst = min(evidence.broken, key=lambda broken: broken.p_value)
    told = f"{worst.variant} is worse than the control on the guardrail {worst.metric} (p = {worst.p_value:.2g})."
    return Verdict.GUARDRAIL_BROKEN, "", 1.0 - worst.p_value, told


def _runtime(evidence: Evidence, rules: Rules) -> _Finding | None:
    if evidence.runtime >= rules.min_runtime:
        return None
    told = f"It has run for {in_words(evidence.runtime)}; it is to run for {in_words(rules.min_runtime)} at least."
    return Verdict.NEEDS_RUNTIME, "", 0.0, told


def _samples(evidence: Evidence, rules: Rules) -> _Finding | None:
    least = min((evidence.control, *evidence.others), key=lambda variant: variant.units)
    if least.units >= rules.needed_units:
        return None
    told = f"{least.key} has {least.units} units; every variant needs {rules.needed_units}."
    return Verdict.NEEDS_SAMPLES, "", 0.0, told


def _effects(evidence: Evidence, rules: Rules) -> _Finding:
    found = [variant for variant in evidence.others if variant.p_value < rules.alpha]
    better = [variant for variant in found if variant.gain > 0.0]
    if better:
        enough = [variant for variant in better if _matters(variant, rules)]
        best = max(enough or better, key=lambda variant: variant.gain)
        return _winner(best, best.key, evidence, rules) if enough else _too_small(best, evidence, rules)
    if evidence.others and len(found) == len(evidence.others):
        nearest = max(found, key=lambda variant: variant.gain)
        if not _matters(nearest, rules):
            return _too_small(nearest, evidence, rules)
        return _winner(nearest, evidence.control.key, evidence, rules)
    if not evidence.others:
        return Verdict.NOT_SIGNIFICANT, "", 0.0, "There is nothing to compare the control with."
    closest = min(evidence.others, key=lambda variant: variant.p_value)
    least = f"{_p(closest, evidence, rules)}, for {closest.key}"
    told = f"No variant is better than {evidence.control.key} beyond chance: {least}."
    return Verdict.NOT_SIGNIFICANT, "", 1.0 - closest.p_value, told


def _matters(variant: Contender, rules: Rules) -> bool:
    return variant.lift is None or abs(variant.lift) >= rules.min_effect_size


def _winner(decided: Contender, winner: str, evidence: Evidence, rules: Rules) -> _Finding:
    beaten = evidence.control.key if winner == decided.key else decided.key
    if winner != decided.key and len(evidence.others) > 1:
        beaten += ", the nearest of the others,"
    told = f"{winner} beats {beaten} by {_by(decided)}: {_p(decided, evidence, rules)}."
    return Verdict.WINNER, winner, 1.0 - decided.p_value, told


def _too_small(variant: Contender, evidence: Evidence, rules: Rules) -> _Finding:
    told = (
        f"{variant.key} differs from {evidence.control.key} by {_by(variant)}, less than the "
        f"{rules.min_effect_size:.1%} that matter: {_p(variant, evidence, rules)}."
    )
    return Verdict.EFFECT_TOO_SMALL, "", 1.0 - variant.p_value, told


def _by(variant: Contender) -> str:
    return f"{abs(variant.gain):.4g} from nothing" if variant.lift is None else f"{abs(variant.lift):.1%}"


def _p(variant: Contender, evidence: Evidence, rules: Rules) -> str:
    relation = "below" if variant.p_value < rules.alpha else "not below"
    return f"{evidence.test.value} p = {variant.p_value:.2g}, {relation} {rules.alpha:g}"


def _ranking(evidence: Evidence) -> tuple[str, ...]:
    sign = -1.0 if evidence.higher_is_better else 1.0
    variants = (evidence.control, *evidence.others)
    return tuple(variant.key for variant in sorted(variants, key=lambda variant: sign * variant.mean))

"""The rules that decide an experiment, in the order in which they are applied.

1. Units were not distributed as planned: SAMPLE_RATIO_MISMATCH, and no other result is valid.
2. A variant is worse than the control on a guardrail: GUARDRAIL_BROKEN.
3. The experiment has not run for its minimum runtime: NEEDS_RUNTIME.
4. A variant has too few units: NEEDS_SAMPLES.
5. No difference is significant: NOT_SIGNIFICANT.
6. A difference is significant but below the minimum effect size: EFFECT_TOO_SMALL.
7. Otherwise: WINNER, the best of the variants that are better than the control, or the control if it beats them all.

The deciding p value of an AB_TEST is the fixed-horizon one for its first requested analysis at the planned size. Every
other analysis uses the always-valid p value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from groundswell_server.conversions.durations import in_words
from groundswell_server.experiments.statistics.moments import MIN_UNITS_PER_VARIANT
from groundswell_storage.experiments.enums import ExperimentKind, Verdict


class DecidingTest(Enum):
    """The test whose p value decides."""

    FIXED = "fixed-horizon"
    ALWAYS_VALID = "always-valid"


def deciding_test(
    kind: ExperimentKind, units: int, planned: int, *, is_scheduled: bool, is_spent: bool
) -> DecidingTest:
    """Returns the deciding test of an analysis at `units` of all variants.

    `is_scheduled` is True for an analysis by the periodic job, `is_spent` after the analysis at the planned size.
    """
    once = kind is ExperimentKind.AB_TEST and units >= planned and not is_scheduled and not is_spent
    return DecidingTest.FIXED if once else DecidingTest.ALWAYS_VALID


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of a decision, which are fixed before the experiment starts."""

    alpha: float = 0.05
    """1 - the confidence level."""
    min_runtime: timedelta = timedelta(hours=24)
    min_sample_size_per_variant: int = 100
    min_effect_size: float = 0.05
    """Relative to the control."""

    @property
    def needed_units(self) -> int:
        """Returns the number of units that every variant needs."""
        return max(self.min_sample_size_per_variant, MIN_UNITS_PER_VARIANT)


@dataclass(frozen=True, slots=True)
class Contender:
    """The result of a variant on the primary metric."""

    key: str
    units: int
    mean: float
    gain: float = 0.0
    """The difference to the control, positive for an improvement."""
    lift: float | None = None
    """The gain relative to the control; None when the control's mean is 0, where every difference is large."""
    p_value: float = 1.0
    """The p value of the deciding test, adjusted for the number of variants."""


@dataclass(frozen=True, slots=True)
class BrokenGuardrail:
    """A guardrail metric on which a variant is worse than the control."""

    metric: str
    variant: str
    p_value: float
    """One-sided, always valid, adjusted for the number of guardrails and variants."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence that the rules are applied to."""

    runtime: timedelta
    srm_p: float | None
    """The p value of a sample ratio mismatch; None without one."""
    broken: Sequence[BrokenGuardrail]
    control: Contender
    others: Sequence[Contender]
    test: DecidingTest
    higher_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on an experiment, with its reason."""

    verdict: Verdict
    winner: str
    """The key of the winner; empty without one."""
    confidence: float
    """1 - the deciding p value of the deciding variant, 0 to 1; 0 without a valid result."""
    explanation: str
    ranking: tuple[str, ...]
    """The keys of all variants, best mean first."""


def decide(evidence: Evidence, rules: Rules) -> Decision:
    """Applies the rules."""
    verdict, winner, confidence, explanation = (
        _sample_ratio_mismatch(evidence)
        or _guardrail(evidence)
        or _runtime(evidence, rules)
        or _samples(evidence, rules)
        or _effects(evidence, rules)
    )
    return Decision(verdict, winner, confidence, explanation, _ranking(evidence))


_Finding = tuple[Verdict, str, float, str]


def _sample_ratio_mismatch(evidence: Evidence) -> _Finding | None:
    if evidence.srm_p is None:
        return None
    explanation = (
        f"Sample ratio mismatch: units were not distributed as planned (p = {evidence.srm_p:.2g}). Some units are lost "
        "between assignment and event. No difference is valid until the cause is found and fixed."
    )
    return Verdict.SAMPLE_RATIO_MISMATCH, "", 0.0, explanation


def _guardrail(evidence: Evidence) -> _Finding | None:
    if not evidence.broken:
        return None
    worst = min(evidence.broken, key=lambda broken: broken.p_value)
    explanation = (
        f"{worst.variant} is worse than the control on the guardrail {worst.metric} (p = {worst.p_value:.2g})."
    )
    return Verdict.GUARDRAIL_BROKEN, "", 1.0 - worst.p_value, explanation


def _runtime(evidence: Evidence, rules: Rules) -> _Finding | None:
    if evidence.runtime >= rules.min_runtime:
        return None
    explanation = (
        f"The experiment has run for {in_words(evidence.runtime)}; min_runtime is {in_words(rules.min_runtime)}."
    )
    return Verdict.NEEDS_RUNTIME, "", 0.0, explanation


def _samples(evidence: Evidence, rules: Rules) -> _Finding | None:
    least = min((evidence.control, *evidence.others), key=lambda variant: variant.units)
    if least.units >= rules.needed_units:
        return None
    explanation = f"{least.key} has {least.units} units; every variant needs {rules.needed_units}."
    return Verdict.NEEDS_SAMPLES, "", 0.0, explanation


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
        return Verdict.NOT_SIGNIFICANT, "", 0.0, "There is no variant to compare the control with."
    closest = min(evidence.others, key=lambda variant: variant.p_value)
    least = f"{_p(closest, evidence, rules)}, for {closest.key}"
    explanation = f"No variant is significantly better than {evidence.control.key}: {least}."
    return Verdict.NOT_SIGNIFICANT, "", 1.0 - closest.p_value, explanation


def _matters(variant: Contender, rules: Rules) -> bool:
    return variant.lift is None or abs(variant.lift) >= rules.min_effect_size


def _winner(decided: Contender, winner: str, evidence: Evidence, rules: Rules) -> _Finding:
    beaten = evidence.control.key if winner == decided.key else decided.key
    if winner != decided.key and len(evidence.others) > 1:
        beaten += ", the closest of the other variants,"
    explanation = f"{winner} beats {beaten} by {_gain_text(decided)}: {_p(decided, evidence, rules)}."
    return Verdict.WINNER, winner, 1.0 - decided.p_value, explanation


def _too_small(variant: Contender, evidence: Evidence, rules: Rules) -> _Finding:
    explanation = (
        f"{variant.key} differs from {evidence.control.key} by {_gain_text(variant)}, less than the "
        f"{rules.min_effect_size:.1%} of min_effect_size: {_p(variant, evidence, rules)}."
    )
    return Verdict.EFFECT_TOO_SMALL, "", 1.0 - variant.p_value, explanation


def _gain_text(variant: Contender) -> str:
    return f"{abs(variant.gain):.4g} from a control mean of 0" if variant.lift is None else f"{abs(variant.lift):.1%}"


def _p(variant: Contender, evidence: Evidence, rules: Rules) -> str:
    relation = "below" if variant.p_value < rules.alpha else "not below"
    return f"{evidence.test.value} p = {variant.p_value:.2g}, {relation} {rules.alpha:g}"


def _ranking(evidence: Evidence) -> tuple[str, ...]:
    sign = -1.0 if evidence.higher_is_better else 1.0
    variants = (evidence.control, *evidence.others)
    return tuple(variant.key for variant in sorted(variants, key=lambda variant: sign * variant.mean))

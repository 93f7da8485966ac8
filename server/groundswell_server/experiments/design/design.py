"""The design of an experiment: its variants, factors, metrics, allocation and rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from groundswell_server.experiments.design.buckets import Namespace
from groundswell_server.experiments.design.targeting_conditions import Condition
from groundswell_storage.errors import InvalidArgument
from groundswell_storage.experiments.enums import (
    Allocation,
    Direction,
    ExperimentKind,
    MetricKind,
    MetricRole,
)

ADAPTIVE = frozenset({Allocation.THOMPSON, Allocation.UCB})
"""The allocations of bandits."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the alternatives that an experiment compares."""

    key: str
    description: str = ""
    weight: float = 0.0
    is_control: bool = False
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Factor:
    """A property that a multivariate experiment varies. The first level is the baseline."""

    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """A measurement of each unit."""

    name: str
    kind: MetricKind = MetricKind.UNSPECIFIED
    role: MetricRole = MetricRole.UNSPECIFIED
    direction: Direction = Direction.UNSPECIFIED
    event: str = ""
    denominator_event: str = ""
    cap: float | None = None
    """The maximum value that a unit can have; greater values are winsorised to it."""
    covariate_event: str = ""


BUILT_IN: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("engagement_rate", MetricKind.RATIO, event="engagement", denominator_event="impression"),
        Metric("click_through_rate", MetricKind.RATIO, event="click", denominator_event="impression"),
        Metric("conversion_rate", MetricKind.CONVERSION, event="conversion"),
    )
}
"""The metrics that a design only needs to name."""


@dataclass(frozen=True, slots=True)
class BanditOptions:
    """The options of a bandit's policy."""

    top_two: bool = False
    lowest_reward: float | None = None
    """The lower bound of a unit's reward. UCB1 scales values by both bounds."""
    highest_reward: float | None = None
    update_units: int = 100
    """The number of units after which the policy computes new probabilities."""
    update_interval: timedelta = timedelta(minutes=10)
    """The time after which the policy does so when fewer units came."""


@dataclass(frozen=True, slots=True)
class Design:
    """The design of an experiment."""

    metrics: tuple[Metric, ...]
    variants: tuple[Variant, ...] = ()
    hypothesis: str = ""
    kind: ExperimentKind = ExperimentKind.AB_TEST
    factors: tuple[Factor, ...] = ()
    allocation: Allocation = Allocation.UNSPECIFIED
    coverage: float = 1.0
    namespace: Namespace | None = None
    targeting: Condition | None = None
    seed: str = ""
    min_sample_size_per_variant: int = 100
    min_runtime: timedelta = timedelta(hours=24)
    confidence_level: float = 0.95
    min_effect_size: float = 0.05
    """Relative to the control."""
    expected_total_sample: int = 10_000
    bucket_version: int = 1
    auto_complete: bool = False
    """True when the experiment is completed automatically as soon as the always-valid test finds a winner."""
    bandit: BanditOptions | None = None
    """None for a fixed allocation."""

    @property
    def is_bandit(self) -> bool:
        """Returns True when the allocation adapts to the rewards, which the primary metric measures."""
        return self.allocation in ADAPTIVE

    @property
    def primary(self) -> int:
        """Returns the index of the primary metric."""
        return next(index for index, metric in enumerate(self.metrics) if metric.role is MetricRole.PRIMARY)

    @property
    def control(self) -> int:
        """Returns the index of the control."""
        return next(index for index, variant in enumerate(self.variants) if variant.is_control)

    @property
    def weights(self) -> tuple[float, ...]:
        """Returns the weights of the variants; their sum is 1."""
        return tuple(variant.weight for variant in self.variants)

    def index(self, key: str) -> int | None:
        """Returns the index of the variant with this key; None when there is none."""
        return next((index for index, variant in enumerate(self.variants) if variant.key == key), None)


def invalid(field: str, description: str) -> InvalidArgument:
    """Returns the error for an invalid field of a design."""
    return InvalidArgument.of(f"design.{field}", description, reason="EXPERIMENT_INVALID")

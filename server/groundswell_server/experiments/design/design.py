"""What an experiment is to find out, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from groundswell_server.experiments.design.buckets import Namespace
from groundswell_server.experiments.design.targeting_conditions import Condition
from groundswell_server.experiments.enums import (
    Allocation,
    Direction,
    ExperimentKind,
    MetricKind,
    MetricRole,
)
from groundswell_storage.errors import InvalidArgument

ADAPTIVE = frozenset({Allocation.THOMPSON, Allocation.UCB})
"""Allocations of bandits."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the alternatives."""

    key: str
    description: str = ""
    weight: float = 0.0
    is_control: bool = False
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Factor:
    """Something that is varied, and its levels; the first is the customary one."""

    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured of each unit."""

    name: str
    kind: MetricKind = MetricKind.UNSPECIFIED
    role: MetricRole = MetricRole.UNSPECIFIED
    direction: Direction = Direction.UNSPECIFIED
    event: str = ""
    denominator_event: str = ""
    cap: float | None = None
    """Greatest value that a unit can have."""
    covariate_event: str = ""


BUILT_IN: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("engagement_rate", MetricKind.RATIO, event="engagement", denominator_event="impression"),
        Metric("click_through_rate", MetricKind.RATIO, event="click", denominator_event="impression"),
        Metric("conversion_rate", MetricKind.CONVERSION, event="conversion"),
    )
}
"""Metrics that need only their name."""


@dataclass(frozen=True, slots=True)
class BanditOptions:
    """How a bandit learns."""

    top_two: bool = False
    lowest_reward: float | None = None
    """Bounds of a unit's reward, by which UCB1 scales values."""
    highest_reward: float | None = None
    update_units: int = 100
    """Units after which it learns anew."""
    update_interval: timedelta = timedelta(minutes=10)
    """Time after which it does when fewer came."""


@dataclass(frozen=True, slots=True)
class Design:
    """What is to be found out, and how."""

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
    """Relative."""
    expected_total_sample: int = 10_000
    bucket_version: int = 1
    auto_complete: bool = False
    """Completed by itself, with its winner, once the always-valid test finds one."""
    bandit: BanditOptions | None = None
    """None for a fixed allocation."""

    @property
    def is_bandit(self) -> bool:
        """Whether units go where the reward is, which the primary metric measures."""
        return self.allocation in ADAPTIVE

    @property
    def primary(self) -> int:
        """Index of the metric that decides."""
        return next(index for index, metric in enumerate(self.metrics) if metric.role is MetricRole.PRIMARY)

    @property
    def control(self) -> int:
        """Index of the variant that the others are compared with."""
        return next(index for index, variant in enumerate(self.variants) if variant.is_control)

    @property
    def weights(self) -> tuple[float, ...]:
        """The share of each variant; their sum is 1."""
        return tuple(variant.weight for variant in self.variants)

    def index(self, key: str) -> int | None:
        """Index of a variant by its key."""
        return next((index for index, variant in enumerate(self.variants) if variant.key == key), None)


def invalid(field: str, description: str) -> InvalidArgument:
    """The error that names a field of the design."""
    return InvalidArgument.of(f"design.{field}", description, reason="EXPERIMENT_INVALID")

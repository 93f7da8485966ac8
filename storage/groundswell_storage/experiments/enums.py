"""The enumerations of ExperimentsService; names and numbers are those of the contract, without its prefixes.

Zero means "not given". Columns and the domain use these enums; only the message layer converts them to protobuf.
"""

from __future__ import annotations

from enum import IntEnum


class ExperimentKind(IntEnum):
    """The kinds of experiment."""

    UNSPECIFIED = 0
    AB_TEST = 1
    MULTIVARIATE = 2
    BANDIT = 3
    SEQUENTIAL = 4


class MetricKind(IntEnum):
    """The ways in which a metric measures a unit."""

    UNSPECIFIED = 0
    CONVERSION = 1
    COUNT = 2
    MEAN = 3
    RATIO = 4


class MetricRole(IntEnum):
    """The roles of a metric in the decision."""

    UNSPECIFIED = 0
    PRIMARY = 1
    SECONDARY = 2
    GUARDRAIL = 3


class Direction(IntEnum):
    """The direction in which a metric improves."""

    UNSPECIFIED = 0
    INCREASE = 1
    DECREASE = 2


class Allocation(IntEnum):
    """The ways in which units are distributed among the variants."""

    UNSPECIFIED = 0
    EQUAL = 1
    WEIGHTED = 2
    THOMPSON = 3
    UCB = 4


class Verdict(IntEnum):
    """The results of an analysis, in the order in which the rules are applied."""

    UNSPECIFIED = 0
    SAMPLE_RATIO_MISMATCH = 1
    GUARDRAIL_BROKEN = 2
    NEEDS_RUNTIME = 3
    NEEDS_SAMPLES = 4
    NOT_SIGNIFICANT = 5
    EFFECT_TOO_SMALL = 6
    WINNER = 7


class ExperimentState(IntEnum):
    """The states of an experiment."""

    DRAFT = 1
    RUNNING = 2
    PAUSED = 3
    COMPLETED = 4
    ARCHIVED = 5


class RolloutState(IntEnum):
    """The states of a rollout."""

    RUNNING = 1
    PAUSED = 2
    COMPLETED = 3
    ROLLED_BACK = 4


class RolloutModelState(IntEnum):
    """The states of the model version that is rolled out."""

    NONE = 0
    WAITING = 1
    PROMOTING = 2
    LIVE = 3
    ROLLING_BACK = 4
    ROLLED_BACK = 5
    ROLLBACK_REFUSED = 6

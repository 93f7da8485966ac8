"""The words of Experiments as Python enums: names and numbers are those of the contract, without its prefixes.

Zero is always "not given". The domain speaks these; only `messages.py` translates them to and from protobuf, by number.
"""

from __future__ import annotations

from enum import IntEnum

MIN_UNITS_PER_VARIANT = 30
"""Units that every variant needs, whatever the settings: with fewer, no test keeps its error rate."""


class ExperimentKind(IntEnum):
    """How an experiment is run and read."""

    UNSPECIFIED = 0
    AB_TEST = 1
    MULTIVARIATE = 2
    BANDIT = 3
    SEQUENTIAL = 4


class MetricKind(IntEnum):
    """What a metric measures of a unit."""

    UNSPECIFIED = 0
    CONVERSION = 1
    COUNT = 2
    MEAN = 3
    RATIO = 4


class MetricRole(IntEnum):
    """What a metric decides."""

    UNSPECIFIED = 0
    PRIMARY = 1
    SECONDARY = 2
    GUARDRAIL = 3


class Direction(IntEnum):
    """Which way a metric is better."""

    UNSPECIFIED = 0
    INCREASE = 1
    DECREASE = 2


class Allocation(IntEnum):
    """How units are shared out among the variants."""

    UNSPECIFIED = 0
    EQUAL = 1
    WEIGHTED = 2
    THOMPSON = 3
    UCB = 4


class Verdict(IntEnum):
    """What an analysis comes to, in the order in which the rules are asked."""

    UNSPECIFIED = 0
    SAMPLE_RATIO_MISMATCH = 1
    GUARDRAIL_BROKEN = 2
    NEEDS_RUNTIME = 3
    NEEDS_SAMPLES = 4
    NOT_SIGNIFICANT = 5
    EFFECT_TOO_SMALL = 6
    WINNER = 7

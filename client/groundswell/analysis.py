"""The analysis of an experiment as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groundswell.v1.experiments_pb2 import (
    AnalyzeExperimentResponse,
    ExperimentVerdict,
    MetricResult,
    MetricRole,
    VariantComparison,
    VariantResult,
)

if TYPE_CHECKING:
    from pandas import DataFrame

    from groundswell.v1.common_pb2 import Interval

_NOT_FLOAT = ("role", "units")
"""Columns that are not floats. In all others an absent value is NaN, even when the whole column is absent."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The current analysis of an experiment."""

    response: AnalyzeExperimentResponse
    """The response of AnalyzeExperiment."""

    @property
    def verdict(self) -> str:
        """The verdict, such as "WINNER" or "NEEDS_SAMPLES"."""
        return ExperimentVerdict.Name(self.response.decision.verdict).removeprefix("EXPERIMENT_VERDICT_")

    @property
    def winner(self) -> str:
        """Key of the winning variant; empty without a winner."""
        return self.response.decision.winner

    @property
    def explanation(self) -> str:
        """The reason for the verdict, in words."""
        return self.response.decision.explanation

    def rows(self) -> list[dict[str, Any]]:
        """Returns a row for each metric and variant; comparisons are None for the control.

        `p_value`, `lower` and `upper` are valid once, at the planned size. Those with the prefix `always_valid_` are
        valid at every interim analysis. p values are adjusted for multiple tests.
        """
        return [_row(metric, variant) for metric in self.response.metrics for variant in metric.variants]

    def to_dataframe(self) -> DataFrame:
        """Returns `rows` as a DataFrame indexed by metric and variant. Raises ImportError without pandas."""
        try:
            from pandas import DataFrame
        except ImportError as error:
            raise ImportError(
                "to_dataframe needs pandas: pip install 'groundswell[pandas]'; rows() has the same without it"
            ) from error
        table = DataFrame(self.rows()).set_index(["metric", "variant"])
        return table.astype({name: float for name in table.columns if name not in _NOT_FLOAT})


def _row(metric: MetricResult, variant: VariantResult) -> dict[str, Any]:
    credible = _bounds(variant.credible_interval if variant.HasField("credible_interval") else None, "credible_")
    return {
        "metric": metric.metric,
        "role": MetricRole.Name(metric.role).removeprefix("METRIC_ROLE_").lower(),
        "variant": variant.variant,
        "units": variant.units,
        "mean": variant.mean,
        **_compared(variant.comparison if variant.HasField("comparison") else None),
        "probability_best": variant.probability_best,
        "expected_loss": variant.expected_loss,
        **credible,
    }


def _compared(found: VariantComparison | None) -> dict[str, Any]:
    fixed, always_valid = (found.fixed_horizon, found.always_valid) if found else (None, None)
    lift = found.lift_interval if found and found.HasField("lift_interval") else None
    return {
        "difference": found.difference if found else None,
        "lift": found.lift if found and found.HasField("lift") else None,
        **_bounds(lift, "lift_"),
        "effect_size": found.effect_size if found else None,
        "p_value": fixed.adjusted_p_value if fixed else None,
        **_bounds(fixed.interval if fixed and fixed.HasField("interval") else None, ""),
        "always_valid_p_value": always_valid.adjusted_p_value if always_valid else None,
        **_bounds(
            always_valid.interval if always_valid and always_valid.HasField("interval") else None, "always_valid_"
        ),
    }


def _bounds(interval: Interval | None, prefix: str) -> dict[str, float | None]:
    return {
        f"{prefix}lower": interval.lower if interval else None,
        f"{prefix}upper": interval.upper if interval else None,
    }

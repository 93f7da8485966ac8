"""What an experiment says, as a table that people can work with."""

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

_NO_FIGURES = ("role", "units")
"""Columns that are no floats: all others are, so that what is absent is NaN even where a whole column is."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an experiment says now."""

    response: AnalyzeExperimentResponse
    """All of it, as AnalyzeExperiment answered."""

    @property
    def verdict(self) -> str:
        """What it comes to, such as "WINNER" or "NEEDS_SAMPLES"."""
        return ExperimentVerdict.Name(self.response.decision.verdict).removeprefix("EXPERIMENT_VERDICT_")

    @property
    def winner(self) -> str:
        """Key of the variant that won; empty without one."""
        return self.response.decision.winner

    @property
    def explanation(self) -> str:
        """Why, in words."""
        return self.response.decision.explanation

    def rows(self) -> list[dict[str, Any]]:
        """A row for each metric and variant; None where the control has nothing to be compared with.

        `p_value`, `lower` and `upper` are right once, at the planned size; those with `always_valid_` in front at every
        look. p values are adjusted for the tests made with them.
        """
        return [_row(metric, variant) for metric in self.response.metrics for variant in metric.variants]

    def to_dataframe(self) -> DataFrame:
        """`rows` as a DataFrame, with metric and variant as its index. Raises ImportError where pandas is not there."""
        try:
            from pandas import DataFrame
        except ImportError as error:
            raise ImportError(
                "to_dataframe needs pandas: pip install 'groundswell[pandas]'; rows() has the same without it"
            ) from error
        table = DataFrame(self.rows()).set_index(["metric", "variant"])
        return table.astype({name: float for name in table.columns if name not in _NO_FIGURES})


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

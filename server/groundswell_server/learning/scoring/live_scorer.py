"""The live model versions of a workspace, composed into a scorer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from groundswell_server.learning.enums import ENGAGEMENT, SUCCESS
from groundswell_server.learning.predictors.probability_predictor import ProbabilityPredictor
from groundswell_server.learning.predictors.rate_predictor import RatePredictor
from groundswell_server.learning.scoring.scorer import Scorer
from groundswell_server.models.serving.live_models import LiveVersions
from groundswell_server.models.serving.served_model import ServedModel


@dataclass(frozen=True, kw_only=True)
class LiveScorer(LiveVersions):
    """The versions that serve in a workspace, with the scorer that uses them."""

    scorer: Scorer
    labels: tuple[str, ...]
    """Labels of the versions that the scorer uses."""
    threshold_pct: float
    """The rate at or above which a post is a success."""

    @classmethod
    def of(cls, by_type: Mapping[str, ServedModel], threshold_pct: float, **versions: Any) -> LiveScorer:
        """Composes the scorer. `threshold_pct` defines success unless a live classifier has its own threshold."""
        scoring = [by_type[name] for name in (ENGAGEMENT, SUCCESS) if name in by_type]
        rates, odds = (by_type[name].predictor if name in by_type else None for name in (ENGAGEMENT, SUCCESS))
        if isinstance(odds, ProbabilityPredictor):
            threshold_pct = odds.threshold_pct
        scorer = Scorer(
            rates if isinstance(rates, RatePredictor) else None,
            odds if isinstance(odds, ProbabilityPredictor) else None,
            threshold_pct,
        )
        return cls(
            by_type=by_type,
            scorer=scorer,
            labels=tuple(label for one in scoring for label in one.labels),
            threshold_pct=threshold_pct,
            **versions,
        )

    def replaced(self, by_type: Mapping[str, ServedModel]) -> LiveScorer:
        return LiveScorer.of(by_type, self.threshold_pct)

    @property
    def engagement(self) -> ServedModel | None:
        """The version that predicts rates."""
        return self.by_type.get(ENGAGEMENT)

    @property
    def success(self) -> ServedModel | None:
        """The version that predicts success."""
        return self.by_type.get(SUCCESS)

"""A version that serves."""

from __future__ import annotations

from dataclasses import dataclass

from groundswell_server.learning.predictors.post_predictor import Predictor


@dataclass(frozen=True, slots=True)
class Served:
    """A version in memory."""

    model_id: str
    version: int
    label: str
    """Such as `ENGAGEMENT_PREDICTOR/3`."""
    predictor: Predictor
    twin: str = ""
    """Such as `ONLINE_TWIN/250` where its incremental twin has a part in what it says."""

    @property
    def labels(self) -> tuple[str, ...]:
        """All that its predictions come from."""
        return (self.label, self.twin) if self.twin else (self.label,)

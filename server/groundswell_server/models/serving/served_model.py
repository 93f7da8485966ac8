"""Versions in memory, live or under rollout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell_storage.experiments.model_rollouts import ModelRollout

if TYPE_CHECKING:
    # It imports NumPy, and a server starts without.
    from groundswell_server.models.predictor import Predictor


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A version in memory."""

    model_id: str
    version: int
    label: str
    """Such as `ENGAGEMENT_PREDICTOR/3`."""
    predictor: Predictor
    online_label: str = ""
    """Such as `ONLINE_MODEL/250` where an online model contributes to its predictions."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of all models that contribute to its predictions."""
        return (self.label, self.online_label) if self.online_label else (self.label,)


@dataclass(frozen=True, slots=True)
class UnderRollout:
    """A version that serves the units which its rollout includes, beside the live one."""

    rollout: ModelRollout
    served: ServedModel

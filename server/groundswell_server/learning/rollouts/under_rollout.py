"""A version under rollout, ready to serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell_storage.experiments.model_rollouts import ModelRollout

if TYPE_CHECKING:
    from groundswell_server.models.serving.served_model import Served


@dataclass(frozen=True, slots=True)
class UnderRollout:
    """A version that serves the personas which its rollout covers, beside the live one."""

    rollout: ModelRollout
    served: Served

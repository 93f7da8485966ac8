"""The contract's enums by number, and by name without prefix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundswell.v1 import learning_pb2 as pb


def numbers(enum: Any, prefix: str) -> Mapping[str, Any]:
    """Returns the values of an enum of the contract by their names without prefix."""
    return {name.removeprefix(prefix): number for name, number in enum.items()}


MODEL_TYPES = numbers(pb.ModelType, "MODEL_TYPE_")
STAGES = numbers(pb.ModelStage, "MODEL_STAGE_")
_MODEL_TYPE_NAMES = {number: name for name, number in MODEL_TYPES.items()} | {0: ""}
_STAGE_NAMES = {number: name for name, number in STAGES.items()} | {0: ""}


def model_type_in(request: Any, default: str = "") -> str:
    """Returns the name of the request's `model_type` without prefix."""
    return _MODEL_TYPE_NAMES[request.model_type] or default


def model_type_number(name: str) -> Any:
    """Returns the contract's number of a model type."""
    return MODEL_TYPES[name]


def stage_in(request: pb.ListModelsRequest) -> str:
    """Returns the name of the request's `stage` without prefix; empty for any stage."""
    return _STAGE_NAMES[request.stage]

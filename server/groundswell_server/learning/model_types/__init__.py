"""The types of models, one module each: adding a type adds a file here and touches no other.

A module names its type `MODEL_TYPE`. Nothing here imports scikit-learn before something is trained.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

from groundswell_server.models.model_type import ModelType


@cache
def all_model_types() -> Mapping[str, ModelType[Any]]:
    """Every type by name."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    types: list[ModelType[Any]] = [module.MODEL_TYPE for module in modules]
    return MappingProxyType({model_type.name: model_type for model_type in types})


def get(name: str) -> ModelType[Any]:
    """The type of this name; KeyError when there is none."""
    return all_model_types()[name]

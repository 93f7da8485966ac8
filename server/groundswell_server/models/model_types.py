"""The catalogue of model types: every module in the `model_types` folder of any area.

A module names its type `MODEL_TYPE`; the contract's enum `ModelType` has a value of the same name. Nothing else lists
types. Modules are imported with the first look-up, because they need NumPy and a server starts without it.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import groundswell_server

if TYPE_CHECKING:
    from groundswell_server.models.model_type import ModelType

FOLDER = "model_types"


@cache
def all_model_types() -> Mapping[str, ModelType[Any]]:
    """Returns every type by name."""
    types: list[ModelType[Any]] = [import_module(name).MODEL_TYPE for name in _modules()]
    return MappingProxyType({model_type.name: model_type for model_type in types})


def get(name: str) -> ModelType[Any]:
    """Returns the type of this name. Raises KeyError when there is none."""
    return all_model_types()[name]


def is_measured(name: str) -> bool:
    """Returns True for a type whose outcomes the suite measures itself; False for an unknown type."""
    found = all_model_types().get(name)
    return found is not None and found.outcomes.measured


def _modules() -> Iterator[str]:
    for area in pkgutil.iter_modules(groundswell_server.__path__, f"{groundswell_server.__name__}."):
        folder = f"{area.name}.{FOLDER}"
        spec = find_spec(folder) if area.ispkg else None
        if spec is not None and spec.submodule_search_locations is not None:
            yield from (found.name for found in pkgutil.iter_modules(spec.submodule_search_locations, f"{folder}."))

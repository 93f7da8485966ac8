"""The services of the suite by name: each has a folder of this name with a `service.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from google.protobuf.descriptor import ServiceDescriptor

from groundswell.call_options import options_of
from groundswell.v1.services import services

SERVICES: Mapping[str, ServiceDescriptor] = services()
"""Every service of the contract, and the standard services that its files import."""


def unknown_service(names: Iterable[str]) -> str:
    """Returns an error message about the first name that is no service; empty when all are known."""
    unknown = next((name for name in names if name not in SERVICES), None)
    return "" if unknown is None else f"there is no service {unknown!r}; the services are {', '.join(SERVICES)}"


def all_scopes() -> list[str]:
    """Returns every scope that a call of the suite requires, sorted."""
    return sorted({options_of(method).scope for service in SERVICES.values() for method in service.methods})

"""Requests that every call has to refuse by rules that the contract cannot state: a module per service.

Rules that the contract states are broken by requests that `violations` generates.
"""

from importlib import import_module
from pkgutil import iter_modules

from tests.contract.bad_requests.request import Bad, Fields, filled

_SERVICES = [
    import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__) if module.name != "request"
]

BAD: dict[str, list[Bad]] = {name: rows for service in _SERVICES for name, rows in service.BAD.items()}
"""Rows by call."""
NARROWER: dict[str, Fields] = {
    name: fields for service in _SERVICES for name, fields in getattr(service, "NARROWER", {}).items()
}
"""By list call: the fields of a query that returns less than the whole list."""

__all__ = ["BAD", "NARROWER", "Bad", "filled"]

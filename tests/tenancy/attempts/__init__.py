"""Attempts to reach another workspace: a module per service, found by scanning this folder."""

from importlib import import_module
from pkgutil import iter_modules

from tests.tenancy.attempts.attempt import Attempt

ATTEMPTS: dict[str, list[Attempt]] = {
    name: attempts
    for module in iter_modules(__path__)
    if module.name != "attempt"
    for name, attempts in import_module(f"{__name__}.{module.name}").ATTEMPTS.items()
}
"""Attempts by call."""

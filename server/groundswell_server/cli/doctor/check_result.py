"""The result of a check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check."""

    check: str
    level: Literal["ok", "warn", "fail"]
    message: str
    cure: str = ""


def checked(check: str, work: Callable[[], str], cure: str) -> CheckResult:
    """Returns a finding with the message that `work` returns, or with the error that it raises."""
    from groundswell_server.settings import SettingsError
    from groundswell_storage.errors import GroundswellError

    try:
        return CheckResult(check, "ok", work())
    except (SettingsError, GroundswellError, OSError) as error:
        return CheckResult(check, "fail", str(error), cure)

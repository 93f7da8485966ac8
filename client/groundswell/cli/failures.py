"""Errors in words for people, and the exit codes that programs read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any, Final

import click

from groundswell.cli.contract import commands

if TYPE_CHECKING:
    from groundswell import errors

FAILED: Final = 1
CALLED_WRONGLY: Final = 2
NOT_FOUND: Final = 3
NOT_ALLOWED: Final = 4
UNAVAILABLE: Final = 5
INTERRUPTED: Final = 130

NEEDS_SERVER: Final = "this needs the server: pip install 'groundswell[server]'"
_OWN_PACKAGES: Final = {"groundswell", "groundswell_server", "groundswell_storage"}


class Failure(click.ClickException):
    """Ends the command with a message, a cure where one is known, and an exit code."""

    def __init__(self, message: str, *, cure: str = "", exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.cure = cure
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance too

    def show(self, file: IO[Any] | None = None) -> None:
        """Prints the error and its cure on stderr."""
        click.echo(f"error: {self.message}", file=file, err=True)
        if self.cure:
            click.echo(f"  {self.cure}", file=file, err=True)


def failure_of(error: Exception, as_typed: Callable[[str], str] = str) -> Failure | None:
    """Returns the failure for an error of a call, the system or an import; None for any other error, which is a bug.

    `as_typed` translates paths of fields into what was typed.
    """
    from groundswell import errors

    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] not in _OWN_PACKAGES:
        return Failure(NEEDS_SERVER)
    if not isinstance(error, errors.GroundswellError):
        return Failure(" ".join(str(error).split())) if isinstance(error, OSError) else None
    exit_codes = (
        (errors.InvalidArgument, CALLED_WRONGLY),
        (errors.NotFound, NOT_FOUND),
        (errors.Unauthenticated | errors.PermissionDenied, NOT_ALLOWED),
        (errors.Unavailable | errors.ResourceExhausted | errors.DeadlineExceeded, UNAVAILABLE),
    )
    code = next((code for kind, code in exit_codes if isinstance(error, kind)), FAILED)
    return Failure(_message(error, as_typed), cure=_cure(error), exit_code=code)


def _message(error: errors.GroundswellError, as_typed: Callable[[str], str]) -> str:
    if not error.fields:
        return " ".join(str(error).split())
    reason = f" ({error.reason})" if error.reason else ""
    wrong = [f"{as_typed(each.field)}: {each.description}" for each in error.fields]
    if len(wrong) == 1:
        return f"{wrong[0]}{reason}"
    return "\n  ".join([f"the request is invalid{reason}", *wrong])


def _cure(error: errors.GroundswellError) -> str:
    from groundswell import errors

    if isinstance(error, errors.Unauthenticated):
        return "set GROUNDSWELL_API_KEY; `groundswell keys create NAME --role writer` makes a key"
    if error.retry_after is not None:
        return f"try again in {error.retry_after.total_seconds():g} s"
    if isinstance(error, errors.NotFound):
        return next(_listings(error.reason.removesuffix("_NOT_FOUND")), "")
    return ""


def _listings(noun: str) -> Iterator[str]:
    """The command that lists what was not found, where the contract has one."""
    singular = noun.lower().replace("_", "-")
    for resource, verbs in commands().items():
        if singular and resource in (f"{singular}s", f"{singular[:-1]}ies") and "list" in verbs:
            yield f"`groundswell {resource} list` shows the {resource} of the workspace"

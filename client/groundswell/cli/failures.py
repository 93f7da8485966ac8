"""Errors in words for people, and the exit codes that programs read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Any, Final

import click

from groundswell import errors
from groundswell.cli.contract import commands

FAILED: Final = 1
CALLED_WRONGLY: Final = 2
NOT_FOUND: Final = 3
NOT_ALLOWED: Final = 4
UNAVAILABLE: Final = 5
INTERRUPTED: Final = 130

_EXIT_CODES: Final = (
    (errors.InvalidArgument, CALLED_WRONGLY),
    (errors.NotFound, NOT_FOUND),
    (errors.Unauthenticated, NOT_ALLOWED),
    (errors.PermissionDenied, NOT_ALLOWED),
    (errors.Unavailable, UNAVAILABLE),
    (errors.ResourceExhausted, UNAVAILABLE),
    (errors.DeadlineExceeded, UNAVAILABLE),
)


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


def failure_of(error: errors.GroundswellError | OSError, as_typed: Callable[[str], str] = str) -> Failure:
    """How a command ends after an error; `as_typed` translates paths of fields into what was typed."""
    if not isinstance(error, errors.GroundswellError):
        return Failure(" ".join(str(error).split()))
    code = next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), FAILED)
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

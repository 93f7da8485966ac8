"""The filter of ListOperations: `done = true AND kind = "learning.train_model"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from groundswell_storage.errors import InvalidArgument
from groundswell_storage.jobs import operations
from groundswell_storage.jobs.operations import Operation
from groundswell_storage.pages import Page
from groundswell_storage.scope import Scope

_MAX_FILTER_LENGTH = 1000
_STATES = frozenset(("PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"))
_COMPARISON = re.compile(r'\s*(?P<field>[a-z]+)\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[\w.-]+))\s*', re.ASCII)
_AND = re.compile(r"AND\b\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which operations a list is to hold."""

    kind: str = ""
    """Of this kind; of any when empty."""
    states: frozenset[str] = frozenset()
    """In one of these states; in any when empty."""


def parse(text: str) -> Wanted:
    """Reads a filter: comparisons with `=` of `done`, `state` and `kind`, joined by AND.

    Raises InvalidArgument naming what it does not understand.
    """
    kind, states = "", _STATES
    for field, value in _comparisons(text):
        if field == "done" and value in ("true", "false"):
            states &= operations.ENDED if value == "true" else _STATES - operations.ENDED
        elif field == "state" and value in _STATES:
            states &= {value}
        elif field == "kind" and kind in ("", value):
            kind = value
        else:
            raise _invalid(
                f"{field} = {value!r} is not one it can have: done = true or false, "
                f"state = {', '.join(sorted(_STATES))}, kind = a name, each once"
            )
    if not states:
        raise _invalid("excludes every operation: its states contradict each other")
    return Wanted(kind, frozenset() if states == _STATES else states)


def list_operations(scope: Scope, wanted: Wanted, *, page_size: int, page_token: str) -> Page[Operation]:
    """The workspace's operations, newest first."""
    return operations.list_operations(
        scope, kind=wanted.kind, states=wanted.states, page_size=page_size, page_token=page_token
    )


def _comparisons(text: str) -> Iterator[tuple[str, str]]:
    if len(text) > _MAX_FILTER_LENGTH:
        raise _invalid(f"is longer than {_MAX_FILTER_LENGTH} characters")
    position = 0
    while text[position:].strip():
        found = _COMPARISON.match(text, position)
        if found is None:
            raise _invalid(
                f"is not understood from character {position + 1} on; write for example: done = true AND "
                f'kind = "learning.train_model"'
            )
        yield found["field"], found["quoted"] if found["bare"] is None else found["bare"]
        position = found.end()
        if position < len(text):
            joined = _AND.match(text, position)
            if joined is None or not text[joined.end() :]:
                raise _invalid(f"needs AND and another comparison at character {position + 1}")
            position = joined.end()


def _invalid(description: str) -> InvalidArgument:
    return InvalidArgument.of("filter", description, reason="VALIDATION_FAILED")

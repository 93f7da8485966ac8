"""The filter of ListOperations: `done = true AND kind = "learning.train_model"`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from groundswell_storage.errors import InvalidArgument
from groundswell_storage.jobs import operations

_MAX_FILTER_LENGTH = 1000
_STATES = frozenset(("PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"))
_COMPARISON = re.compile(r'\s*(?P<field>[a-z]+)\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[\w.-]+))\s*', re.ASCII)
_AND = re.compile(r"AND\b\s*", re.ASCII)


def parse_filter(text: str) -> tuple[str, frozenset[str]]:
    """Returns the kind and the states that a filter selects; an empty kind or set of states selects all.

    A filter joins comparisons with `=` of `done`, `state` and `kind` by AND. Raises InvalidArgument naming the part
    that is not one.
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
                f"does not support {field} = {value!r}; it supports done = true or false, "
                f"state = {', '.join(sorted(_STATES))}, and kind = a name, each once"
            )
    if not states:
        raise _invalid("excludes every operation, because its states contradict each other")
    return kind, frozenset() if states == _STATES else states


def _comparisons(text: str) -> Iterator[tuple[str, str]]:
    if len(text) > _MAX_FILTER_LENGTH:
        raise _invalid(f"must be at most {_MAX_FILTER_LENGTH} characters long, got {len(text)}")
    position = 0
    while text[position:].strip():
        found = _COMPARISON.match(text, position)
        if found is None:
            raise _invalid(
                f"cannot be parsed from character {position + 1} on; an example of a filter is: done = true AND "
                f'kind = "learning.train_model"'
            )
        yield found["field"], found["quoted"] if found["bare"] is None else found["bare"]
        position = found.end()
        if position < len(text):
            joined = _AND.match(text, position)
            if joined is None or not text[joined.end() :]:
                raise _invalid(f"must have AND and another comparison at character {position + 1}")
            position = joined.end()


def _invalid(description: str) -> InvalidArgument:
    return InvalidArgument.of("filter", description, reason="VALIDATION_FAILED")

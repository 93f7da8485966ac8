"""The handles of personas, registered for the whole deployment: no human acts under them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from groundswell_server.engagement.bot_detection.handles import normalize_handle
from groundswell_storage.engagement import persona_handles
from groundswell_storage.engagement.enums import Platform
from groundswell_storage.errors import AlreadyExists, InvalidArgument
from groundswell_storage.jobs import operations
from groundswell_storage.scope import Scope

REJUDGE_HANDLES = "engagement.rejudge_handles"
"""The operation that judges the interactions of newly registered handles again."""


@dataclass(frozen=True, slots=True)
class Handle:
    """An account on a platform."""

    platform: Platform
    handle: str
    follower_count: int | None = None
    """None where unknown."""

    @property
    def key(self) -> tuple[int, str]:
        """Returns the key of the handle in the register, the same for all spellings."""
        return int(self.platform), normalize_handle(self.handle)


def register_handles(
    scope: Scope, persona_id: str, handles: Sequence[Handle], field: str, old: Sequence[Handle] = ()
) -> None:
    """Registers the handles of a persona instead of its `old` ones, and starts the rejudgment of those that are new.

    Raises AlreadyExists (`HANDLE_TAKEN`), and InvalidArgument naming the `field` and the position in it.
    """
    wanted: dict[tuple[int, str], Handle] = {}
    for position, each in enumerate(handles):
        problem = _problem(each, is_repeated=each.key in wanted)
        if problem:
            raise InvalidArgument.of(f"{field}[{position}].handle", problem)
        wanted[each.key] = each
    if old:
        persona_handles.unregister(scope, persona_id)
    # One order everywhere prevents deadlocks between servers that register the same handles.
    taken = persona_handles.register(scope, persona_id, sorted(wanted))
    if taken is not None:
        raise _handle_taken(wanted[taken])
    new = sorted(wanted.keys() - {each.key for each in old})
    if new:
        operations.create(scope, REJUDGE_HANDLES, json.dumps(new).encode())


def _problem(handle: Handle, *, is_repeated: bool) -> str:
    """Returns what a handle breaks, or "" for a good one."""
    if not handle.key[1]:
        return f"must contain more than @ and dots, got {handle.handle!r}"
    if not handle.handle.isprintable():
        # Two handles that look alike would be distinct, and users could not see why only one of them is registered.
        return f"must contain only printable characters, got {handle.handle!r}"
    return f"must be unique on the platform, got {handle.handle!r} twice" if is_repeated else ""


def _handle_taken(handle: Handle) -> AlreadyExists:
    """Returns the error of a taken handle. It does not name the owner, who may be in another workspace."""
    platform = handle.platform.name
    error = AlreadyExists("handle", f"{platform}/{handle.handle}", reason="HANDLE_TAKEN")
    error.metadata = {"platform": platform, "handle": handle.handle}
    return error

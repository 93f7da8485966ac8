"""Personas: made, changed, hidden; and the register that knows their handles on all workspaces' behalf."""

from __future__ import annotations

import json
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from groundswell_server.engagement import audited
from groundswell_server.engagement.bot_detection.handles import normalize_handle
from groundswell_server.engagement.enums import Platform
from groundswell_storage import operations
from groundswell_storage.engagement import personas
from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.errors import AlreadyExists, InvalidArgument, NotFound
from groundswell_storage.pages import Page
from groundswell_storage.revisions import check_etag, etag_of, revise
from groundswell_storage.scope import Scope
from groundswell_storage.topics import PERSONA_CHANGED

DEFAULT_TIME_ZONE = "UTC"
_ZONES_OF_MACHINES = frozenset({"Factory", "localtime", "posix", "posixrules", "right"})
"""Names, or their first parts, that a server may find beside the zones, elsewhere otherwise or not at all."""
REJUDGE_HANDLES = "engagement.rejudge_handles"
"""The operation that judges again what handles did before they were registered."""


@dataclass(frozen=True, slots=True)
class Handle:
    """An account on a platform."""

    platform: Platform
    handle: str
    follower_count: int | None = None
    """None where unknown."""


@dataclass(frozen=True, slots=True)
class PersonaDraft:
    """What a persona is made of."""

    name: str
    niche: str = ""
    handles: tuple[Handle, ...] = ()
    time_zone: str = DEFAULT_TIME_ZONE
    """IANA name."""


@dataclass(frozen=True, slots=True)
class Persona:
    """A voice that content is made for and posted as."""

    id: str
    name: str
    niche: str
    handles: tuple[Handle, ...]
    time_zone: str
    sharing_opt_out: bool
    tracking_opt_out: bool
    create_time: datetime
    update_time: datetime
    delete_time: datetime | None
    etag: str

    def followers_on(self, platform: Platform) -> int | None:
        """Followers on a platform, those of all handles there together; None where none are known."""
        known = [handle.follower_count for handle in self.handles if handle.platform is platform]
        counts = [count for count in known if count is not None]
        return sum(counts) if counts else None


def create_persona(scope: Scope, draft: PersonaDraft) -> Persona:
    """Makes a persona and enters its handles; raises AlreadyExists (`HANDLE_TAKEN`)."""
    row = scope.insert(
        PersonaRow,
        id=scope.new_id(),
        name=_name(draft.name, "name"),
        niche=draft.niche,
        handles=_stored_handles(draft.handles),
        time_zone=_time_zone(draft.time_zone, "time_zone"),
        create_time=scope.now,
        update_time=scope.now,
    )
    _register(scope, row.id, draft.handles, "handles")
    audited.created(scope, "persona.created", row)
    return _told(scope, row)


def get_persona(scope: Scope, id: str) -> Persona:
    """A persona, also one that is deleted; raises NotFound."""
    return persona_of(scope.get(PersonaRow, id))


def active_persona(scope: Scope, id: str) -> Persona:
    """A persona that can be worked with; raises NotFound for one that is deleted, too."""
    return persona_of(_living(scope.get(PersonaRow, id)))


def list_personas(
    scope: Scope, *, niche: str = "", show_deleted: bool = False, page_size: int = 0, page_token: str = ""
) -> Page[Persona]:
    """One page of the workspace's personas, newest first."""
    found = personas.page(scope, niche=niche, show_deleted=show_deleted, page_size=page_size, page_token=page_token)
    return found.map(persona_of)


def update_persona(scope: Scope, id: str, changes: Mapping[str, Any], etag: str = "") -> Persona:
    """Changes fields of a persona: `name`, `niche`, `handles` (of Handle) and `time_zone`.

    Raises NotFound, Aborted (`ETAG_MISMATCH`), AlreadyExists (`HANDLE_TAKEN`).
    """
    row = _living(scope.get(PersonaRow, id, lock=True))
    check_etag(row.version, etag)
    values = dict(changes)
    if not values:
        return persona_of(row)
    if "name" in values:
        _name(values["name"], "persona.name")
        # A name that an import made it under is free for imports again once it is called otherwise.
        values["import_name"] = row.import_name if row.import_name == values["name"] else None
    if "time_zone" in values:
        values["time_zone"] = _time_zone(values["time_zone"], "persona.time_zone")
    if "handles" in values:
        personas.unregister(scope, id)
        _register(scope, id, values["handles"], "persona.handles", known=persona_of(row).handles)
        values["handles"] = _stored_handles(values["handles"])
    with audited.changed(scope, "persona.updated", row):
        revise(scope, row, **values)
    return _told(scope, row)


def delete_persona(scope: Scope, id: str) -> Persona:
    """Hides a persona; what it posted stays. Doing it again changes nothing.

    Its handles stay in the register, for what they did is no person's; another persona can take them over.
    """
    row = scope.get(PersonaRow, id, lock=True)
    if row.delete_time is not None:
        return persona_of(row)
    personas.retire(scope, id)
    with audited.changed(scope, "persona.deleted", row):
        revise(scope, row, delete_time=scope.now, import_name=None)
    return _told(scope, row)


def persona_for_import(scope: Scope, name: str, time_zone: str) -> tuple[Persona, bool]:
    """The persona that an import means by a name, and whether it was made for it just now."""
    found = personas.named(scope, name)
    if found is not None:
        return persona_of(found), False
    made = personas.insert_for_import(scope, name, _time_zone(time_zone, "time_zone"))
    if made is not None:
        return _told(scope, made), True
    faster = personas.named(scope, name)
    if faster is None:
        raise NotFound("persona", name)
    return persona_of(faster), False


def persona_of(row: PersonaRow) -> Persona:
    """The persona of a row."""
    return Persona(
        id=row.id,
        name=row.name,
        niche=row.niche,
        handles=tuple(
            Handle(Platform(stored["platform"]), stored["handle"], stored["follower_count"]) for stored in row.handles
        ),
        time_zone=row.time_zone,
        sharing_opt_out=row.sharing_opt_out,
        tracking_opt_out=row.tracking_opt_out,
        create_time=row.create_time,
        update_time=row.update_time,
        delete_time=row.delete_time,
        etag=etag_of(row.version),
    )


def _told(scope: Scope, row: PersonaRow) -> Persona:
    scope.publish(PERSONA_CHANGED, row.id, {})
    return persona_of(row)


def _living(row: PersonaRow) -> PersonaRow:
    if row.delete_time is not None:
        raise NotFound("persona", row.id)
    return row


def _stored_handles(handles: Sequence[Handle]) -> list[dict[str, object]]:
    return [
        {"platform": int(each.platform), "handle": each.handle, "follower_count": each.follower_count}
        for each in handles
    ]


def _register(
    scope: Scope, persona_id: str, handles: Sequence[Handle], field: str, known: Sequence[Handle] = ()
) -> None:
    """Enters handles, and has what those not `known` before did until now judged again."""
    wanted: dict[tuple[int, str], Handle] = {}
    for position, each in enumerate(handles):
        key = (int(each.platform), normalize_handle(each.handle))
        if not key[1]:
            raise InvalidArgument.of(f"{field}[{position}].handle", "has nothing but @ and dots")
        if not each.handle.isprintable():
            # Two that look alike would be two, and nobody would see why the register knows the one alone.
            raise InvalidArgument.of(f"{field}[{position}].handle", "holds a character that nobody sees")
        if key in wanted:
            raise InvalidArgument.of(f"{field}[{position}].handle", "is there twice on this platform")
        wanted[key] = each
    # In one order everywhere, so that two servers that enter the same handles wait for, not block, each other.
    taken = personas.register(scope, persona_id, sorted(wanted))
    if taken is not None:
        raise _handle_taken(wanted[taken])
    new = sorted(wanted.keys() - {(int(each.platform), normalize_handle(each.handle)) for each in known})
    if new:
        operations.create(scope, REJUDGE_HANDLES, json.dumps(new).encode())


def _handle_taken(handle: Handle) -> AlreadyExists:
    """Says that it is taken, not by whom: that may be another workspace's."""
    platform = handle.platform.name
    error = AlreadyExists("handle", f"{platform}/{handle.handle}", reason="HANDLE_TAKEN")
    error.metadata = {"platform": platform, "handle": handle.handle}
    return error


def _name(name: str, field: str) -> str:
    if not name.strip():
        raise InvalidArgument.of(field, "must not be empty")
    return name


def _time_zone(name: str, field: str) -> str:
    """The name of a time zone that exists, "UTC" for none."""
    if not name:
        return DEFAULT_TIME_ZONE
    try:
        if name.partition("/")[0] in _ZONES_OF_MACHINES:
            raise ValueError(name)
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidArgument.of(field, f"{name!r} is not a time zone of the IANA database") from None
    return name

"""Personas: created, read, changed and deleted, and found by name for imports."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from groundswell_server.engagement.persona_handles import Handle, register_handles
from groundswell_storage import resources
from groundswell_storage.engagement import persona_handles, personas
from groundswell_storage.engagement.enums import Platform
from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.errors import InvalidArgument, NotFound
from groundswell_storage.pages import Page
from groundswell_storage.records import record_of, values_of
from groundswell_storage.resources import check_etag
from groundswell_storage.scope import Scope

DEFAULT_TIME_ZONE = "UTC"
_ZONES_OF_MACHINES = frozenset({"Factory", "localtime", "posix", "posixrules", "right"})
"""Names (or first parts of names) of files that lie beside the time zones on some machines."""


@dataclass(frozen=True, slots=True)
class PersonaDraft:
    """The fields of a new persona."""

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
        """Returns the followers of all handles on a platform; None when none are known."""
        known = [handle.follower_count for handle in self.handles if handle.platform is platform]
        counts = [count for count in known if count is not None]
        return sum(counts) if counts else None


def create_persona(scope: Scope, draft: PersonaDraft) -> Persona:
    """Creates a persona and registers its handles; raises AlreadyExists (`HANDLE_TAKEN`)."""
    id, values = scope.new_id(), _checked(values_of(draft), "")
    register_handles(scope, id, draft.handles, "handles")
    return record_of(Persona, resources.create(scope, PersonaRow, id=id, **values))


def get_persona(scope: Scope, id: str) -> Persona:
    """Returns a persona, a deleted one too; raises NotFound."""
    return record_of(Persona, scope.get(PersonaRow, id))


def active_persona(scope: Scope, id: str) -> Persona:
    """Returns a persona that is not deleted; raises NotFound."""
    return record_of(Persona, _active(scope.get(PersonaRow, id)))


def check_active(scope: Scope, ids: Iterable[str]) -> None:
    """Raises NotFound for the first persona that does not exist or is deleted."""
    for id in ids:
        active_persona(scope, id)


def list_personas(
    scope: Scope, *, niche: str = "", show_deleted: bool = False, page_size: int = 0, page_token: str = ""
) -> Page[Persona]:
    """Returns one page of the workspace's personas, newest first; an empty `niche` means any."""
    conditions = [PersonaRow.niche == niche] if niche else []
    if not show_deleted:
        conditions.append(PersonaRow.delete_time.is_null())
    found = resources.page(scope, PersonaRow, *conditions, page_size=page_size, page_token=page_token)
    return found.map(partial(record_of, Persona))


def update_persona(scope: Scope, id: str, changes: Mapping[str, Any], etag: str = "") -> Persona:
    """Changes fields of `PersonaDraft`.

    Raises NotFound, Aborted (`ETAG_MISMATCH`), AlreadyExists (`HANDLE_TAKEN`).
    """
    row = _active(scope.get(PersonaRow, id, lock=True))
    check_etag(row.version, etag)
    values = _checked(changes, "persona.")
    if "name" in values and values["name"] != row.import_name:
        # Imports may use the name that one of them created the persona under again, once the persona has another.
        values["import_name"] = None
    if "handles" in values:
        register_handles(scope, id, values["handles"], "persona.handles", old=record_of(Persona, row).handles)
    if values:
        resources.change(scope, row, **values)
    return record_of(Persona, row)


def delete_persona(scope: Scope, id: str) -> Persona:
    """Hides a persona and keeps its posts. Doing it again changes nothing.

    Its handles stay registered, because no human acted under them; another persona can take them over.
    """
    row = scope.get(PersonaRow, id, lock=True)
    if row.delete_time is None:
        persona_handles.retire(scope, id)
        resources.change(scope, row, action="deleted", delete_time=scope.now, import_name=None)
    return record_of(Persona, row)


def persona_for_import(scope: Scope, name: str, time_zone: str) -> tuple[Persona, bool]:
    """Returns the persona for the name that an import gives, and whether this call created it."""
    row = personas.named(scope, name)
    is_new = row is None and personas.insert_for_import(scope, name, _time_zone(time_zone, "time_zone"))
    row = row or personas.named(scope, name)
    if row is None:
        raise NotFound("persona", name)
    if is_new:
        scope.publish(row.topic, row.id, row.event_payload())
    return record_of(Persona, row), is_new


def _active(row: PersonaRow) -> PersonaRow:
    if row.delete_time is not None:
        raise NotFound("persona", row.id)
    return row


def _checked(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Returns the values of a draft as they are stored; raises InvalidArgument."""
    if not values.get("name", "-").strip():
        raise InvalidArgument.of(f"{prefix}name", "must not be empty")
    zone = {"time_zone": _time_zone(values["time_zone"], f"{prefix}time_zone")} if "time_zone" in values else {}
    return {**values, **zone}


def _time_zone(name: str, field: str) -> str:
    """Returns the name of an existing time zone, "UTC" when empty."""
    if not name:
        return DEFAULT_TIME_ZONE
    try:
        if name.partition("/")[0] in _ZONES_OF_MACHINES:
            raise ValueError(name)
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidArgument.of(field, f"must be a time zone of the IANA database, got {name!r}") from None
    return name

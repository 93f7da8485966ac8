"""Personas."""

from __future__ import annotations

from peewee import BooleanField, TextField

from groundswell_storage.events.topics import PERSONA_CHANGED
from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.resources import Resource
from groundswell_storage.scope import Scope


class PersonaRow(Resource):
    """A voice that content is created for and posted as."""

    name = TextField()
    niche = TextField()
    handles = JsonField()
    """`[{"platform": 1, "handle": "luna.sky", "follower_count": 1200 or null}]`, as the user wrote them."""
    time_zone = TextField()
    sharing_opt_out = BooleanField(default=False)
    tracking_opt_out = BooleanField(default=False)
    import_name = TextField(null=True)
    """The name under which an import created the persona; null for other personas. It is unique, so that two imports
    cannot create the same persona."""
    delete_time = InstantField(null=True)

    topic = PERSONA_CHANGED
    audited = ("name", "niche", "handles", "time_zone", "delete_time")

    class Meta:
        indexes = (
            (("workspace", "create_time", "id"), False),
            (("workspace", "name"), False),
            (("workspace", "import_name"), True),
        )


def named(scope: Scope, name: str) -> PersonaRow | None:
    """Returns the persona that an import created under this name, else the oldest one; deleted ones are left out."""
    query = scope.select(PersonaRow).where(PersonaRow.name == name, PersonaRow.delete_time.is_null())
    by_import = PersonaRow.import_name.is_null()
    found: PersonaRow | None = query.order_by(by_import, PersonaRow.create_time, PersonaRow.id).first()
    return found


def insert_for_import(scope: Scope, name: str, time_zone: str) -> bool:
    """Adds the persona that imports mean by this name; returns False when another import was faster."""
    times = {"create_time": scope.now, "update_time": scope.now}
    row = {"id": scope.new_id(), "name": name, "niche": "", "handles": [], "time_zone": time_zone, "import_name": name}
    return bool(scope.insert_many(PersonaRow, [row | times], skip_existing=True))

"""The register knows the handles of personas that were deleted before it kept them: what they did is no person's."""

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import peewee
from peewee import (
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DoubleField,
    IntegerField,
    JSONField,
    SmallIntegerField,
    TextField,
)

from groundswell_storage.ids import uuid7


def up(migrator: Any, db: Any) -> None:
    """Enters them as nobody's, and has what they did since judged again."""

    class Frozen(peewee.Model):
        workspace = TextField()

        class Meta:
            database = db
            legacy_table_names = False

    class Persona(Frozen):
        id = TextField(primary_key=True)
        handles = JSONField()
        deleted = BigIntegerField(null=True)

    class PersonaHandle(Frozen):
        platform = SmallIntegerField()
        handle = TextField()
        persona_id = TextField()

        class Meta:
            primary_key = CompositeKey("platform", "handle")

    class Operation(Frozen):
        id = TextField(primary_key=True)
        kind = TextField()
        state = TextField()
        request = BlobField()
        actor = TextField()
        progress_pct = DoubleField()
        message = TextField()
        response_type = TextField()
        error_code = TextField()
        error_reason = TextField()
        error_message = TextField()
        error_metadata = JSONField()
        cancel_requested = BooleanField()
        attempt = IntegerField()
        max_attempts = IntegerField()
        lease_token = TextField()
        created = BigIntegerField()

    personas: Any = Persona
    registered: Any = PersonaHandle
    known = {(row.platform, row.handle) for row in registered.select()}
    entered: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in personas.select().where(personas.deleted.is_null(False)).order_by(personas.id):
        for each in row.handles:
            key = each["platform"], each["handle"].casefold().replace("@", "").replace(".", "").replace(" ", "")
            if key not in known:
                known.add(key)
                entered[row.workspace].append(key)
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    operations: Any = Operation
    texts = ("message", "response_type", "error_code", "error_reason", "error_message", "lease_token")
    for workspace, handles in entered.items():
        for platform, handle in handles:
            registered.create(workspace=workspace, platform=platform, handle=handle, persona_id="")
        operations.create(
            workspace=workspace,
            id=uuid7(),
            kind="engagement.judge_handles",
            state="PENDING",
            request=json.dumps(handles).encode(),
            actor="migration",
            progress_pct=0.0,
            error_metadata={},
            cancel_requested=False,
            attempt=0,
            max_attempts=3,
            created=now,
            **dict.fromkeys(texts, ""),
        )

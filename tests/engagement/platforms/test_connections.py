"""Connections: their visible fields, their tokens, and the periodic sync."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import grpc
import pytest

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.engagement.connections import connections, token_vault
from groundswell_server.engagement.connections.token_vault import TokenVault, rotate_keys
from groundswell_server.engagement.jobs import SYNC, sync_hourly
from groundswell_server.observability import logs
from groundswell_storage.access import secrets
from groundswell_storage.engagement.enums import Platform
from groundswell_storage.errors import DataLoss
from groundswell_storage.jobs import operations
from tests.engagement.platforms.studio import TOKEN, Studio
from tests.engagement.recorded_data import INSTAGRAM, TIKTOK, make_persona
from tests.errors import refusal
from tests.running import RunningServer

PREFIX = "platform_token_key/"


def test_a_connection_is_listed_without_its_token_and_ends(engagement_server: RunningServer) -> None:
    key = engagement_server.key("connections")
    stub = engagement_server.engagement(key)
    persona = make_persona(stub)
    expires = datetime.now(UTC) + timedelta(days=60)
    asked = pb.ConnectPlatformRequest(
        persona_id=persona.id, platform=INSTAGRAM, access_token=TOKEN, account="@luna", expire_time=expires
    )
    made = stub.ConnectPlatform(asked).connection
    again = stub.ConnectPlatform(asked).connection
    stub.ConnectPlatform(pb.ConnectPlatformRequest(platform=TIKTOK, access_token=TOKEN))
    assert made.id != again.id, "the newer token is another connection"
    assert (again.state, again.account, again.persona_id) == (pb.CONNECTION_STATE_CONNECTED, "@luna", persona.id)
    assert len(stub.ListPlatforms(pb.ListPlatformsRequest()).connections) == 2
    (listed,) = stub.ListPlatforms(pb.ListPlatformsRequest(persona_id=persona.id)).connections
    assert listed == again
    assert TOKEN not in str(listed)
    stub.DisconnectPlatform(pb.DisconnectPlatformRequest(persona_id=persona.id, platform=INSTAGRAM))
    with refusal() as refused:
        stub.DisconnectPlatform(pb.DisconnectPlatformRequest(persona_id=persona.id, platform=INSTAGRAM))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "CONNECTION_NOT_FOUND")


def test_connecting_twice_by_one_request_id_is_once(engagement_server: RunningServer) -> None:
    stub = engagement_server.engagement(engagement_server.key("connections-once"))
    asked = pb.ConnectPlatformRequest(platform=TIKTOK, access_token=TOKEN, request_id="once")
    assert stub.ConnectPlatform(asked) == stub.ConnectPlatform(asked)


def test_a_sync_is_an_operation_with_its_moment_filled_in(engagement_server: RunningServer) -> None:
    stub = engagement_server.engagement(engagement_server.key("connections-sync"))
    operation = stub.SyncPosts(pb.SyncPostsRequest(hours=6)).operation
    with engagement_server.app.database.scope("connections-sync") as scope:
        kept = operations.get(scope, operation.name.removeprefix("operations/"))
    request = pb.SyncPostsRequest.FromString(kept.request)
    assert (kept.kind, request.hours, request.HasField("as_of_time")) == (SYNC, 6, True)


def test_no_table_holds_a_token_that_can_be_read(studio: Studio) -> None:
    studio.connect(Platform.INSTAGRAM)
    names = [row[0] for row in studio.database.execute(_tables(studio)).fetchall()]
    assert "platform_connection" in names
    for name in names:
        for row in studio.database.execute(f'SELECT * FROM "{name}"').fetchall():
            assert not any(TOKEN in _text(value) for value in row), name


def test_a_token_opens_for_its_owner_alone() -> None:
    vault = TokenVault([bytes(32)])
    locked = vault.lock(TOKEN, "ours//1")
    assert vault.open(locked, "ours//1") == TOKEN
    for other, owner, content in [
        (vault, "theirs//1", locked),
        (TokenVault([bytes(range(32))]), "ours//1", locked),
        (vault, "ours//1", locked[:-2]),
    ]:
        with pytest.raises(DataLoss) as refused:
            other.open(content, owner)
        assert refused.value.reason == "SECRET_DAMAGED"


def test_keys_are_replaced_when_they_are_old_and_tokens_with_them(studio: Studio) -> None:
    studio.connect(Platform.TWITTER)
    rotate_keys(studio.database, studio.settings)
    first = secrets.secret_names(studio.database, PREFIX)
    assert len(first) == 1, "a young key stays"
    (before,) = stored_tokens(studio)
    for rotations in (1, 2, 3):
        age_keys(studio, days=91)
        rotate_keys(studio.database, studio.settings)
        assert len(secrets.secret_names(studio.database, PREFIX)) == min(1 + rotations, 2)
    (after,) = stored_tokens(studio)
    assert after != before
    with studio.database.scope("default") as scope:
        vault = token_vault.open_vault(studio.database, token_vault.sealer_of(studio.settings))
        ((_, connection),) = connections.usable(scope, vault).items()
    assert connection.token == TOKEN


def test_a_token_that_cannot_be_decrypted_keeps_no_other_from_use(studio: Studio) -> None:
    for platform in (Platform.TWITTER, Platform.TIKTOK):
        studio.connect(platform)
    with studio.database.transaction():
        studio.database.execute("UPDATE platform_connection SET token = ? WHERE platform = 3", (b"damaged",))
    with studio.database.scope("default") as scope:
        vault = token_vault.open_vault(studio.database, token_vault.sealer_of(studio.settings))
        assert [platform for _, platform in connections.usable(scope, vault)] == [Platform.TIKTOK]


def test_a_connection_expires(studio: Studio) -> None:
    studio.connect(Platform.TIKTOK)
    with studio.database.transaction():
        studio.database.execute("UPDATE platform_connection SET expire_time = 1")
    assert studio.connected(Platform.TIKTOK).state is connections.ConnectionState.TOKEN_EXPIRED
    studio.post(studio.persona(), Platform.TIKTOK, "late")
    assert studio.sync().unconnected_count == 1
    sync_hourly(studio.database, studio.settings)
    assert len(syncs(studio)) == 1, "the one that was asked for"


def test_every_hour_what_is_connected_is_synced_a_limit_at_a_time(studio: Studio) -> None:
    for platform in (Platform.INSTAGRAM, Platform.FACEBOOK, Platform.TIKTOK):
        studio.connect(platform)
    sync_hourly(studio.database, studio.settings)
    sync_hourly(studio.database, studio.settings)
    asked = [list(pb.SyncPostsRequest.FromString(each.request).platforms) for each in syncs(studio)]
    assert sorted(asked) == [[1, 2], [4]], "once, for a sync that is still to be done covers the hour"
    sync_hourly(studio.database, studio.settings.model_copy(update={"sync_hours": 0}))
    assert len(syncs(studio)) == 2


def test_tokens_are_scrubbed_from_logs() -> None:
    told = logs.scrub(f"GET https://graph.facebook.com/v26.0/1?metric=reach&access_token={TOKEN} Bearer {TOKEN}")
    assert TOKEN not in told
    assert "metric=reach" in told


def syncs(studio: Studio) -> list[operations.Operation]:
    """The syncs of the workspace."""
    with studio.database.scope(studio.workspace) as scope:
        return operations.list_operations(scope, kind=SYNC).items


def stored_tokens(studio: Studio) -> list[bytes]:
    """Encrypted."""
    return [bytes(token) for (token,) in studio.database.execute("SELECT token FROM platform_connection").fetchall()]


def age_keys(studio: Studio, *, days: int) -> None:
    """Makes the keys older; their names contain the time of creation, and they are sealed for their name."""
    sealer = token_vault.sealer_of(studio.settings)
    for name in secrets.secret_names(studio.database, PREFIX):
        key = secrets.deployment_secret(studio.database, name, sealer)
        older = f"{PREFIX}{int(name.removeprefix(PREFIX)) - days * 86_400_000_000:020d}"
        with studio.database.transaction():
            studio.database.execute(
                "UPDATE deployment_secret SET name = ?, sealed = ? WHERE name = ?",
                (older, sealer.seal(key, f"deployment_secret/{older}"), name),
            )


def _tables(studio: Studio) -> str:
    if studio.database.dialect == "sqlite":
        return "SELECT name FROM sqlite_master WHERE type = 'table'"
    return "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


def _text(value: object) -> str:
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)

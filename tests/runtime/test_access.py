"""Who gets in: keys, roles, scopes, workspaces, and where a server may listen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue

import grpc
import pytest

from groundswell.v1 import engagement_pb2 as pb
from groundswell.v1 import experiments_pb2 as xp
from groundswell.v1 import experiments_pb2_grpc
from groundswell_server.bootstrap import tls
from groundswell_server.settings import Settings, SettingsError
from groundswell_storage.access import keys
from tests.errors import refusal
from tests.running import RunningServer

NO_SUCH_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def test_on_loopback_no_key_is_needed(server: RunningServer) -> None:
    created = server.engagement().CreatePersona(pb.CreatePersonaRequest(name="Ava"))
    assert server.engagement().GetPersona(pb.GetPersonaRequest(persona_id=created.persona.id)).persona.name == "Ava"


def test_a_server_that_requires_keys_refuses_callers_without_one(sqlite_url: str) -> None:
    with RunningServer(sqlite_url, require_keys=True) as server, refusal() as refused:
        server.engagement().ListPersonas(pb.ListPersonasRequest())
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING")


@pytest.mark.parametrize("token", ["gsk_nobody_nothing", "gsk_", "nonsense", "Bearer", "gsk_\u00e9"])
def test_an_unknown_key_is_refused_even_on_loopback(server: RunningServer, token: str) -> None:
    metadata = ("authorization", f"Bearer {token}".encode("ascii", "replace").decode())
    with refusal() as refused:
        server.engagement(metadata).ListPersonas(pb.ListPersonasRequest())
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID")


def test_a_key_sees_its_own_workspace_alone(server: RunningServer) -> None:
    ours, theirs = server.engagement(server.key("ours")), server.engagement(server.key("theirs"))
    persona = ours.CreatePersona(pb.CreatePersonaRequest(name="Ava")).persona
    with refusal() as refused:
        theirs.GetPersona(pb.GetPersonaRequest(persona_id=persona.id))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "PERSONA_NOT_FOUND")
    assert not theirs.ListPersonas(pb.ListPersonasRequest()).personas


def test_the_use_of_a_key_is_noted(server: RunningServer) -> None:
    used, unused = server.key("default"), server.key("default")
    server.engagement(used).ListPersonas(pb.ListPersonasRequest())
    server.on_loop(server.app.authenticator.uses.flush)
    with server.app.database.scope("default") as scope:
        last_used = {record.id: record.last_use_time for record in keys.list_keys(scope).items}
    assert last_used[key_id(used)] is not None
    assert last_used[key_id(unused)] is None


def key_id(metadata: tuple[str, str]) -> str:
    return metadata[1].split("_")[1]


def test_a_reader_may_not_write(server: RunningServer) -> None:
    stub = server.engagement(server.key("default", "reader"))
    assert not stub.ListPersonas(pb.ListPersonasRequest()).personas
    with refusal() as refused:
        stub.CreatePersona(pb.CreatePersonaRequest(name="Ava"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
    assert refused.metadata["role"] == "reader"


def test_a_key_limited_by_scopes_may_do_nothing_else(server: RunningServer) -> None:
    stub = server.engagement(server.key("default", "admin", ["learning.read"]))
    with refusal() as refused:
        stub.ListPersonas(pb.ListPersonasRequest())
    assert refused.metadata["needs"] == "engagement.read"


def test_a_revoked_key_is_refused_by_a_running_server(server: RunningServer) -> None:
    key = server.key("default")
    stub = server.engagement(key)
    stub.ListPersonas(pb.ListPersonasRequest())
    with server.app.database.scope("default", "tester") as scope:
        keys.revoke(scope, key[1].split("_")[1])
    with refusal() as refused:
        for _ in range(100_000):  # until the news has arrived; it takes milliseconds
            stub.ListPersonas(pb.ListPersonasRequest())
    assert refused.reason == "CREDENTIALS_INVALID"


def test_streams_that_are_open_under_a_key_end_with_it_and_no_others(server: RunningServer) -> None:
    revoked, other = server.key("default"), server.key("default")
    watching, living = (server.engagement(key).WatchEngagement(pb.WatchEngagementRequest()) for key in (revoked, other))
    batches: SimpleQueue[xp.StreamEventsRequest] = SimpleQueue()
    sending = experiments_pb2_grpc.ExperimentsServiceStub(server.channel(revoked)).StreamEvents(iter(batches.get, None))
    batches.put(xp.StreamEventsRequest(sequence=1, events=[xp.ExperimentEvent()]))
    assert next(sending).sequence == 1
    for stream in (watching, living):
        stream.initial_metadata()
    with server.app.database.scope("default", "tester") as scope:
        keys.revoke(scope, key_id(revoked))
    for stream in (watching, sending):
        with refusal() as refused:
            list(stream)
        assert (refused.code, refused.reason) == (grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_INVALID")
    server.engagement(other).CreatePersona(pb.CreatePersonaRequest(name="Ava"))
    assert living.is_active()


def test_a_stream_ends_when_its_key_has_expired(server: RunningServer) -> None:
    key = server.key("default")
    watching = server.engagement(key).WatchEngagement(pb.WatchEngagementRequest())
    watching.initial_metadata()
    server.on_loop(server.app.authenticator.streams.check)
    assert watching.is_active()
    with server.app.database.scope("default", "tester") as scope:
        long_ago = scope.now - timedelta(days=1)
        scope.update(keys.ApiKeyRow, expire_time=long_ago).where(keys.ApiKeyRow.id == key_id(key)).execute()
    server.on_loop(server.app.authenticator.streams.check)
    with refusal() as refused:
        list(watching)
    assert refused.reason == "CREDENTIALS_INVALID"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9"])
def test_loopback_needs_no_protection(host: str) -> None:
    tls.check_exposure(Settings(host=host), has_keys=False, insecure=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com"])
def test_any_other_address_needs_tls_and_keys(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"TLS.*and an API key"):
        tls.check_exposure(Settings(host=host), has_keys=False, insecure=False)
    protected = Settings(host=host, tls_certificate=tmp_path / "c.pem", tls_private_key=tmp_path / "k.pem")
    with pytest.raises(SettingsError, match="API key"):
        tls.check_exposure(protected, has_keys=False, insecure=False)
    tls.check_exposure(protected, has_keys=True, insecure=False)
    tls.check_exposure(Settings(host=host), has_keys=False, insecure=True)

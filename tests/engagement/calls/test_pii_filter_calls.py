"""The PII filter of a workspace is on until an operator turns it off with a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from groundswell_storage.audit import audit
from groundswell_storage.engagement.enums import PiiFilter
from tests.errors import refusal
from tests.patience import eventually
from tests.running import RunningServer
from tests.wire import call, request_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PERSONAL = "Write to ann@example.com please"
MASKED = "Write to [e-mail] please"


class Caller:
    """Makes calls with one key."""

    def __init__(self, server: RunningServer, role: str = "admin", workspace: str = "acme") -> None:
        self._channel = server.channel(server.key(workspace, role))

    def __call__(self, name: str, /, **fields: Any) -> Any:
        return call(self._channel, name, request_of(name, **fields))[0]

    def post(self, platform_post_id: str = "p") -> str:
        persona = self("CreatePersona", name="Ava").persona
        made = {"persona_id": persona.id, "platform": 1, "platform_post_id": platform_post_id, "publish_time": NOON}
        return str(self("CreatePost", **made).post.id)

    def comment(self, post_id: str, actor: str) -> Any:
        one = {"kind": 2, "actor_handle": actor, "text": PERSONAL, "interact_time": NOON}
        return self("RecordInteractions", post_id=post_id, interactions=[one])

    def texts(self, post_id: str) -> set[str]:
        return {one.text for one in self("ListInteractions", post_id=post_id).interactions}


@pytest.fixture
def acme(server: RunningServer) -> Caller:
    return Caller(server)


def test_it_is_on_until_it_is_turned_off(acme: Caller) -> None:
    settings = acme("GetEngagementSettings").settings
    assert (settings.pii_filter, settings.reason, settings.HasField("update_time")) == (PiiFilter.ON, "", False)
    post_id = acme.post()
    acme.comment(post_id, "anna")
    assert acme.texts(post_id) == {MASKED}


def test_turned_off_it_leaves_texts_as_they_are_from_then_on(acme: Caller) -> None:
    post_id = acme.post()
    acme.comment(post_id, "anna")
    changed = acme("UpdateEngagementSettings", pii_filter=2, reason="consent of all participants").settings
    assert (changed.pii_filter, changed.reason) == (PiiFilter.OFF, "consent of all participants")
    assert acme("GetEngagementSettings").settings == changed

    def unmasked() -> bool:
        acme.comment(post_id, f"bo{len(acme('ListInteractions', post_id=post_id).interactions)}")
        return PERSONAL in acme.texts(post_id)

    eventually(unmasked)
    assert MASKED in acme.texts(post_id)


def test_what_was_recorded_while_it_was_on_is_known_when_it_is_off(acme: Caller) -> None:
    post_id = acme.post()
    acme.comment(post_id, "anna")
    acme("UpdateEngagementSettings", pii_filter=2, reason="consent")
    assert acme.comment(post_id, "anna").duplicate_count == 1
    assert acme.texts(post_id) == {MASKED}


def test_every_server_heeds_the_change(server: RunningServer) -> None:
    with RunningServer(server.settings.database_url.get_secret_value()) as second:
        ours, theirs = Caller(server), Caller(second)
        post_id = ours.post()
        theirs.comment(post_id, "anna")
        ours("UpdateEngagementSettings", pii_filter=2, reason="consent")

        def heeded() -> bool:
            theirs.comment(post_id, f"bo{len(theirs('ListInteractions', post_id=post_id).interactions)}")
            return PERSONAL in theirs.texts(post_id)

        eventually(heeded)


def test_the_audit_log_has_the_reason(server: RunningServer, acme: Caller) -> None:
    acme("UpdateEngagementSettings", pii_filter=2, reason="consent of all participants")
    acme("UpdateEngagementSettings", pii_filter=2, reason="consent of all participants")
    acme("UpdateEngagementSettings", pii_filter=1)
    with server.app.database.scope("acme") as scope:
        on, off = audit.list_entries(scope, action="engagement_settings.updated").items
    assert (off.reason, off.before, off.after) == (
        "consent of all participants",
        {"pii_filter": "ON"},
        {"pii_filter": "OFF"},
    )
    assert (on.before, on.after) == ({"pii_filter": "OFF"}, {"pii_filter": "ON"})
    assert acme("GetEngagementSettings").settings.reason == ""


def test_two_who_change_it_do_not_overwrite_each_other(acme: Caller) -> None:
    read = acme("GetEngagementSettings").settings
    acme("UpdateEngagementSettings", pii_filter=2, reason="first", etag=read.etag)
    with refusal() as refused:
        acme("UpdateEngagementSettings", pii_filter=2, reason="second", etag=read.etag)
    assert (refused.code, refused.reason) == (grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
    assert acme("GetEngagementSettings").settings.reason == "first"


@pytest.mark.parametrize("role", ["reader", "writer", "agent"])
def test_only_operators_decide(server: RunningServer, role: str) -> None:
    caller = Caller(server, role)
    for name, fields in (("GetEngagementSettings", {}), ("UpdateEngagementSettings", {"pii_filter": 1})):
        with refusal() as refused:
            caller(name, **fields)
        assert refused.code is grpc.StatusCode.PERMISSION_DENIED
    assert Caller(server, "operator")("GetEngagementSettings").settings.pii_filter == PiiFilter.ON

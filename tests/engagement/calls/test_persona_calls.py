"""Personas on the wire: made, read, listed, changed, hidden, and their handles registered once in the deployment."""

from __future__ import annotations

from uuid import uuid4

import grpc
import pytest

from groundswell.v1 import engagement_pb2
from groundswell.v1.engagement_pb2 import PlatformHandle
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import FACEBOOK, INSTAGRAM, NOBODY, make_persona
from tests.errors import refusal


@pytest.fixture
def luna() -> PlatformHandle:
    """A handle that nobody in the deployment has."""
    return PlatformHandle(platform=INSTAGRAM, handle=f"@Luna.{uuid4().hex}", follower_count=1200)


def get(stub: EngagementServiceStub, id: str) -> engagement_pb2.Persona:
    return stub.GetPersona(engagement_pb2.GetPersonaRequest(persona_id=id)).persona


def update(stub: EngagementServiceStub, id: str, *paths: str, **fields: object) -> engagement_pb2.Persona:
    request = engagement_pb2.UpdatePersonaRequest(persona_id=id, persona=engagement_pb2.Persona(**fields))
    request.update_mask.paths.extend(paths)
    return stub.UpdatePersona(request).persona


def delete(stub: EngagementServiceStub, id: str) -> engagement_pb2.Persona:
    return stub.DeletePersona(engagement_pb2.DeletePersonaRequest(persona_id=id)).persona


def test_a_persona_reads_back_as_it_was_made(engagement: EngagementServiceStub, luna: PlatformHandle) -> None:
    made = make_persona(engagement, "Luna", niche="beauty", handles=[luna], time_zone="Europe/Berlin")
    assert made.niche == "beauty"
    assert list(made.handles) == [luna]
    assert made.time_zone == "Europe/Berlin"
    assert made.etag
    assert made.create_time == made.update_time
    assert not made.HasField("delete_time")
    assert get(engagement, made.id) == made


def test_without_a_time_zone_hours_are_utc(engagement: EngagementServiceStub) -> None:
    assert make_persona(engagement).time_zone == "UTC"


def test_a_time_zone_that_does_not_exist_is_refused(engagement: EngagementServiceStub) -> None:
    with refusal() as refused:
        make_persona(engagement, time_zone="Mars/Olympus")
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.fields == ("time_zone",)


def test_a_persona_needs_a_name(engagement: EngagementServiceStub) -> None:
    with refusal() as refused:
        make_persona(engagement, "  ")
    assert refused.fields == ("name",)


def test_the_same_request_id_makes_one_persona(engagement: EngagementServiceStub) -> None:
    first = make_persona(engagement, request_id="once")
    assert make_persona(engagement, request_id="once") == first
    assert len(engagement.ListPersonas(engagement_pb2.ListPersonasRequest()).personas) == 1


def test_a_handle_belongs_to_one_persona_whatever_its_spelling(
    engagement: EngagementServiceStub, luna: PlatformHandle
) -> None:
    make_persona(engagement, handles=[luna])
    other_spelling = luna.handle.removeprefix("@").replace(".", "").upper()
    with refusal() as refused:
        make_persona(engagement, "Other", handles=[PlatformHandle(platform=INSTAGRAM, handle=other_spelling)])
    assert refused.code is grpc.StatusCode.ALREADY_EXISTS
    assert refused.reason == "HANDLE_TAKEN"
    assert refused.metadata == {"platform": "INSTAGRAM", "handle": other_spelling}


def test_the_same_handle_on_another_platform_is_another_account(
    engagement: EngagementServiceStub, luna: PlatformHandle
) -> None:
    make_persona(engagement, handles=[luna])
    make_persona(engagement, "Other", handles=[PlatformHandle(platform=FACEBOOK, handle=luna.handle)])


def test_a_handle_taken_in_another_workspace_reveals_nothing_about_it(
    engagement: EngagementServiceStub, stranger: EngagementServiceStub, luna: PlatformHandle
) -> None:
    theirs = make_persona(stranger, "Secret", handles=[luna])
    with refusal() as refused:
        make_persona(engagement, handles=[luna])
    told = refused.message + refused.resource + str(refused.metadata)
    assert refused.reason == "HANDLE_TAKEN"
    assert theirs.id not in told
    assert "Secret" not in told


def test_a_persona_with_a_handle_that_is_taken_is_not_made_at_all(
    engagement: EngagementServiceStub, luna: PlatformHandle
) -> None:
    make_persona(engagement, handles=[luna])
    free = PlatformHandle(platform=INSTAGRAM, handle=f"free{uuid4().hex}")
    with refusal():
        make_persona(engagement, "Other", handles=[free, luna])
    assert make_persona(engagement, "Third", handles=[free]).name == "Third"
    assert len(engagement.ListPersonas(engagement_pb2.ListPersonasRequest()).personas) == 2


def test_one_handle_twice_is_named(engagement: EngagementServiceStub, luna: PlatformHandle) -> None:
    with refusal() as refused:
        make_persona(engagement, handles=[luna, PlatformHandle(platform=INSTAGRAM, handle=luna.handle.lower())])
    assert refused.fields == ("handles[1].handle",)


def test_a_handle_of_dots_is_none(engagement: EngagementServiceStub) -> None:
    with refusal() as refused:
        make_persona(engagement, handles=[PlatformHandle(platform=INSTAGRAM, handle="@..")])
    assert refused.fields == ("handles[0].handle",)


def test_an_unknown_platform_is_named(engagement: EngagementServiceStub) -> None:
    with refusal() as refused:
        make_persona(engagement, handles=[PlatformHandle(platform=99, handle="luna")])  # type: ignore[arg-type]
    assert refused.fields == ("handles[0].platform",)


def test_lists_come_newest_first_in_pages(engagement: EngagementServiceStub) -> None:
    names = [make_persona(engagement, f"Persona {number}").name for number in range(5)]
    request = engagement_pb2.ListPersonasRequest(page_size=2)
    seen = []
    while True:
        page = engagement.ListPersonas(request)
        seen += [persona.name for persona in page.personas]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == names[::-1]


def test_a_list_is_narrowed_to_a_niche(engagement: EngagementServiceStub) -> None:
    make_persona(engagement, "Luna", niche="beauty")
    make_persona(engagement, "Sol", niche="travel")
    page = engagement.ListPersonas(engagement_pb2.ListPersonasRequest(niche="travel"))
    assert [persona.name for persona in page.personas] == ["Sol"]


def test_a_page_token_of_another_list_is_refused(engagement: EngagementServiceStub) -> None:
    for number in range(3):
        make_persona(engagement, f"Persona {number}")
    token = engagement.ListPersonas(engagement_pb2.ListPersonasRequest(page_size=1)).next_page_token
    with refusal() as refused:
        engagement.ListPersonas(engagement_pb2.ListPersonasRequest(page_size=1, page_token=token, niche="beauty"))
    assert refused.reason == "PAGE_TOKEN_INVALID"


def test_an_update_changes_what_its_mask_names_and_nothing_else(engagement: EngagementServiceStub) -> None:
    made = make_persona(engagement, "Luna", niche="beauty")
    changed = update(engagement, made.id, "niche", name="ignored", niche="")
    assert (changed.name, changed.niche) == ("Luna", "")
    assert changed.etag != made.etag
    assert get(engagement, made.id) == changed


def test_an_update_without_a_mask_changes_all_that_is_set(
    engagement: EngagementServiceStub, luna: PlatformHandle
) -> None:
    made = make_persona(engagement, "Luna", niche="beauty", handles=[luna])
    changed = update(engagement, made.id, name="Stella", time_zone="Asia/Tokyo")
    assert (changed.name, changed.niche, changed.time_zone) == ("Stella", "beauty", "Asia/Tokyo")
    assert list(changed.handles) == [luna]


def test_an_update_of_what_only_the_server_sets_is_named(engagement: EngagementServiceStub) -> None:
    made = make_persona(engagement)
    with refusal() as refused:
        update(engagement, made.id, "sharing_opt_out", sharing_opt_out=True)
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.fields == ("update_mask",)
    assert "sharing_opt_out" in refused.message


def test_an_update_cannot_take_the_name_away(engagement: EngagementServiceStub) -> None:
    made = make_persona(engagement)
    with refusal() as refused:
        update(engagement, made.id, "name")
    assert refused.fields == ("persona.name",)


def test_an_update_of_an_outdated_version_is_refused(engagement: EngagementServiceStub) -> None:
    made = make_persona(engagement)
    faster = update(engagement, made.id, niche="beauty", etag=made.etag)
    with refusal() as refused:
        update(engagement, made.id, niche="travel", etag=made.etag)
    assert refused.code is grpc.StatusCode.ABORTED
    assert refused.reason == "ETAG_MISMATCH"
    assert refused.metadata["etag"] == faster.etag
    assert get(engagement, made.id).niche == "beauty"


def test_new_handles_replace_the_old_ones_which_are_free_then(
    engagement: EngagementServiceStub, luna: PlatformHandle
) -> None:
    made = make_persona(engagement, handles=[luna])
    moved = PlatformHandle(platform=INSTAGRAM, handle=f"moved{uuid4().hex}")
    assert list(update(engagement, made.id, handles=[moved]).handles) == [moved]
    make_persona(engagement, "Other", handles=[luna])


def test_a_persona_may_keep_its_handle_in_an_update(engagement: EngagementServiceStub, luna: PlatformHandle) -> None:
    made = make_persona(engagement, handles=[luna])
    grown = PlatformHandle(platform=INSTAGRAM, handle=luna.handle, follower_count=2000)
    assert list(update(engagement, made.id, handles=[grown]).handles) == [grown]


def test_a_deleted_persona_is_hidden_but_can_be_read(engagement: EngagementServiceStub, luna: PlatformHandle) -> None:
    made = make_persona(engagement, handles=[luna])
    deleted = delete(engagement, made.id)
    assert deleted.HasField("delete_time")
    assert get(engagement, made.id) == deleted
    assert not engagement.ListPersonas(engagement_pb2.ListPersonasRequest()).personas
    shown = engagement.ListPersonas(engagement_pb2.ListPersonasRequest(show_deleted=True)).personas
    assert [persona.id for persona in shown] == [made.id]


def test_the_handles_of_a_deleted_persona_can_be_taken_over(
    engagement: EngagementServiceStub, luna: PlatformHandle
) -> None:
    delete(engagement, make_persona(engagement, handles=[luna]).id)
    make_persona(engagement, "Other", handles=[luna])


def test_deleting_twice_changes_nothing(engagement: EngagementServiceStub) -> None:
    made = make_persona(engagement)
    assert delete(engagement, made.id) == delete(engagement, made.id)


def test_a_deleted_persona_cannot_be_changed(engagement: EngagementServiceStub) -> None:
    made = make_persona(engagement)
    delete(engagement, made.id)
    with refusal() as refused:
        update(engagement, made.id, niche="beauty")
    assert refused.reason == "PERSONA_NOT_FOUND"


def test_a_persona_that_is_not_there_is_not_found(engagement: EngagementServiceStub) -> None:
    for call in (get, delete, lambda stub, id: update(stub, id, niche="beauty")):
        with refusal() as refused:
            call(engagement, NOBODY)
        assert refused.code is grpc.StatusCode.NOT_FOUND
        assert refused.reason == "PERSONA_NOT_FOUND"


def test_an_id_that_is_none_is_named(engagement: EngagementServiceStub) -> None:
    with refusal() as refused:
        get(engagement, "luna")
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.fields == ("persona_id",)

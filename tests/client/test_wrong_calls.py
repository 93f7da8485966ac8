"""What the SDK says to a programmer who calls it wrongly, and what its objects say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from groundswell import AsyncClient, Client, InvalidArgument, Unavailable, types
from groundswell.errors import Explanation, FieldViolation
from tests.client.loopback import LoopbackServer, always

NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


def test_a_positional_id_is_told_its_name(client: Client) -> None:
    call: Any = client.engagement.get_post
    with pytest.raises(InvalidArgument, match=rf"takes GetPostRequest .*post_id=.*, not str '{NOBODY}'"):
        call(NOBODY)


async def test_so_it_is_by_the_asynchronous_client(async_client: AsyncClient) -> None:
    call: Any = async_client.engagement.get_post
    with pytest.raises(InvalidArgument, match=r"post_id="):
        await call(NOBODY)


def test_a_request_of_another_call_is_refused(client: Client) -> None:
    call: Any = client.engagement.get_post
    with pytest.raises(InvalidArgument, match=r"takes GetPostRequest .*, not GetPersonaRequest"):
        call(types.GetPersonaRequest(persona_id=NOBODY))


@pytest.mark.parametrize("requests", [{"rows": []}, "rows", types.ImportPostsRequest()])
def test_one_message_in_place_of_several_is_told_to_be_a_list(client: Client, requests: Any) -> None:
    with pytest.raises(InvalidArgument, match="takes an iterable of ImportPostsRequest"):
        client.engagement.import_posts(requests)


async def test_so_it_is_in_a_stream_of_the_asynchronous_client(async_client: AsyncClient) -> None:
    requests: Any = {"rows": []}
    with pytest.raises(InvalidArgument, match="takes an iterable of ImportPostsRequest"):
        await async_client.engagement.import_posts(requests)


def test_what_is_no_message_in_a_stream_is_named(client: Client) -> None:
    requests: Any = ["rows"]
    with pytest.raises(InvalidArgument, match=r"takes ImportPostsRequest .*, not str 'rows'"):
        client.engagement.import_posts(requests)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": 3}, "name: takes a text, not int"),
        ({"handles": [{"handle": 3}]}, r"handles\[0\]\.handle: takes a text, not int"),
        ({"handles": [{"follower_count": "many"}]}, r"handles\[0\]\.follower_count: takes a whole number, not str"),
    ],
)
def test_a_value_of_the_wrong_type_is_told_the_right_one(client: Client, fields: Any, said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        client.engagement.create_persona(**fields)


def test_a_refusal_says_nothing_twice() -> None:
    fields = (FieldViolation("name", "must be given"), FieldViolation("niche", "is unheard of"))
    told = InvalidArgument("name: must be given", Explanation(reason="VALIDATION_FAILED", fields=fields))
    assert str(told) == "name: must be given (VALIDATION_FAILED); niche: is unheard of"


def test_who_reaches_nobody_is_told_what_to_look_at(unused_tcp_port: int) -> None:
    with Client(f"127.0.0.1:{unused_tcp_port}") as client, pytest.raises(Unavailable) as caught:
        client.engagement.import_posts([])
    assert str(caught.value).startswith(f"127.0.0.1:{unused_tcp_port} can't be reached: Connection refused. ")
    assert "groundswell serve" in str(caught.value)
    assert "GROUNDSWELL_TARGET" in str(caught.value)


@pytest.mark.parametrize(
    ("grpc_says", "told"),
    [
        (
            "errors resolving nohost.invalid:50051: [field:hostname lookup error: Domain name not found]",
            "nohost.invalid:50051 can't be found: Domain name not found",
        ),
        (
            "failed to connect to all addresses; last error: UNAVAILABLE: ipv4:127.0.0.1:50061: Socket closed",
            "127.0.0.1:50061 can't be reached: Socket closed",
        ),
        ("something new", "something new"),
    ],
)
def test_what_grpc_says_of_who_is_not_there_is_put_plainly(grpc_says: str, told: str) -> None:
    said = str(Unavailable(grpc_says))
    assert said.startswith(f"{told}. ")
    assert "--ca FILE" in said


def test_objects_say_what_they_are(client: Client, loopback: LoopbackServer) -> None:
    context = types.Context(id="7", phase="TEXT", state=types.CONTEXT_STATE_PROCESSING)
    loopback.answers["StartContext"] = always(types.StartContextResponse(context=context))
    loopback.answers["FinishContext"] = always(types.FinishContextResponse(context=context))
    loopback.answers["WatchEngagement"] = always(types.WatchEngagementResponse())
    assert repr(client) == f"<Client of dns:///{loopback.target}>"
    assert repr(client.engagement.list_posts()).startswith("<Pager: iterate over it")
    with client.track(phase="TEXT") as tracked:
        assert repr(tracked) == "<TrackedContext 7: TEXT, PROCESSING>"
    with client.engagement.watch_engagement(cursor="12") as watching:
        assert repr(watching) == "<Stream after cursor '12'>"

"""Where the server is, and how it is reached safely."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from groundswell import AsyncClient, Client, InvalidArgument, Tls, Unavailable, types
from groundswell._connections import Connection, grpc_target, is_local
from tests.client.certificates import Authority, Identity
from tests.client.loopback import LoopbackServer, always

POST = types.GetPostResponse(post=types.Post(id="7"))


# Targets


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("example.com", "dns:///example.com:50051"),
        ("example.com:443", "dns:///example.com:443"),
        ("10.0.0.7:9", "dns:///10.0.0.7:9"),
        ("::1", "dns:///[::1]:50051"),
        ("[::1]:9", "dns:///[::1]:9"),
        ("unix:/run/groundswell.sock", "unix:/run/groundswell.sock"),
        ("dns:///example.com:443", "dns:///example.com:443"),
        ("ipv4:10.0.0.7:1,10.0.0.8:1", "ipv4:10.0.0.7:1,10.0.0.8:1"),
    ],
)
def test_a_target_gets_a_scheme_and_a_port(given: str, target: str) -> None:
    assert grpc_target(given) == target


@pytest.mark.parametrize(
    "target",
    ["localhost", "localhost:1", "127.3.2.1:1", "[::1]:1", "::1", "unix:/a", "dns:///localhost:1", "ipv4:127.0.0.1:1"],
)
def test_this_machine_is_recognized(target: str) -> None:
    assert is_local(target)


@pytest.mark.parametrize(
    "target", ["example.com", "10.0.0.7:1", "localhost.example.com:1", "ipv4:127.0.0.1:1,10.0.0.7:1", "0.0.0.0:1"]
)
def test_another_machine_is_recognized(target: str) -> None:
    assert not is_local(target)


def test_by_default_the_server_is_on_this_machine() -> None:
    assert Connection.of(None, None, None, insecure=False) == Connection("dns:///localhost:50051", "", None)


def test_target_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_TARGET", "example.com:9")
    monkeypatch.setenv("GROUNDSWELL_API_KEY", "gsk_1_x")
    connection = Connection.of(None, None, None, insecure=False)
    assert (connection.target, connection.api_key) == ("dns:///example.com:9", "gsk_1_x")


def test_what_is_given_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_TARGET", "example.com:9")
    monkeypatch.setenv("GROUNDSWELL_API_KEY", "gsk_1_x")
    connection = Connection.of("localhost:1", "", None, insecure=False)
    assert (connection.target, connection.api_key) == ("dns:///localhost:1", "")


def test_the_key_is_not_shown() -> None:
    tls = Tls(certificate=b"-----BEGIN CERTIFICATE-----", key=b"private")
    connection = Connection.of("localhost:1", "gsk_1_secret", tls, insecure=False)
    assert "secret" not in repr(connection)
    assert "private" not in repr(connection)


# Safety


def test_another_machine_is_reached_with_tls() -> None:
    assert Connection.of("example.com", None, None, insecure=False).tls == Tls()


def test_only_insecure_reaches_another_machine_without_tls() -> None:
    assert Connection.of("example.com", None, None, insecure=True).tls is None
    with pytest.raises(InvalidArgument, match="insecure=True"):
        Connection.of("example.com", None, False, insecure=False)


def test_contradictions_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="contradict"):
        Connection.of("example.com", None, True, insecure=True)
    with pytest.raises(InvalidArgument, match="both"):
        Tls(certificate=b"c")


# TLS on the wire


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def server_identity(authority: Authority) -> Identity:
    return authority.sign("127.0.0.1")


@pytest.fixture
def tls_server(server_identity: Identity) -> Iterator[LoopbackServer]:
    """A server that shows its certificate."""
    credentials = grpc.ssl_server_credentials([(server_identity.key, server_identity.certificate)])
    with LoopbackServer(credentials, GetPost=always(POST)) as server:
        yield server


@pytest.fixture
def mutual_server(authority: Authority, server_identity: Identity) -> Iterator[LoopbackServer]:
    """A server that wants to see a certificate of the authority as well."""
    credentials = grpc.ssl_server_credentials(
        [(server_identity.key, server_identity.certificate)], authority.certificate, require_client_auth=True
    )
    with LoopbackServer(credentials, GetPost=always(POST)) as server:
        yield server


def test_tls_with_an_authority_of_one_s_own(tls_server: LoopbackServer, authority: Authority) -> None:
    with Client(tls_server.target, api_key="gsk_1_x", tls=Tls(root_certificates=authority.certificate)) as client:
        assert client.engagement.get_post(post_id="7").post.id == "7"
    assert tls_server.asked[0].metadata["authorization"] == "Bearer gsk_1_x"


async def test_tls_for_asyncio(tls_server: LoopbackServer, authority: Authority) -> None:
    async with AsyncClient(tls_server.target, tls=Tls(root_certificates=authority.certificate)) as client:
        assert (await client.engagement.get_post(post_id="7")).post.id == "7"


def test_a_server_of_another_authority_is_not_trusted(tls_server: LoopbackServer) -> None:
    with (
        Client(tls_server.target, tls=Tls(root_certificates=Authority().certificate)) as client,
        pytest.raises(Unavailable),
    ):
        client.engagement.get_post(post_id="7")
    assert tls_server.asked == []


def test_a_server_under_another_name_is_not_trusted_unless_it_is_expected(authority: Authority) -> None:
    identity = authority.sign("groundswell.example.com")
    credentials = grpc.ssl_server_credentials([(identity.key, identity.certificate)])
    with LoopbackServer(credentials, GetPost=always(POST)) as server:
        with Client(server.target, tls=Tls(authority.certificate)) as client, pytest.raises(Unavailable):
            client.engagement.get_post(post_id="7")
        expected = Tls(authority.certificate, server_name="groundswell.example.com")
        with Client(server.target, tls=expected) as client:
            assert client.engagement.get_post(post_id="7").post.id == "7"


def test_mutual_tls_shows_who_calls(mutual_server: LoopbackServer, authority: Authority, tmp_path: Path) -> None:
    caller = authority.sign("agent-1")
    for name, content in (("ca", authority.certificate), ("cert", caller.certificate), ("key", caller.key)):
        (tmp_path / f"{name}.pem").write_bytes(content)
    tls = Tls(tmp_path / "ca.pem", tmp_path / "cert.pem", str(tmp_path / "key.pem"))
    with Client(mutual_server.target, tls=tls) as client:
        assert client.engagement.get_post(post_id="7").post.id == "7"


def test_mutual_tls_lets_no_stranger_in(mutual_server: LoopbackServer, authority: Authority) -> None:
    stranger = Authority().sign("agent-1")
    for tls in (
        Tls(authority.certificate),
        Tls(authority.certificate, stranger.certificate, stranger.key),
    ):
        with Client(mutual_server.target, tls=tls) as client, pytest.raises(Unavailable):
            client.engagement.get_post(post_id="7")
    assert mutual_server.asked == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"ca\.pem can't be read"):
        Client("localhost:1", tls=Tls(tmp_path / "ca.pem"))


def test_a_file_that_holds_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.key").write_text("-----BEGIN PRIVATE KEY-----")
    with pytest.raises(InvalidArgument, match=r"ca\.key contains no certificate"):
        Client("localhost:1", tls=Tls(tmp_path / "ca.key"))


# More than one address


def test_calls_go_round_all_addresses() -> None:
    with LoopbackServer(GetPost=always(POST)) as first, LoopbackServer(GetPost=always(POST)) as second:
        with Client(f"ipv4:{first.target},{second.target}") as client:
            for _ in range(20):
                client.engagement.get_post(post_id="7")
        assert len(first.asked) + len(second.asked) == 20
        assert min(len(first.asked), len(second.asked)) >= 5


def test_calls_pass_by_an_address_where_nobody_answers(loopback: LoopbackServer) -> None:
    loopback.answers["GetPost"] = always(POST)
    with Client(f"ipv4:127.0.0.1:1,{loopback.target}") as client:
        for _ in range(5):
            assert client.engagement.get_post(post_id="7").post.id == "7"


def test_a_proxy_is_not_asked_for_this_machine(loopback: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    loopback.answers["GetPost"] = always(POST)
    with Client(loopback.target) as client:
        assert client.engagement.get_post(post_id="7").post.id == "7"


def test_a_client_connects_only_when_it_is_used() -> None:
    with Client("127.0.0.1:1") as client:
        assert client.engagement is client.engagement


def test_a_key_from_a_file_may_end_with_its_line() -> None:
    assert Connection.of("localhost:1", "gsk_1_x\n", None, insecure=False).api_key == "gsk_1_x"
    with pytest.raises(InvalidArgument, match="authorization"):
        Connection.of("localhost:1", "gsk_1\nx", None, insecure=False)

"""Every call with random and hostile messages: refused or answered, never a fault of the server, which lives on."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import psutil
import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.messages import messages, texts_with
from tests.processes import Suite
from tests.running import RunningServer
from tests.wire import METHODS, call, path_of, request_of, responses
from tests.workspaces import Workspace, furnish

FAULTS = {
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DATA_LOSS,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNAVAILABLE,
}
FEW, MANY = 25, 200
"""Requests a call, and in the long test."""


@pytest.fixture(scope="module")
def target(shared_server: RunningServer) -> Workspace:
    # What learns is the same on all databases, and takes a while.
    return furnish(shared_server, "fuzzed", learned=shared_server.app.database.dialect == "sqlite")


def tried(requests: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Settings of hypothesis: the same requests at each run, so that a failure is one for everybody."""
    return settings(
        max_examples=requests,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def send(channel: grpc.Channel, name: str, *requests: Message | bytes) -> None:
    """Makes a call; fails when its end is a fault of the server."""
    answers: Any = ()
    error: Any = None
    try:
        answers = responses(channel, name, *requests)
        if METHODS[name].server_streaming:
            # Either it refuses, or it is open: then there is nothing more to wait for.
            answers.initial_metadata()
            answers.cancel()
            error = answers
    except grpc.RpcError as refused:
        error = refused
    assert error is None or error.code() not in FAULTS, f"{name}: {error.code()} {error.details()}\n{requests}"


def hostile(target: Workspace, name: str) -> st.SearchStrategy[Message]:
    """Requests of a call that now and then name things that exist."""
    known = (target.persona_id, target.context_id, target.post_id, target.model_id, target.operation)
    request = messages(METHODS[name].input_type, texts_with(*known))
    return request.map(impatient) if name == "WaitOperation" else request


def impatient(request: Any) -> Message:
    """A WaitOperation request that does not wait: what it does with any time to wait is tried elsewhere."""
    if request.timeout.seconds >= 0:
        request.timeout.seconds = 0
    return request


@pytest.mark.parametrize("name", METHODS)
def test_a_hostile_message_is_no_fault_of_the_server(target: Workspace, name: str) -> None:
    @tried(FEW)
    @given(st.lists(hostile(target, name), min_size=1, max_size=3 if METHODS[name].client_streaming else 1))
    def check(requests: list[Message]) -> None:
        send(target.channel, name, *requests)

    check()
    assert_alive(target)


@pytest.mark.parametrize("name", METHODS)
def test_random_bytes_are_no_fault_of_the_server(target: Workspace, name: str) -> None:
    @tried(FEW)
    @given(st.binary(max_size=200))
    def check(raw: bytes) -> None:
        send(target.channel, name, raw)

    check()
    assert_alive(target)


@pytest.mark.parametrize("name", METHODS)
def test_a_request_that_was_damaged_on_its_way_is_no_fault_of_the_server(target: Workspace, name: str) -> None:
    @tried(FEW)
    @given(hostile(target, name), st.data())
    def check(request: Message, data: st.DataObject) -> None:
        raw = bytearray(request.SerializeToString())
        for _ in range(data.draw(st.integers(1, 3)) if raw else 0):
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        send(target.channel, name, bytes(raw))

    check()
    assert_alive(target)


@pytest.mark.parametrize(
    "metadata",
    [
        ("authorization", "Bearer " + "x" * 4000),
        ("authorization", "Basic \x7e"),
        ("x-request-id", "a" * 4000),
        ("x-groundswell-peer", "a.b.c"),
        ("traceparent", "00-nonsense"),
    ],
)
def test_hostile_metadata_is_no_fault_of_the_server(
    target: Workspace, shared_server: RunningServer, metadata: tuple[str, str]
) -> None:
    send(shared_server.channel(metadata), "ListPersonas", request_of("ListPersonas"))
    assert_alive(target)


@pytest.mark.parametrize("path", ["", "/", "//", "/x/y/z", "/groundswell.v1.EngagementService/", "/a" * 900])
def test_a_path_that_nobody_serves_is_no_fault_of_the_server(target: Workspace, path: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        target.channel.unary_unary(path)(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert_alive(target)


def test_a_message_nested_without_end_is_refused(target: Workspace) -> None:
    value = b""
    for _ in range(5000):
        size = _varint(len(value))
        value = b"\x2a" + _varint(len(size) + len(value) + 1) + b"\x0a" + size + value  # struct_value { fields ...
    raw = b"\x12\x04TEXT\x3a" + _varint(len(value)) + value
    send(target.channel, "StartContext", raw)
    assert_alive(target)


def assert_alive(target: Workspace) -> None:
    """The server answers as ever."""
    assert call(target.channel, "ListPersonas", request_of("ListPersonas", page_size=1))


def _varint(number: int) -> bytes:
    raw = b""
    while number > 0x7F:
        raw += bytes([number & 0x7F | 0x80])
        number >>= 7
    return raw + bytes([number])


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a server process."""

    process: psutil.Process

    @property
    def megabytes(self) -> float:
        return self.process.memory_info().rss / 2**20


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """A server in a process of its own, to look at its memory."""
    url = f"sqlite:///{tmp_path_factory.mktemp('fuzz') / 'groundswell.db'}"
    with Suite(url, "--training-workers", "0", GROUNDSWELL_LOG_LEVEL="error") as running:
        yield running


def test_memory_does_not_grow_with_hostile_calls(suite: Suite) -> None:
    memory = Memory(psutil.Process(suite.process.pid))
    wrong = [b"\xff" * 5000, b"", b"\x0a\x05Ava\x00b"]
    with grpc.insecure_channel(suite.target) as channel:

        def rounds(count: int) -> None:
            for number in range(count):
                for name, method in METHODS.items():
                    if not method.server_streaming and name != "WaitOperation":
                        send(channel, name, wrong[number % len(wrong)])
                        with pytest.raises(grpc.RpcError):
                            channel.unary_unary(f"{path_of(method)}{number}")(b"x" * 1000, timeout=10)

        rounds(12)
        before = memory.megabytes
        rounds(24)
        gc.collect()
    assert memory.megabytes - before < 8


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", METHODS)
def test_many_hostile_messages_are_no_fault_of_the_server(target: Workspace, name: str) -> None:
    @tried(MANY)
    @given(st.lists(hostile(target, name), min_size=1, max_size=3 if METHODS[name].client_streaming else 1))
    def check(requests: list[Message]) -> None:
        send(target.channel, name, *requests)

    check()
    assert_alive(target)

"""Pieces of generation, recorded from begin to end whatever happens in between."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as some

from groundswell import (
    AsyncClient,
    Client,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    TrackedContext,
    Unavailable,
    _trace_artifacts,
    types,
)
from tests.client.loopback import LoopbackServer, failing, in_turn, reason, unavailable

ID = "019366c4-0000-7000-8000-000000000007"


def _start(request: types.StartContextRequest, context: Any) -> types.StartContextResponse:
    started = types.Context(id=ID, phase=request.phase, state=types.CONTEXT_STATE_PROCESSING)
    started.confidence = types.CONFIDENCE_HYPOTHESIS
    return types.StartContextResponse(context=started)


def _finish(request: types.FinishContextRequest, context: Any) -> types.FinishContextResponse:
    ended = types.Context(id=request.context_id, state=request.state, output=request.output)
    return types.FinishContextResponse(context=ended)


@pytest.fixture(autouse=True)
def _records(loopback: LoopbackServer) -> None:
    loopback.answers |= {"StartContext": _start, "FinishContext": _finish}


def _ending(loopback: LoopbackServer) -> types.FinishContextRequest:
    """The one request that ended the one context."""
    (request,) = loopback.requests("FinishContext")
    assert isinstance(request, types.FinishContextRequest)
    assert request.context_id == ID
    return request


def _line(function: Any, text: str) -> int:
    """The number of the line of `function` that holds `text`."""
    lines, first = inspect.getsourcelines(function)
    return first + next(number for number, line in enumerate(lines) if text in line)


# Success


def test_a_context_is_begun_with_what_goes_in(client: Client, loopback: LoopbackServer) -> None:
    with client.track(
        ID,
        phase="IMAGE_GENERATION",
        complexity="high",
        input={"prompt": "sunrise", "steps": 30},
        note="second try",
        strategy={"light": "warm"},
    ) as context:
        assert context.id == ID
        assert context.context.phase == "IMAGE_GENERATION"
    (request,) = loopback.requests("StartContext")
    assert (request.persona_id, request.note, request.complexity) == (ID, "second try", types.COMPLEXITY_HIGH)
    assert json_format.MessageToDict(request.input) == {"prompt": "sunrise", "steps": 30}
    assert json_format.MessageToDict(request.strategy) == {"light": "warm"}


def test_a_block_that_ends_well_is_done_with_its_output(client: Client, loopback: LoopbackServer) -> None:
    with client.track(phase="IMAGE_GENERATION") as context:
        context.output["url"] = "a.png"
        context.succeed({"seed": 7}, size=512)
        context.confidence = "confident"
    ending = _ending(loopback)
    assert (ending.state, ending.confidence) == (types.CONTEXT_STATE_DONE, types.CONFIDENCE_CONFIDENT)
    assert json_format.MessageToDict(ending.output) == {"url": "a.png", "seed": 7, "size": 512}
    assert not ending.trace_artifacts


def test_after_the_block_the_context_is_that_of_its_end(client: Client) -> None:
    with client.track(phase="IMAGE_GENERATION") as context:
        assert context.context.state == types.CONTEXT_STATE_PROCESSING
    assert context.context.state == types.CONTEXT_STATE_DONE


def test_confidence_is_what_the_server_has_until_it_is_set(client: Client) -> None:
    with client.track(phase="IMAGE_GENERATION") as context:
        assert context.confidence == types.CONFIDENCE_HYPOTHESIS
        context.confidence = types.CONFIDENCE_UNCERTAIN
        assert context.confidence == types.CONFIDENCE_UNCERTAIN
        with pytest.raises(InvalidArgument, match="CONFIDENT, VALIDATED"):
            context.confidence = "certain"


def test_a_context_can_be_for_no_persona(client: Client, loopback: LoopbackServer) -> None:
    with client.track(phase="TEXT_GENERATION"):
        pass
    assert loopback.requests("StartContext")[0].persona_id == ""


# Failure


def test_an_exception_is_recorded_with_its_place_and_goes_on(client: Client, loopback: LoopbackServer) -> None:
    def render(output: dict[str, Any]) -> None:
        output["draft"] = "a.png"
        raise TimeoutError("the model did not answer")

    with pytest.raises(TimeoutError, match="did not answer"), client.track(phase="IMAGE_GENERATION") as context:
        render(context.output)
    ending = _ending(loopback)
    assert ending.state == types.CONTEXT_STATE_FAILED
    assert json_format.MessageToDict(ending.output) == {"draft": "a.png"}
    (artifact,) = ending.trace_artifacts
    assert (artifact.type, artifact.message) == ("TimeoutError", "the model did not answer")
    assert artifact.location == f"test_tracked_context.py:{_line(render, 'raise TimeoutError')}"


def test_every_cause_leaves_its_trace(client: Client, loopback: LoopbackServer) -> None:
    def fail() -> None:
        try:
            os.environ["NO_SUCH_SEED"]
        except KeyError as error:
            raise ValueError("no seed") from error

    with pytest.raises(ValueError, match="no seed"), client.track(phase="IMAGE_GENERATION"):
        fail()
    artifacts = _ending(loopback).trace_artifacts
    assert [(each.type, each.message) for each in artifacts] == [
        ("ValueError", "no seed"),
        ("KeyError", "'NO_SUCH_SEED'"),
    ]


def test_output_that_json_does_not_know_fails_the_context(client: Client, loopback: LoopbackServer) -> None:
    with pytest.raises(InvalidArgument, match=r"output\.image"), client.track(phase="IMAGE_GENERATION") as context:
        context.output["image"] = b"\x89PNG"
    ending = _ending(loopback)
    assert ending.state == types.CONTEXT_STATE_FAILED
    assert ending.trace_artifacts[0].type == "InvalidArgument"
    assert not ending.HasField("output")


def test_output_beyond_what_the_server_takes_fails_the_context(client: Client, loopback: LoopbackServer) -> None:
    with pytest.raises(InvalidArgument, match="256 KiB"), client.track(phase="IMAGE_GENERATION") as context:
        context.output["image"] = "iVBORw0KGgo" * 25_000
    ending = _ending(loopback)
    assert (ending.state, ending.HasField("output")) == (types.CONTEXT_STATE_FAILED, False)


def test_a_context_that_can_t_be_begun_runs_no_block(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["StartContext"] = failing(grpc.StatusCode.NOT_FOUND, "no persona", reason("PERSONA_NOT_FOUND"))
    with pytest.raises(NotFound), client.track(ID, phase="IMAGE_GENERATION"):
        pytest.fail("the block must not run")
    assert loopback.requests("FinishContext") == []


def test_an_end_that_can_t_be_recorded_raises_after_success(client: Client, loopback: LoopbackServer) -> None:
    refused = failing(grpc.StatusCode.FAILED_PRECONDITION, "it has ended", reason("CONTEXT_STATE_INVALID"))
    loopback.answers["FinishContext"] = refused
    with pytest.raises(FailedPrecondition), client.track(phase="IMAGE_GENERATION"):
        pass


def test_an_end_that_can_t_be_recorded_does_not_hide_the_error(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["FinishContext"] = unavailable
    with pytest.raises(ZeroDivisionError) as caught, client.track(phase="IMAGE_GENERATION"):
        _ = 1 / 0
    (note,) = caught.value.__notes__
    assert note.startswith(f"the end of context {ID} could not be recorded: restarting")


def test_the_end_is_recorded_once_however_often_it_is_sent(client: Client, loopback: LoopbackServer) -> None:
    loopback.answers["FinishContext"] = in_turn(unavailable, unavailable, _finish)
    with client.track(phase="IMAGE_GENERATION"):
        pass
    requests = loopback.requests("FinishContext")
    assert len(requests) == 3
    assert len({request.request_id for request in requests}) == 1


# What somebody stops


class _Stopped(BaseException):
    """Of a kind that nobody knows."""


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (KeyboardInterrupt(), types.CONTEXT_STATE_CANCELLED),
        (asyncio.CancelledError(), types.CONTEXT_STATE_CANCELLED),
        (SystemExit(), types.CONTEXT_STATE_CANCELLED),
        (SystemExit(0), types.CONTEXT_STATE_CANCELLED),
        (SystemExit("out of memory"), types.CONTEXT_STATE_FAILED),
        (SystemExit(2), types.CONTEXT_STATE_FAILED),
        (_Stopped(), types.CONTEXT_STATE_FAILED),
    ],
    ids=repr,
)
def test_what_is_stopped_is_cancelled_and_what_breaks_is_failed(
    client: Client, loopback: LoopbackServer, error: BaseException, state: int
) -> None:
    with pytest.raises(type(error)), client.track(phase="IMAGE_GENERATION"):
        raise error
    ending = _ending(loopback)
    assert ending.state == state
    assert ending.trace_artifacts[0].type == type(error).__name__


def test_a_generator_that_is_closed_is_cancelled(client: Client, loopback: LoopbackServer) -> None:
    def steps() -> Iterator[int]:
        with client.track(phase="IMAGE_GENERATION"):
            yield 1
            yield 2

    running = steps()
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert _ending(loopback).state == types.CONTEXT_STATE_CANCELLED


# asyncio


async def test_asyncio_records_success(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    async with async_client.track(ID, phase="TEXT_GENERATION", input={"prompt": "x"}) as context:
        context.succeed(text="y")
    assert _ending(loopback).state == types.CONTEXT_STATE_DONE
    assert context.context.state == types.CONTEXT_STATE_DONE


async def test_asyncio_records_failure(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    with pytest.raises(ZeroDivisionError):
        async with async_client.track(phase="TEXT_GENERATION"):
            _ = 1 / 0
    assert _ending(loopback).state == types.CONTEXT_STATE_FAILED


async def test_a_cancelled_task_is_recorded(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    begun = asyncio.Event()

    async def generate() -> None:
        async with async_client.track(phase="TEXT_GENERATION"):
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(generate())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    ending = _ending(loopback)
    assert ending.state == types.CONTEXT_STATE_CANCELLED
    assert ending.trace_artifacts[0].type == "CancelledError"


async def test_a_task_that_is_cancelled_twice_is_recorded_nevertheless(
    async_client: AsyncClient, loopback: LoopbackServer
) -> None:
    begun, reached, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow_finish(request: types.FinishContextRequest, context: Any) -> types.FinishContextResponse:
        loop.call_soon_threadsafe(reached.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
        return _finish(request, context)

    loopback.answers["FinishContext"] = slow_finish

    async def generate() -> None:
        async with async_client.track(phase="TEXT_GENERATION"):
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(generate())
    await begun.wait()
    task.cancel()
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    assert _ending(loopback).state == types.CONTEXT_STATE_CANCELLED


# Traces within the limits of the contract


@given(message=some.text(max_size=200) | some.just("x" * 20_000) | some.just("\ud800"), kind=some.text(min_size=1))
def test_a_trace_is_always_one_that_the_contract_takes(message: str, kind: str) -> None:
    artifact = _trace_artifacts.artifact(kind.encode("utf-8", "replace").decode(), message, "render.py:88")
    assert 1 <= len(artifact.type) <= 200
    assert len(artifact.message) <= 10_000
    assert types.TraceArtifact.FromString(artifact.SerializeToString()) == artifact


def test_a_long_chain_of_causes_is_cut() -> None:
    error: Exception = ValueError("0")
    for number in range(1, 30):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    assert [artifact.message for artifact in _trace_artifacts.artifacts_of(error)] == [
        str(29 - each) for each in range(10)
    ]


def test_causes_that_go_round_in_a_circle_end() -> None:
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    assert len(_trace_artifacts.artifacts_of(first)) == 2


# The signal handler of the process


def test_a_handler_for_sigterm_stands_only_while_a_context_is_open(client: Client) -> None:
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with client.track(phase="A"):
        assert callable(signal.getsignal(signal.SIGTERM))
        with client.track(phase="B"):
            pass
        assert callable(signal.getsignal(signal.SIGTERM))
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("theirs", [lambda number, frame: None, signal.SIG_IGN], ids=["a handler", "ignored"])
def test_a_handler_of_the_program_is_never_replaced(client: Client, theirs: Any) -> None:
    before = signal.signal(signal.SIGTERM, theirs)
    try:
        with client.track(phase="A"):
            assert signal.getsignal(signal.SIGTERM) is theirs
        assert signal.getsignal(signal.SIGTERM) is theirs
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_handler_that_the_program_sets_meanwhile_stays(client: Client) -> None:
    def theirs(number: int, frame: Any) -> None: ...

    try:
        with client.track(phase="A"):
            signal.signal(signal.SIGTERM, theirs)
        assert signal.getsignal(signal.SIGTERM) is theirs
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_the_handle_is_what_the_package_names(client: Client) -> None:
    with client.track(phase="A") as context:
        assert isinstance(context, TrackedContext)


async def test_asyncio_does_not_hide_the_error_either(async_client: AsyncClient, loopback: LoopbackServer) -> None:
    loopback.answers["FinishContext"] = unavailable
    with pytest.raises(ZeroDivisionError) as caught:
        async with async_client.track(phase="A"):
            _ = 1 / 0
    assert "could not be recorded" in caught.value.__notes__[0]
    with pytest.raises(Unavailable):
        async with async_client.track(phase="A"):
            pass

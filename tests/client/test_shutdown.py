"""Programs that are ended from outside while a context is open: each runs in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from groundswell import types
from tests.client.loopback import LoopbackServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

ID = "019366c4-0000-7000-8000-000000000007"

PREAMBLE = """
import asyncio, os, signal, sys, threading, time
from groundswell import AsyncClient, Client

signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it

client = Client(sys.argv[1])

def ready():
    print("ready", flush=True)
"""


@pytest.fixture(autouse=True)
def _records(loopback: LoopbackServer) -> None:
    def start(request: types.StartContextRequest, context: Any) -> types.StartContextResponse:
        identifier = request.note or ID
        return types.StartContextResponse(context=types.Context(id=identifier, state=types.CONTEXT_STATE_PROCESSING))

    def finish(request: types.FinishContextRequest, context: Any) -> types.FinishContextResponse:
        return types.FinishContextResponse(context=types.Context(id=request.context_id, state=request.state))

    loopback.answers |= {"StartContext": start, "FinishContext": finish}


def _run(loopback: LoopbackServer, program: str, stop: signal.Signals | None = None) -> int:
    """Runs the program, sends `stop` once it says that it is ready, and gives its exit code."""
    source = PREAMBLE + textwrap.dedent(program)
    with subprocess.Popen(
        [sys.executable, "-c", source, loopback.target], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        if stop is not None:
            process.send_signal(stop)
        return process.wait(30)


def _endings(loopback: LoopbackServer) -> list[tuple[str, int, str]]:
    """Context, state and type of the first trace of every end that was recorded, by context."""
    endings = loopback.requests("FinishContext")
    return sorted((each.context_id, each.state, each.trace_artifacts[0].type) for each in endings)


def test_sigterm_is_recorded_and_still_kills(loopback: LoopbackServer) -> None:
    code = _run(
        loopback,
        """
        with client.track(phase="IMAGE_GENERATION") as context:
            context.output["draft"] = "a.png"
            ready()
            time.sleep(60)
        """,
        signal.SIGTERM,
    )
    assert code == -signal.SIGTERM
    assert _endings(loopback) == [(ID, types.CONTEXT_STATE_CANCELLED, "SIGTERM")]
    (ending,) = loopback.requests("FinishContext")
    assert ending.output["draft"] == "a.png"
    assert ending.trace_artifacts[0].location.startswith("<string>:")


def test_sigterm_ends_the_contexts_of_all_threads_and_loops(loopback: LoopbackServer) -> None:
    code = _run(
        loopback,
        """
        async def generate(open):
            async with AsyncClient(sys.argv[1]) as client, client.track(phase="A", note="asynchronous"):
                open.release()
                await asyncio.sleep(60)

        def work(note):
            with client.track(phase="A", note=note):
                open.release()
                time.sleep(60)

        open = threading.Semaphore(0)
        for note in ("one", "two"):
            threading.Thread(target=work, args=(note,), daemon=True).start()
        threading.Thread(target=lambda: asyncio.run(generate(open)), daemon=True).start()
        for _ in range(3):
            open.acquire()
        with client.track(phase="A", note="main"):
            ready()
            time.sleep(60)
        """,
        signal.SIGTERM,
    )
    assert code == -signal.SIGTERM
    names = ["asynchronous", "main", "one", "two"]
    assert _endings(loopback) == [(name, types.CONTEXT_STATE_CANCELLED, "SIGTERM") for name in names]


def test_sigterm_is_recorded_while_an_event_loop_runs_in_the_main_thread(loopback: LoopbackServer) -> None:
    code = _run(
        loopback,
        """
        async def main():
            async with AsyncClient(sys.argv[1]) as client, client.track(phase="A"):
                ready()
                await asyncio.sleep(60)

        asyncio.run(main())
        """,
        signal.SIGTERM,
    )
    assert code == -signal.SIGTERM
    assert _endings(loopback) == [(ID, types.CONTEXT_STATE_CANCELLED, "SIGTERM")]


def test_ctrl_c_is_recorded(loopback: LoopbackServer) -> None:
    code = _run(
        loopback,
        """
        with client.track(phase="A"):
            ready()
            time.sleep(60)
        """,
        signal.SIGINT,
    )
    assert code == -signal.SIGINT
    assert _endings(loopback) == [(ID, types.CONTEXT_STATE_CANCELLED, "KeyboardInterrupt")]


def test_ctrl_c_is_recorded_with_asyncio(loopback: LoopbackServer) -> None:
    _run(
        loopback,
        """
        async def main():
            async with AsyncClient(sys.argv[1]) as client, client.track(phase="A"):
                ready()
                await asyncio.sleep(60)

        asyncio.run(main())
        """,
        signal.SIGINT,
    )
    assert _endings(loopback) == [(ID, types.CONTEXT_STATE_CANCELLED, "CancelledError")]


def test_a_handler_of_the_program_does_its_own_work(loopback: LoopbackServer) -> None:
    code = _run(
        loopback,
        """
        def leave(number, frame):
            sys.exit(3)

        signal.signal(signal.SIGTERM, leave)
        with client.track(phase="A"):
            ready()
            time.sleep(60)
        """,
        signal.SIGTERM,
    )
    assert code == 3
    assert _endings(loopback) == [(ID, types.CONTEXT_STATE_FAILED, "SystemExit")]


def test_what_is_still_open_when_the_interpreter_ends_is_cancelled(loopback: LoopbackServer) -> None:
    code = _run(
        loopback,
        """
        def work():
            with client.track(phase="A"):
                open.set()
                time.sleep(60)

        open = threading.Event()
        threading.Thread(target=work, daemon=True).start()
        open.wait()
        ready()
        """,
    )
    assert code == 0
    assert _endings(loopback) == [(ID, types.CONTEXT_STATE_CANCELLED, "InterpreterExit")]


def test_a_forked_child_leaves_its_parent_s_context_alone(loopback: LoopbackServer) -> None:
    code = _run(
        loopback,
        """
        with client.track(phase="A") as context:
            child = os.fork()
            if child == 0:
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(60)
            _, status = os.waitpid(child, 0)
            assert os.WTERMSIG(status) == signal.SIGTERM
            ready()
        """,
    )
    assert code == 0
    (ending,) = loopback.requests("FinishContext")
    assert ending.state == types.CONTEXT_STATE_DONE


def test_a_server_that_is_gone_does_not_keep_the_process_alive(loopback: LoopbackServer) -> None:
    source = PREAMBLE + "with client.track(phase='A'):\n    ready()\n    time.sleep(60)\n"
    with subprocess.Popen(
        [sys.executable, "-c", source, loopback.target], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        loopback.stop()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == -signal.SIGTERM

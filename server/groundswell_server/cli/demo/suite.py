"""A suite for the duration of a demonstration: `groundswell serve` in a separate process, on a free port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from groundswell import Client

STOP_SECONDS = 20
READY = re.compile(r"groundswell is ready on (?P<address>\S+)")


@contextmanager
def running_suite(database: str) -> Iterator[Client]:
    """Starts server and worker, yields a client, and stops both. Raises OSError when they do not start."""
    command = [sys.executable, "-m", "groundswell_server", "serve", "--port", "0", "--database", database]
    quiet = {**os.environ, "GROUNDSWELL_LOG_LEVEL": "warning"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=quiet)  # noqa: S603  # our own command
    try:
        assert process.stdout is not None  # noqa: S101  # because of stdout=PIPE
        ready = READY.match(process.stdout.readline())
        if ready is None:
            raise OSError(f"`groundswell serve` ended with code {process.wait()}; its output is above")
        with Client(ready["address"], api_key="") as client:
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()

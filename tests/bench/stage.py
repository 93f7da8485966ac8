"""What the rows are measured on: the echo server, a suite that has learned, and the peer, all on one core.

The load comes from the other core, where there is one.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path

import httpx

from groundswell import Client
from groundswell_server.cli.post_import import import_file
from tests.bench.measure import pin
from tests.processes import Suite

SERVING, LOADING = 0, 1
POSTS = Path(__file__).parents[2] / "server/groundswell_server/cli/demo/data/facebook_metrics.csv"
LEARN_AS_OF = "2015-02-01T00:00:00Z"


class Stage:
    """Servers that start when a row first asks for them, and end together."""

    def __enter__(self) -> Stage:
        self._open = ExitStack()
        self.folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="groundswell-bench-")))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def echo(self) -> tuple[str, int]:
        """Address and process of the echo server."""
        process = self._start("tests.bench.echo")
        assert process.stdout is not None
        return f"127.0.0.1:{int(process.stdout.readline())}", process.pid

    @cached_property
    def suite(self) -> Suite:
        """A suite on SQLite with 500 posts and both models live."""
        pin([SERVING])
        suite = self._open.enter_context(Suite(f"sqlite:///{self.folder / 'groundswell.db'}"))
        pin([LOADING])
        with Client(suite.target, api_key="") as client:
            teach(client)
        return suite

    @cached_property
    def peer(self) -> tuple[str, int]:
        """Address and process of the FastAPI service."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = self._start("tests.bench.peer", str(port))
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            with suppress(httpx.ConnectError):
                httpx.get(f"{address}/docs")
                break
            time.sleep(0.1)
        return address, process.pid

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[str]:
        pin([SERVING])
        process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True)
        pin([LOADING])
        self._open.callback(process.wait)
        self._open.callback(process.kill)
        return process


def teach(client: Client) -> None:
    """Imports 500 posts and makes both models that learn from posts live."""
    import_file(client, POSTS)
    for model_type in ("ENGAGEMENT_PREDICTOR", "SUCCESS_CLASSIFIER"):
        model = client.learning.train_model(model_type=model_type, as_of_time=LEARN_AS_OF, lookback_days=500).result()
        client.learning.promote_model(model_id=model.id, force=True)

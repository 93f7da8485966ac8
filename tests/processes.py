"""A suite started by `groundswell serve` in processes of its own, which a test can kill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path


class Suite:
    """A suite that starts on entry and stops on exit; it can be killed and restarted in between."""

    def __init__(self, database_url: str, *arguments: str, **environment: str) -> None:
        self.database_url = database_url
        self.home = Path(tempfile.mkdtemp(prefix="groundswell-home-"))
        self._arguments = arguments
        self._environment = environment
        self.port = 0

    def __enter__(self) -> Suite:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def target(self) -> str:
        """The address on which it listens."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts the suite and waits until it answers. A restart uses the same port."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "groundswell_server", "serve", "--port", str(self.port), *self._arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "HOME": str(self.home),
                "GROUNDSWELL_DATABASE_URL": self.database_url,
                **self._environment,
            },
        )
        assert self.process.stdout is not None
        ready = re.match(r"groundswell is ready on 127.0.0.1:(\d+) ", self.process.stdout.readline())
        assert ready, f"the suite ended with code {self.process.wait()}"
        self.port = int(ready[1])

    def stop(self) -> int:
        """Stops the suite gracefully and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        """Kills the suite without a chance to finish anything."""
        self.process.kill()
        self.process.wait(30)

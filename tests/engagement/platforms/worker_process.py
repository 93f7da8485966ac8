"""A real worker process by the tests' clock: `python -m tests.engagement.platforms.worker_process`."""

from __future__ import annotations

import sys

from groundswell_server.jobs.registry import Registry
from groundswell_server.jobs.worker import run_worker
from groundswell_server.settings import load

if __name__ == "__main__":
    sys.exit(run_worker(load(), Registry({"engagement": "tests.engagement.platforms.accelerated_jobs"})))

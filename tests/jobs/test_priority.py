"""A worker leaves the machine to those who serve."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

PROGRAM = """
import os
from groundswell_server.jobs.worker import lower_priority
lower_priority()
import scipy.linalg, threadpoolctl
print(os.nice(0), max(library["num_threads"] for library in threadpoolctl.threadpool_info()))
"""
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def niceness_and_threads(settings: Mapping[str, str]) -> list[int]:
    """Of a process that stood back and then loaded linear algebra."""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES} | settings
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment)
    return [int(word) for word in told.stdout.split()]


def test_a_worker_is_niced_and_its_libraries_keep_to_one_core() -> None:
    niceness, threads = niceness_and_threads({})
    assert niceness >= 10
    assert threads == 1


def test_who_sets_the_number_of_threads_has_the_last_word() -> None:
    assert niceness_and_threads({"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"})[1] == 2

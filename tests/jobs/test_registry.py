"""Which jobs a worker can do."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from groundswell_server.jobs.registry import Registry
from tests.jobs import tiny_jobs

TINY = {"tiny": "tests.jobs.tiny_jobs"}


def test_the_jobs_and_schedules_of_an_area_are_found_in_its_module() -> None:
    registry = Registry(TINY)
    assert registry.kinds == ("tiny.echo", "tiny.wait_for_file", "tiny.never_look_up")
    assert registry.find("tiny.echo").__name__ == tiny_jobs.echo.__name__
    assert [job.name for job in registry.periodic] == ["tiny.count_run"]


def test_a_kind_that_does_not_begin_with_its_area_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    misnamed = ModuleType("misnamed_jobs")
    misnamed.JOBS = {"other.echo": tiny_jobs.echo}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "misnamed_jobs", misnamed)
    with pytest.raises(TypeError, match=r"misnamed_jobs: the kind 'other\.echo'"):
        Registry({"tiny": "misnamed_jobs"})


def test_every_area_of_the_suite_with_jobs_is_found() -> None:
    assert all(kind.count(".") == 1 for kind in Registry().kinds)

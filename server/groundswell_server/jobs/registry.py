"""The jobs that workers can run: each area lists its jobs in its `jobs.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType

from google.protobuf.message import Message

from groundswell_server.jobs.job import Job
from groundswell_server.settings import Settings
from groundswell_storage.database import Database

JobFunction = Callable[[Job], Message]
"""Does the work of one operation. Returns its response and raises typed errors."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that runs at a fixed interval, on one worker of the deployment.

    It is short and safe to run twice. For work that takes long, or calls other services, it starts an operation.
    """

    name: str
    """Unique in the deployment, such as `learning.check_drift`."""
    every: timedelta
    run: Callable[[Database, Settings], None]
    exclusive: bool = True
    """False for a job that every worker runs, because the job itself ensures that work is done once."""


class Registry:
    """The jobs of all areas by kind: `learning.train_model` is in `learning/jobs.py`.

    Such a module has `JOBS`, a mapping from kind to function, and may have `PERIODIC`, a sequence of Periodic. It is
    imported when the worker starts; heavy libraries are imported inside its functions.
    """

    def __init__(self, modules: Mapping[str, str] | None = None) -> None:
        """`modules` maps the name of an area to the module with its jobs; the default is the areas of this package."""
        self._modules = dict(modules) if modules is not None else _areas()
        self._jobs: dict[str, JobFunction] = {}
        self.periodic: list[Periodic] = []
        for area, name in self._modules.items():
            self._add(area, import_module(name))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of operation that this build can run; others are left to workers of another build."""
        return tuple(self._jobs)

    def find(self, kind: str) -> JobFunction:
        """Returns the function of a kind. Raises KeyError for a kind that is not in `kinds`."""
        return self._jobs[kind]

    def _add(self, area: str, module: ModuleType) -> None:
        jobs: Mapping[str, JobFunction] = getattr(module, "JOBS", {})
        for kind in jobs:
            if kind.partition(".")[0] != area:
                raise TypeError(f"{module.__name__}: the kind {kind!r} must begin with {area!r} and a dot")
        self._jobs.update(jobs)
        self.periodic.extend(getattr(module, "PERIODIC", ()))


def _areas() -> dict[str, str]:
    return dict(_find_areas(Path(__file__).parent.parent))


def _find_areas(package: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(package.glob("*/jobs.py")):
        yield path.parent.name, f"{package.name}.{path.parent.name}.jobs"

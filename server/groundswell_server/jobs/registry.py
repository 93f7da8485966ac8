"""What workers can do: each area lists its jobs in a `jobs.py` of its own."""

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
"""Does the work of one operation and returns its response; raises typed errors."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that runs by the clock, on one worker of all unless told otherwise.

    It is short and safe to run twice; what takes long, or asks other services, is an operation that it starts.
    """

    name: str
    """Unique in the deployment, such as `learning.check_drift`."""
    every: timedelta
    run: Callable[[Database, Settings], None]
    exclusive: bool = True
    """False for one that every worker runs, because it sees by itself to it that work is done once."""


class Registry:
    """The jobs of all areas, by kind: `learning.train_model` stands in `learning/jobs.py`.

    Such a module has `JOBS`, a mapping from kind to function, and may have `PERIODIC`, a sequence of Periodic. It is
    imported when the worker starts; what is heavy is imported inside its functions.
    """

    def __init__(self, modules: Mapping[str, str] | None = None) -> None:
        """`modules`: name of the module with an area's jobs by the area's name; those of this package unless given."""
        self._modules = dict(modules) if modules is not None else _areas()
        self._jobs: dict[str, JobFunction] = {}
        self.periodic: list[Periodic] = []
        for area, name in self._modules.items():
            self._add(area, import_module(name))

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of operation that this build can do; a worker leaves others to workers of another build."""
        return tuple(self._jobs)

    def find(self, kind: str) -> JobFunction:
        """The function for a kind; KeyError for one that is not in `kinds`."""
        return self._jobs[kind]

    def _add(self, area: str, module: ModuleType) -> None:
        jobs: Mapping[str, JobFunction] = getattr(module, "JOBS", {})
        for kind in jobs:
            if kind.partition(".")[0] != area:
                raise TypeError(f"{module.__name__} lists {kind!r}; its kinds begin with {area!r} and a dot")
        self._jobs.update(jobs)
        self.periodic.extend(getattr(module, "PERIODIC", ()))


def _areas() -> dict[str, str]:
    return dict(_find_areas(Path(__file__).parent.parent))


def _find_areas(package: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(package.glob("*/jobs.py")):
        yield path.parent.name, f"{package.name}.{path.parent.name}.jobs"

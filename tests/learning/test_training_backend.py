"""Training on a Dask cluster gives the same model; a missing cluster is an error."""

from __future__ import annotations

import importlib.metadata
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import joblib
import pytest
from distributed import LocalCluster, SchedulerPlugin
from pydantic import ValidationError

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.models import model_types
from groundswell_server.models.model_type import TrainingSettings
from groundswell_server.models.training import parallel_backend as backend
from groundswell_server.models.training.parallel_backend import parallel_work
from groundswell_server.models.training.trainer import train
from groundswell_server.settings import Settings
from groundswell_storage.errors import FailedPrecondition, Unavailable
from tests.learning.calls import world
from tests.learning.calls.studio import Studio
from tests.learning.simulated_posts import Simulation
from tests.running import RunningServer

NOBODY = "tcp://127.0.0.1:9"


class Finished(SchedulerPlugin):  # type: ignore[misc]
    """Counts the tasks that workers have finished."""

    def __init__(self) -> None:
        self.workers: Counter[str] = Counter()

    def transition(self, key: Any, start: str, finish: str, *args: Any, worker: str = "", **kwargs: Any) -> None:
        if (start, finish) == ("processing", "memory"):
            self.workers[worker] += 1


@pytest.fixture
def cluster() -> Iterator[LocalCluster]:
    """A scheduler and two workers, in threads of this process, which are reached by TCP."""
    with LocalCluster(
        n_workers=2, threads_per_worker=2, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster


@pytest.fixture
def finished(cluster: LocalCluster) -> Finished:
    plugin = Finished()
    cluster.scheduler.add_plugin(plugin)
    return plugin


def on_dask(address: str) -> Settings:
    return Settings(training_backend="dask", dask_scheduler=address)


@pytest.mark.slow
def test_the_same_model_comes_from_the_cluster(
    cluster: LocalCluster, finished: Finished, simulation: Simulation
) -> None:
    settings = TrainingSettings(parameters={"n_estimators": 20})
    with parallel_work(on_dask(cluster.scheduler_address)):
        there = train(model_types.get("ENGAGEMENT_PREDICTOR"), simulation.examples, settings)
    here = train(model_types.get("ENGAGEMENT_PREDICTOR"), simulation.examples, settings)
    assert there.files.onnx == here.files.onnx
    assert there.files.card == here.files.card
    assert there.report == here.report
    # Trees are sent in batches, and both workers had some.
    assert len(finished.workers) == 2
    assert sum(finished.workers.values()) >= 20


def test_work_goes_to_the_cluster(cluster: LocalCluster, finished: Finished) -> None:
    with parallel_work(on_dask(cluster.scheduler_address)):
        assert joblib.Parallel()(joblib.delayed(pow)(number, 2) for number in range(20)) == [n * n for n in range(20)]
    assert sum(finished.workers.values()) > 0


def test_afterwards_work_is_done_here_again(cluster: LocalCluster, finished: Finished) -> None:
    with parallel_work(on_dask(cluster.scheduler_address)):
        pass
    assert joblib.Parallel()(joblib.delayed(pow)(number, 2) for number in range(3)) == [0, 1, 4]
    assert not finished.workers


def test_a_cluster_without_workers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "WORKER_SECONDS", 0.2)
    with (
        LocalCluster(n_workers=0, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None) as empty,
        pytest.raises(Unavailable, match="has no worker"),
        parallel_work(on_dask(empty.scheduler_address)),
    ):
        pytest.fail("there is nobody to work")


def test_a_scheduler_out_of_reach_fails_the_training_and_the_live_version_stays(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "CONNECT_SECONDS", 0.2)
    with RunningServer(sqlite_url, training_backend="dask", dask_scheduler=NOBODY, job_max_attempts=1) as server:
        studio = Studio.open(server)
        with pytest.raises(AssertionError, match=f"'FAILED'.*scheduler at {NOBODY} does not answer"):
            studio.train("ENGAGEMENT_PREDICTOR")
        assert not studio.learning.ListModels(pb.ListModelsRequest()).models
        assert world.work(server) == 0


def test_without_dask_the_training_fails_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with (
        pytest.raises(FailedPrecondition, match=r"pip install 'groundswell\[dask\]'") as refused,
        parallel_work(on_dask(NOBODY)),
    ):
        pytest.fail("there is nobody to work")
    assert refused.value.reason == "DASK_NOT_INSTALLED"


def test_what_it_says_to_install_is_there_to_install() -> None:
    assert "dask" in (importlib.metadata.metadata("groundswell").get_all("Provides-Extra") or [])


def test_a_cluster_takes_an_address() -> None:
    with pytest.raises(ValidationError, match="must be set when GROUNDSWELL_TRAINING_BACKEND is dask"):
        Settings(training_backend="dask")


def test_a_failure_of_the_training_itself_is_told_as_it_is(cluster: LocalCluster) -> None:
    with pytest.raises(FailedPrecondition, match="too few"), parallel_work(on_dask(cluster.scheduler_address)):
        raise FailedPrecondition("too few")

"""Background work of learning in worker processes: training, retraining schedules, retention, online learning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import structlog

from groundswell.v1 import learning_pb2
from groundswell_server.jobs.job import Job
from groundswell_server.jobs.registry import Periodic
from groundswell_server.learning.messages.models import model_message
from groundswell_server.learning.messages.training_runs import retraining_request, training_run_in
from groundswell_server.learning.online import outcome_events
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.monitoring import retraining_decision
from groundswell_server.models.training.parallel_backend import parallel_work
from groundswell_server.settings import Settings
from groundswell_storage.database import Database
from groundswell_storage.jobs import operations
from groundswell_storage.learning import labelled_predictions, predictions, stray_files, training_schedules
from groundswell_storage.learning.model_versions import Artifact
from groundswell_storage.learning.training_schedules import TrainingSchedule
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.learning.online.learner import Learner

TRAIN = "learning.train_model"
RETRAIN = "learning.retrain"
_RETRY = timedelta(hours=1)
"""Period after which a failed check of a schedule is repeated."""

_MAX_FILES = 1_000
"""The maximum number of files removed at once."""

log = structlog.get_logger(__name__)


def train_model(job: Job) -> learning_pb2.Model:
    """Trains a version for TrainModel, stores it, and promotes it if the request wants that and it is better."""
    # It imports NumPy, and a server imports this module without.
    from groundswell_server.models.training import training_run

    run = training_run_in(learning_pb2.TrainModelRequest.FromString(job.request), job.settings, job.reading().now)
    store = ArtifactStore(job.settings.ml_model_path)
    with parallel_work(job.settings):
        outcome = training_run.execute(
            job.reading(), run, lambda share, message, /: job.progress(100.0 * share, message), store
        )
    _write_files(job, store, outcome.artifacts)
    with job.scope() as scope:
        model = model_message(training_run.store_version(scope, outcome, job.operation_id))
        job.complete(scope, model)
    return model


def _write_files(job: Job, store: ArtifactStore, artifacts: Sequence[Artifact]) -> None:
    """Writes files before the transaction of their rows, and announces them before that: see `stray_files`."""
    paths = [artifact.path for artifact in artifacts if artifact.path]
    if paths:
        with job.scope() as scope:
            stray_files.announce(scope.database, paths, due=scope.now + stray_files.PATIENCE)
        store.write(artifacts)


def remove_files(database: Database, settings: Settings) -> None:
    """Removes the files of deleted versions and failed trainings from outside the database."""
    store = ArtifactStore(settings.ml_model_path)
    if not store.outside:
        return
    for path in stray_files.list_due(database, database.now(), _MAX_FILES):
        store.remove(path)
        with database.transaction():
            stray_files.forget(database, path)


def purge_predictions(database: Database, settings: Settings) -> None:
    """Deletes predictions older than their retention."""
    with database.transaction():
        before = database.now() - timedelta(days=settings.prediction_retention_days)
        predictions.purge(database, before)
        labelled_predictions.purge(database, before)


def retrain_when_due(database: Database, settings: Settings) -> None:
    """Checks the schedules that are due, and starts a training where the check decides so."""
    for workspace, model_type in training_schedules.due(database, database.now()):
        with database.scope(workspace, RETRAIN) as scope:
            schedule = training_schedules.claim(scope, model_type, scope.now + _RETRY)
        if schedule is not None:
            with database.scope(workspace, RETRAIN) as scope:
                _check(scope, schedule, settings)


def _check(scope: Scope, schedule: TrainingSchedule, settings: Settings) -> None:
    plan = schedule.plan
    decision = retraining_decision.decide(
        scope,
        schedule,
        target_age=timedelta(days=settings.ml_target_age_days),
        minimum_samples=settings.ml_min_training_samples,
    )
    operation_id = schedule.operation_id
    if decision.retrain:
        request = retraining_request(plan, decision.live, scope.now).SerializeToString()
        operation_id = operations.create(scope, TRAIN, request, max_attempts=settings.job_max_attempts).id
    log.info("training schedule checked", model_type=plan.model_type, retrain=decision.retrain, why=decision.why)
    training_schedules.note(
        scope,
        plan.model_type,
        next_check_time=scope.now + timedelta(days=plan.every_days),
        decision=decision.why,
        report_id=decision.report_id,
        operation_id=operation_id,
    )


def learn_outcomes(database: Database, settings: Settings) -> None:
    """Lets the online models learn from outcomes within seconds after they become known."""
    changes = outcome_events.read_changes(database)
    if changes is not None:
        _learner(settings.ml_model_path).learn(database, changes, timedelta(days=settings.ml_target_age_days))


@cache
def _learner(place: str) -> Learner:
    # It imports NumPy, and a worker starts without.
    from groundswell_server.learning.online.learner import Learner

    return Learner(ArtifactStore(place))


JOBS = {TRAIN: train_model}
PERIODIC = (
    Periodic("learning.purge_predictions", timedelta(hours=6), purge_predictions),
    Periodic("learning.remove_files", timedelta(minutes=1), remove_files),
    Periodic(RETRAIN, timedelta(minutes=1), retrain_when_due),
    Periodic("learning.learn_outcomes", timedelta(seconds=1), learn_outcomes, exclusive=False),
)

"""Learning's work in the background: what a worker process does."""

from __future__ import annotations

from datetime import timedelta

from groundswell.v1 import learning_pb2
from groundswell_server.jobs.job import Job
from groundswell_server.jobs.registry import Periodic
from groundswell_server.learning import messages
from groundswell_server.learning.training import run as training_run
from groundswell_server.settings import Settings
from groundswell_storage import predictions
from groundswell_storage.database import Database


def train_model(job: Job) -> learning_pb2.Model:
    """TrainModel: trains a version, keeps it, and promotes it when that was asked for and it is better."""
    run = messages.run_of(learning_pb2.TrainModelRequest.FromString(job.request), job.settings, job.reading().now)
    outcome = training_run.carry_out(job.reading(), run, lambda share, message, /: job.progress(100.0 * share, message))
    with job.scope() as scope:
        model = messages.model_message(training_run.keep(scope, outcome, job.operation_id))
        job.complete(scope, model)
    return model


def purge_predictions(database: Database, settings: Settings) -> None:
    """Forgets predictions beyond their retention."""
    with database.transaction():
        predictions.purge(database, database.now() - timedelta(days=settings.prediction_retention_days))


JOBS = {"learning.train_model": train_model}
PERIODIC = (Periodic("learning.purge_predictions", timedelta(hours=6), purge_predictions),)

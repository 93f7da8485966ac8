"""The backend of scikit-learn's parallel work: the worker itself, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any

from groundswell_server.settings import Settings
from groundswell_storage.errors import FailedPrecondition, Unavailable

CONNECT_SECONDS = 10.0
"""The maximum wait for the scheduler."""
WORKER_SECONDS = 10.0
"""The maximum wait for its first worker."""


@contextmanager
def parallel_work(settings: Settings) -> Iterator[None]:
    """Runs joblib's work within the context on the configured backend.

    Raises FailedPrecondition (`DASK_NOT_INSTALLED`); Unavailable (`SCHEDULER_UNAVAILABLE`) when the scheduler, or all
    its workers, can't be reached or are lost.
    """
    if settings.training_backend == "local":
        yield
        return
    try:
        from dask.distributed import Client, KilledWorker
    except ImportError as error:
        raise FailedPrecondition(
            "GROUNDSWELL_TRAINING_BACKEND is dask, which is not installed: pip install 'groundswell[dask]'",
            reason="DASK_NOT_INSTALLED",
        ) from error
    import joblib

    address = settings.dask_scheduler
    try:
        with _connected(Client, address) as client, joblib.parallel_config(backend="dask", client=client):
            yield
    except (OSError, KilledWorker, CancelledError) as error:
        raise _unreachable(address, f"was lost ({type(error).__name__})") from error


@contextmanager
def _connected(client_class: Any, address: str) -> Iterator[Any]:
    try:
        client = client_class(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise _unreachable(address, "does not answer") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError as error:
            raise _unreachable(address, "has no worker") from error
        yield client


def _unreachable(address: str, what: str) -> Unavailable:
    return Unavailable(
        f"the Dask scheduler at {address} {what}", reason="SCHEDULER_UNAVAILABLE", metadata={"address": address}
    )

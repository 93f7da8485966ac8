"""Checks of what a deployment needs besides its database: certificates, secrets and other machines."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from groundswell_server.cli.doctor.check_result import CheckResult, checked
from groundswell_server.cli.doctor.health import health
from groundswell_server.settings import Settings


def tls(settings: Settings) -> CheckResult:
    """Checks that the server's certificate can be read."""

    def work() -> str:
        from groundswell_server.bootstrap.tls import server_credentials

        return "certificate and key can be read" if server_credentials(settings) else "not set; loopback only"

    return checked("tls", work, "check GROUNDSWELL_TLS_CERTIFICATE and GROUNDSWELL_TLS_PRIVATE_KEY")


def master_key(settings: Settings) -> CheckResult:
    """Checks that secrets in the database can be decrypted."""
    if settings.master_key is None and not settings.master_key_file.exists():
        return CheckResult("master key", "ok", f"none yet; {settings.master_key_file} is created when first needed")

    def work() -> str:
        from groundswell_server.bootstrap.master_key import master_key as read

        read(settings)
        return "set" if settings.master_key else f"in {settings.master_key_file}"

    return checked("master key", work, "set GROUNDSWELL_MASTER_KEY, the same on all servers")


def model_store(settings: Settings) -> CheckResult:
    """Checks that files of models can be written, read and removed."""

    def work() -> str:
        from uuid import uuid4

        from groundswell_server.models.artifacts.artifact_store import ArtifactStore

        store = ArtifactStore(settings.ml_model_path)
        if not store.outside:
            return "in the database"
        store.check()
        store.try_out(f"doctor-{uuid4()}")
        return "a file was written, read and removed"

    cure = "check GROUNDSWELL_ML_MODEL_PATH: all servers and workers have to read, write and remove files there"
    return checked("model store", work, cure)


def job_queue(settings: Settings) -> CheckResult:
    """Checks that Redis answers, where it wakes the workers."""

    def work() -> str:
        if settings.jobs_url is None:
            return "beside the database"
        from groundswell_server.jobs.wakeups import WakeUps

        WakeUps(settings.database_url.get_secret_value(), settings.jobs_url.get_secret_value()).check()
        return "Redis answers"

    return checked("job queue", work, "check GROUNDSWELL_JOBS_URL; until then workers poll once a second")


def training(settings: Settings) -> CheckResult:
    """Checks that the Dask cluster answers and has workers, where training uses one."""

    def work() -> str:
        from groundswell_server.models.training.parallel_backend import parallel_work

        if settings.training_backend == "local":
            return "in the worker processes"
        with parallel_work(settings):
            return f"the Dask scheduler at {settings.dask_scheduler} answers and has workers"

    return checked("training", work, "check GROUNDSWELL_DASK_SCHEDULER, or set GROUNDSWELL_TRAINING_BACKEND=local")


def peers(settings: Settings) -> Iterator[CheckResult]:
    """Checks that each peer serves its service at the address in the settings."""
    for service, address in sorted(settings.peers.items()):
        cure = f"check GROUNDSWELL_PEERS: start a server with `--services {service}` at {address}"
        yield checked(f"peer {service}", partial(_peer, settings, service, address), cure)


def _peer(settings: Settings, service: str, address: str) -> str:
    import grpc

    from groundswell_server.bootstrap.tls import peer_credentials
    from groundswell_server.services.registry import SERVICES, unknown_service
    from groundswell_server.settings import SettingsError

    if problem := unknown_service([service]):
        raise SettingsError(problem)
    credentials = peer_credentials(settings)
    made = grpc.secure_channel(address, credentials) if credentials else grpc.insecure_channel(address)
    with made as channel:
        try:
            status = health(channel, SERVICES[service].full_name)
        except grpc.RpcError as error:
            reason = "does not serve it" if error.code() is grpc.StatusCode.NOT_FOUND else error.details()
            raise SettingsError(f"{address}: {reason}") from error
    if status != "SERVING":
        raise SettingsError(f"{address} is {status}")
    return f"{address} serves it"

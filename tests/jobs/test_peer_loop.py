"""What a job asks other services: in its own workspace, with the rights it chooses, outside transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.jobs.job import Job
from groundswell_server.jobs.peer_loop import PeerLoop
from groundswell_server.peers.peers import PeerRefusal
from groundswell_server.settings import SettingsError, load
from groundswell_storage.database import Database
from groundswell_storage.errors import Unavailable
from tests.jobs.running import ask, run, take
from tests.learning.model_rows import a_version
from tests.running import RunningServer

MASTER_KEY = "bWFzdGVyIGtleSBvZiAzMiBieXRlcyBmb3IgdGVzdHM="


@pytest.fixture
def keyed(database_url: str) -> Iterator[RunningServer]:
    """A server that asks for keys, so that a job is let in by its peer's word alone."""
    with RunningServer(database_url, ("learning", "operations"), master_key=MASTER_KEY, require_keys=True) as running:
        yield running


def outcome(database: Database, server: str, work: Callable[[Job], Any], workspace: str = "default") -> Any:
    """What comes of work done by a job of a workspace; raises what it raises."""
    found: list[Any] = []

    def function(job: Job) -> StringValue:
        try:
            found.append(work(job))
        except Exception as error:
            found.append(error)
        return StringValue()

    ask(database, workspace=workspace)
    run(database, take(database), function, server, master_key=MASTER_KEY)
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


async def models(job: Job, *rights: str) -> set[str]:
    """Ids of the models that a job is shown."""
    caller = job.acting_as(*rights or ("reader", "learning.read"))
    listed = await job.peers.call(caller, job.peers.learning.ListModels, pb.ListModelsRequest())
    return {model.id for model in listed.models}


def test_a_job_is_answered_as_somebody_of_its_own_workspace(database: Database, keyed: RunningServer) -> None:
    kept = {}
    for workspace in ("ours", "theirs"):
        with database.scope(workspace) as scope:
            kept[workspace] = {a_version(scope, workspace).id}
    for workspace, ids in kept.items():
        assert outcome(database, keyed.target, lambda job: job.wait_for(models(job)), workspace) == ids


def test_a_job_has_the_rights_that_it_chose_and_no_others(database: Database, keyed: RunningServer) -> None:
    async def promote(job: Job, *rights: str) -> None:
        request = pb.PromoteModelRequest(model_id="01890a5d-ac96-774b-bcce-b302099a8057")
        await job.peers.call(job.acting_as(*rights), job.peers.learning.PromoteModel, request)

    refused = {("reader", "learning.read"): "PERMISSION_DENIED", ("writer", "learning.write"): "NOT_FOUND"}
    for rights, code in refused.items():
        with pytest.raises(PeerRefusal) as caught:
            outcome(database, keyed.target, lambda job, rights=rights: job.wait_for(promote(job, *rights)))
        assert caught.value.code is grpc.StatusCode[code]


@pytest.mark.parametrize("server", ["", "unix:/nowhere/peers.sock"])
def test_a_service_that_is_out_of_reach_is_unavailable(database: Database, server: str) -> None:
    with pytest.raises(Unavailable) as caught:
        outcome(database, server, lambda job: job.wait_for(models(job)))
    assert caught.value.reason == "PEER_UNAVAILABLE"


def test_nobody_is_asked_inside_a_transaction(database: Database) -> None:
    def within(job: Job) -> None:
        with job.scope():
            job.wait_for(models(job))

    with pytest.raises(RuntimeError, match="inside a transaction"):
        outcome(database, "", within)


def test_a_worker_does_not_start_with_peers_that_rights_would_travel_to_in_the_clear(database: Database) -> None:
    with pytest.raises(SettingsError, match="GROUNDSWELL_PEERS"):
        PeerLoop(load(peers={"learning": "learning.example:50051"}), database)

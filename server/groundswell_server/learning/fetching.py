"""What a promotion has to look at outside the database, fetched before its transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.models.registry import Fetched
from groundswell_storage.errors import GroundswellError
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.learning import model_versions
from groundswell_storage.learning.model_versions import Artifact, ModelVersion
from groundswell_storage.scope import Scope

Find = Callable[[Scope], ModelVersion]


async def fetch(executor: DatabaseExecutor, store: ArtifactStore, workspace: str, now: datetime, find: Find) -> Fetched:
    """The files of the version that is found, as far as they are outside the database. Raises as `store.fetch`."""
    scope = Scope(executor.database, workspace, "system", now)
    kept = await executor.read(lambda: _outside(scope, find))
    return {id: await asyncio.to_thread(store.fetch, artifacts) for id, artifacts in kept.items()}


def _outside(scope: Scope, find: Find) -> dict[str, Mapping[str, Artifact]]:
    try:
        version = find(scope)
    except GroundswellError:
        # The call will be refused for that, unless it is a repeated one and has its answer already.
        return {}
    artifacts = model_versions.read_artifacts(scope, version.id)
    return {version.id: artifacts} if any(artifact.path for artifact in artifacts.values()) else {}

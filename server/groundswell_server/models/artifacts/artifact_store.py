"""Stores the files of model versions in the database, or at an fsspec URL that many servers share.

Rows keep the path of a file below the URL, not the URL itself, so that a store can be moved. Nothing here may be called
in a transaction.
"""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from groundswell_server.settings import IN_DATABASE, SettingsError
from groundswell_storage.errors import DataLoss, GroundswellError, Unavailable
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.learning import model_versions
from groundswell_storage.learning.model_versions import Artifact, ModelVersion
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

ARTIFACTS = "onnx", "card", "estimator"
"""Names of the artifacts of a version: the exported model, its description, and the estimator it was exported from."""

Fetched = Mapping[str, Mapping[str, Artifact]]
"""Artifacts by version id and name, fetched from outside the database before a transaction begins."""
NOTHING_FETCHED: Fetched = MappingProxyType({})


class ArtifactStore:
    """The model files of all workspaces; thread-safe."""

    def __init__(self, place: str = IN_DATABASE) -> None:
        """`place` is `database`, or a URL such as `file:///srv/models` or `s3://bucket/models`."""
        self._place = place

    @property
    def outside(self) -> bool:
        """True if new files are stored outside the database."""
        return self._place != IN_DATABASE

    def check(self) -> None:
        """Raises SettingsError when no installed library can reach the configured kind of URL."""
        if self.outside:
            import fsspec

            try:
                fsspec.get_filesystem_class(self._place.partition("://")[0])
            except (ImportError, ValueError) as error:
                raise SettingsError(f"GROUNDSWELL_ML_MODEL_PATH: {error}", ["ml_model_path"]) from error

    def with_paths(self, scope: Scope, artifacts: Sequence[Artifact]) -> list[Artifact]:
        """Returns the artifacts, with a unique path for each that is to be stored outside the database.

        The small drift baseline stays in the database, because transactions read it.
        """
        if not self.outside:
            return list(artifacts)
        id = scope.new_id()
        return [
            replace(artifact, path=f"{id}.{artifact.name}") if artifact.name in ARTIFACTS else artifact
            for artifact in artifacts
        ]

    def write(self, artifacts: Sequence[Artifact]) -> None:
        """Writes the artifacts that have a path, and returns when they are durable. Raises Unavailable."""
        for artifact in artifacts:
            if artifact.path:
                self._write(artifact.path, artifact.content)

    def read(self, scope: Scope, model_id: str) -> dict[str, Artifact]:
        """Returns the files of a version by name, wherever they are stored. Raises as `fetch`."""
        return self.fetch(model_versions.read_artifacts(scope, model_id))

    def fetch(self, artifacts: Mapping[str, Artifact]) -> dict[str, Artifact]:
        """Returns the artifacts with the content of those outside the database; missing files are left out.

        The caller verifies the digests. Raises Unavailable when the store does not answer, and DataLoss
        (`ARTIFACT_DAMAGED`) when no store is configured.
        """
        found = {}
        for name, artifact in artifacts.items():
            if not artifact.path:
                found[name] = artifact
                continue
            with suppress(FileNotFoundError):
                found[name] = replace(artifact, content=self._read(artifact.path))
        return found

    def remove(self, path: str) -> None:
        """Removes a file if it exists. Raises Unavailable."""
        try:
            files, where = self._at(path)
            with suppress(FileNotFoundError):
                files.rm_file(where)
        except Exception as error:
            raise self._unavailable(error) from error

    def try_out(self, path: str) -> None:
        """Writes a file outside the database, reads it and removes it. Raises Unavailable if any step fails."""
        content = path.encode()
        self._write(path, content)
        try:
            if self._read(path) != content:
                raise self._unavailable(ValueError("the content read differs from the content written"))
        except FileNotFoundError as error:
            raise self._unavailable(error) from error
        finally:
            self.remove(path)

    def _write(self, path: str, content: bytes) -> None:
        try:
            files, where = self._at(path)
            files.makedirs(where.rpartition("/")[0], exist_ok=True)
            with files.open(where, "wb") as file:
                file.write(content)
                file.flush()
                # Files on a local disk need fsync; other stores are durable when the file is closed.
                with suppress(io.UnsupportedOperation, AttributeError):
                    os.fsync(file.fileno())
        except Exception as error:
            raise self._unavailable(error) from error

    def _read(self, path: str) -> bytes:
        if not self.outside:
            raise DataLoss(
                f"the file {path} is stored outside the database: set GROUNDSWELL_ML_MODEL_PATH to its store",
                reason="ARTIFACT_DAMAGED",
                metadata={"artifact": path},
            )
        try:
            files, where = self._at(path)
            content: bytes = files.cat_file(where)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise self._unavailable(error) from error
        return content

    def _at(self, path: str) -> tuple[AbstractFileSystem, str]:
        from fsspec.core import url_to_fs

        files, root = url_to_fs(self._place)
        return files, f"{root.rstrip('/')}/{path}"

    def _unavailable(self, error: Exception) -> Unavailable:
        # Drivers raise any type of exception. The URL may contain a password, and so may the driver's message.
        kind = self._place.partition("://")[0]
        return Unavailable(
            f"the model store ({kind}://) is not reachable: {type(error).__name__}", reason="MODEL_STORE_UNAVAILABLE"
        )


async def fetch_before_promotion(
    executor: DatabaseExecutor,
    store: ArtifactStore,
    workspace: str,
    now: datetime,
    find: Callable[[Scope], ModelVersion],
) -> Fetched:
    """Fetches the files of the version that `find` returns, if they are stored outside the database."""
    scope = Scope(executor.database, workspace, "system", now)
    stored = await executor.read(lambda: _stored_outside(scope, find))
    return {id: await asyncio.to_thread(store.fetch, artifacts) for id, artifacts in stored.items()}


def _stored_outside(scope: Scope, find: Callable[[Scope], ModelVersion]) -> dict[str, Mapping[str, Artifact]]:
    try:
        version = find(scope)
    except GroundswellError:
        # The call itself will raise this, unless it is a repeated one whose answer is stored already.
        return {}
    artifacts = model_versions.read_artifacts(scope, version.id)
    return {version.id: artifacts} if any(artifact.path for artifact in artifacts.values()) else {}

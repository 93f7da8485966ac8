"""Where models' files are: in the database, or where an fsspec URL says, for many servers.

Rows keep a file's place below the URL, not the URL: a store can be moved. Nothing here is called in a transaction.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from groundswell_server.models.registry import ARTIFACTS
from groundswell_server.settings import IN_DATABASE, SettingsError
from groundswell_storage.errors import DataLoss, Unavailable
from groundswell_storage.learning import model_versions
from groundswell_storage.learning.model_versions import Artifact
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class ArtifactStore:
    """Models' files of all workspaces; safe for threads."""

    def __init__(self, place: str = IN_DATABASE) -> None:
        """`place`: `database`, or a URL such as `file:///srv/models` or `s3://bucket/models`."""
        self._place = place

    @property
    def outside(self) -> bool:
        """Whether new files go anywhere but into the database."""
        return self._place != IN_DATABASE

    def check(self) -> None:
        """Raises SettingsError when the place is of a kind that nothing here can reach."""
        if self.outside:
            import fsspec

            try:
                fsspec.get_filesystem_class(self._place.partition("://")[0])
            except (ImportError, ValueError) as error:
                raise SettingsError(f"GROUNDSWELL_ML_MODEL_PATH: {error}", ["ml_model_path"]) from error

    def placed(self, scope: Scope, artifacts: Sequence[Artifact]) -> list[Artifact]:
        """The artifacts, with the path where each is to be written that goes outside; no two ever have the same.

        The small baseline stays in the database: transactions look at it.
        """
        if not self.outside:
            return list(artifacts)
        id = scope.new_id()
        return [
            replace(artifact, path=f"{id}.{artifact.name}") if artifact.name in ARTIFACTS else artifact
            for artifact in artifacts
        ]

    def write(self, artifacts: Sequence[Artifact]) -> None:
        """Writes those that have a path, and returns when they are durable. Raises Unavailable."""
        for artifact in artifacts:
            if artifact.path:
                self._write(artifact.path, artifact.content)

    def read(self, scope: Scope, model_id: str) -> dict[str, Artifact]:
        """The files of a version by name, from wherever they are; `scope` needs no transaction. Raises as `fetch`."""
        return self.fetch(model_versions.read_artifacts(scope, model_id))

    def fetch(self, artifacts: Mapping[str, Artifact]) -> dict[str, Artifact]:
        """The artifacts, those outside the database with their content, or left out where they are gone.

        Whether they are whole is for the reader to check. Raises Unavailable when the store does not answer, DataLoss
        (`ARTIFACT_DAMAGED`) when nothing says where it is.
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
        """Removes a file; one that is gone already is no fault. Raises Unavailable."""
        try:
            files, where = self._at(path)
            with suppress(FileNotFoundError):
                files.rm_file(where)
        except Exception as error:
            raise self._silent(error) from error

    def try_out(self, path: str) -> None:
        """Writes a file outside the database, reads it and removes it again. Raises Unavailable where one fails."""
        content = path.encode()
        self._write(path, content)
        try:
            if self._read(path) != content:
                raise self._silent(ValueError("something else was read than was written"))
        except FileNotFoundError as error:
            raise self._silent(error) from error
        finally:
            self.remove(path)

    def _write(self, path: str, content: bytes) -> None:
        try:
            files, where = self._at(path)
            files.makedirs(where.rpartition("/")[0], exist_ok=True)
            with files.open(where, "wb") as file:
                file.write(content)
                file.flush()
                # A file on a disk of this machine; other stores have it once it is closed.
                with suppress(io.UnsupportedOperation, AttributeError):
                    os.fsync(file.fileno())
        except Exception as error:
            raise self._silent(error) from error

    def _read(self, path: str) -> bytes:
        if not self.outside:
            raise DataLoss(
                f"the file {path} is outside the database, and GROUNDSWELL_ML_MODEL_PATH does not say where",
                reason="ARTIFACT_DAMAGED",
                metadata={"artifact": path},
            )
        try:
            files, where = self._at(path)
            content: bytes = files.cat_file(where)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise self._silent(error) from error
        return content

    def _at(self, path: str) -> tuple[AbstractFileSystem, str]:
        from fsspec.core import url_to_fs

        files, root = url_to_fs(self._place)
        return files, f"{root.rstrip('/')}/{path}"

    def _silent(self, error: Exception) -> Unavailable:
        # Drivers raise what they like. The place may have a password in it, and so may what they say.
        kind = self._place.partition("://")[0]
        return Unavailable(
            f"the store of models ({kind}://) does not answer: {type(error).__name__}", reason="MODEL_STORE_UNAVAILABLE"
        )

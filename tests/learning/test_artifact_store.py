"""Model files outside the database: written before their rows, verified, refused when gone, and removed in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest

from groundswell_server.learning.jobs import remove_files
from groundswell_server.models import registry
from groundswell_server.models.artifacts.artifact_store import ArtifactStore
from groundswell_server.settings import Settings, SettingsError
from groundswell_storage.database import Database
from groundswell_storage.errors import Aborted, DataLoss, NotFound, Unavailable
from groundswell_storage.learning import model_versions, stray_files
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.scope import Scope
from tests.learning.model_rows import RESULT, artifact, live_ids

PARTS = "onnx", "card", "estimator"


@pytest.fixture(params=["file", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store of this test's own."""
    name = uuid4().hex
    if request.param == "memory":
        fsspec.filesystem("memory").makedirs(f"/{name}")
    yield f"file://{tmp_path}/models" if request.param == "file" else f"memory://{name}"
    if request.param == "memory":
        fsspec.filesystem("memory").rm(f"/{name}", recursive=True)


@pytest.fixture
def store(place: str) -> ArtifactStore:
    return ArtifactStore(place)


def files_in(place: str) -> set[str]:
    """Names of the files in a store."""
    files, root = fsspec.core.url_to_fs(place)
    return {path.rpartition("/")[2] for path in files.find(root)}


def a_version_outside(database: Database, store: ArtifactStore, run: str) -> ModelVersion:
    """As a worker keeps one: announced, written, and then in a row."""
    named = {"onnx": f"trees of {run}", "card": "{}", "estimator": "pickled", "baseline": "{}"}
    made = [artifact(name, content.encode()) for name, content in named.items()]
    with database.scope("default") as scope:
        placed = store.with_paths(scope, made)
        paths = [one.path for one in placed if one.path]
        stray_files.announce(database, paths, due=scope.now + stray_files.PATIENCE)
    store.write(placed)
    with database.scope("default") as scope:
        return model_versions.add_version(scope, RESULT, placed, operation_id=run)


def promote(database: Database, store: ArtifactStore, version: ModelVersion) -> None:
    """As the server does it: fetched before the transaction."""
    with database.scope("default") as scope:
        kept = model_versions.read_artifacts(scope, version.id)
    fetched = {version.id: store.fetch(kept)}
    with database.scope("default") as scope:
        registry.promote(scope, version.id, fetched=fetched)


def delete_twice(scope: Scope, model_id: str) -> None:
    registry.delete(scope, model_id)
    registry.delete(scope, model_id)


def settings(database: Database, place: str) -> Settings:
    return Settings(database_url=database.url, ml_model_path=place)


def test_files_are_outside_and_come_back_whole(database: Database, place: str, store: ArtifactStore) -> None:
    version = a_version_outside(database, store, "run-1")
    with database.scope("default") as scope:
        kept = model_versions.read_artifacts(scope, version.id)
    assert files_in(place) == {kept[name].path for name in PARTS}
    assert {name: kept[name].content for name in PARTS} == dict.fromkeys(PARTS, b"")
    fetched = store.fetch(kept)
    assert fetched["onnx"].content == b"trees of run-1"
    assert fetched["baseline"] == kept["baseline"]
    registry.require_intact(version, fetched)


def test_the_same_run_written_twice_takes_no_file_from_the_first(scope: Scope, store: ArtifactStore) -> None:
    made = [artifact("onnx", b"trees")]
    assert store.with_paths(scope, made)[0].path != store.with_paths(scope, made)[0].path


def test_in_the_database_nothing_has_a_path(scope: Scope) -> None:
    made = [artifact("onnx", b"trees")]
    assert ArtifactStore().with_paths(scope, made) == made


def test_a_version_is_promoted_and_rolled_back(database: Database, store: ArtifactStore) -> None:
    first, second = (a_version_outside(database, store, run) for run in ("run-1", "run-2"))
    promote(database, store, first)
    promote(database, store, second)
    with database.scope("default") as scope:
        back = registry.rollback_target(scope, RESULT.model_type)
        fetched = {back.id: store.fetch(model_versions.read_artifacts(scope, back.id))}
        registry.roll_back(scope, RESULT.model_type, fetched=fetched)
        assert live_ids(scope) == [first.id]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("damage", [b"other bytes", b"", None])
def test_a_damaged_or_missing_file_is_refused(
    database: Database, place: str, store: ArtifactStore, part: str, damage: bytes | None
) -> None:
    version = a_version_outside(database, store, "run-1")
    with database.scope("default") as scope:
        path = model_versions.read_artifacts(scope, version.id)[part].path
    files, root = fsspec.core.url_to_fs(place)
    if damage is None:
        files.rm_file(f"{root}/{path}")
    else:
        files.pipe_file(f"{root}/{path}", damage)
    with pytest.raises(DataLoss, match="missing" if damage is None else "damaged") as refused:
        promote(database, store, version)
    assert refused.value.reason == "ARTIFACT_DAMAGED"
    with database.scope("default") as scope:
        assert live_ids(scope) == []


def test_no_transaction_looks_for_files_outside(database: Database, store: ArtifactStore) -> None:
    version = a_version_outside(database, store, "run-1")
    with pytest.raises(Aborted), database.scope("default") as scope:
        registry.promote(scope, version.id)


def test_deletion_removes_the_files(database: Database, place: str, store: ArtifactStore) -> None:
    kept, deleted = (a_version_outside(database, store, run) for run in ("run-1", "run-2"))
    with database.scope("default") as scope:
        registry.delete(scope, deleted.id)
        paths = {one.path for one in model_versions.read_artifacts(scope, kept.id).values() if one.path}
    remove_files(database, settings(database, place))
    assert files_in(place) == paths
    assert stray_files.list_due(database, database.now() + timedelta(days=9), 9) == []


def test_a_deletion_that_does_not_commit_leaves_the_files(database: Database, place: str, store: ArtifactStore) -> None:
    version = a_version_outside(database, store, "run-1")
    with database.transaction(), pytest.raises(NotFound), database.savepoint():
        delete_twice(Scope(database, "default", "tester", database.now()), version.id)
    remove_files(database, settings(database, place))
    promote(database, store, version)


def test_files_without_a_row_are_removed_a_day_later(database: Database, place: str, store: ArtifactStore) -> None:
    """A worker that dies before the row of its files commits leaves them so."""
    with database.scope("default") as scope:
        placed = store.with_paths(scope, [artifact("onnx", b"trees")])
        stray_files.announce(database, [placed[0].path], due=scope.now)
    store.write(placed)
    assert files_in(place) == {placed[0].path}
    remove_files(database, settings(database, place))
    assert files_in(place) == set()


def test_files_that_are_about_to_be_removed_get_no_row(database: Database, store: ArtifactStore) -> None:
    with database.scope("default") as scope:
        placed = store.with_paths(scope, [artifact("onnx", b"trees")])
        stray_files.announce(database, [placed[0].path], due=scope.now + timedelta(minutes=59))
    with pytest.raises(Aborted, match="was not stored in time"), database.scope("default") as scope:
        model_versions.add_version(scope, RESULT, placed, operation_id="run-1")
    with database.scope("default") as scope:
        assert model_versions.list_versions(scope).items == []


def test_without_its_store_a_file_is_refused(database: Database, store: ArtifactStore) -> None:
    version = a_version_outside(database, store, "run-1")
    with pytest.raises(DataLoss, match="ML_MODEL_PATH"):
        promote(database, ArtifactStore(), version)


def test_a_store_can_be_moved(database: Database, store: ArtifactStore, place: str) -> None:
    version = a_version_outside(database, store, "run-1")
    files, root = fsspec.core.url_to_fs(place)
    files.mv(root, f"{root}-moved", recursive=True)
    try:
        promote(database, ArtifactStore(f"{place}-moved"), version)
    finally:
        files.mv(f"{root}-moved", root, recursive=True)


def test_a_store_that_does_not_answer_is_no_damage(scope: Scope, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    store = ArtifactStore(f"file://{tmp_path}/models")
    placed = store.with_paths(scope, [artifact("onnx", b"trees")])
    for work in (lambda: store.write(placed), lambda: store.fetch({"onnx": placed[0]})):
        with pytest.raises(Unavailable) as refused:
            work()
        assert refused.value.reason == "MODEL_STORE_UNAVAILABLE"


def test_a_password_in_the_url_is_not_told(scope: Scope) -> None:
    store = ArtifactStore("nosuch://me:secret@host/models")
    placed = [replace(artifact("onnx", b"trees"), path="x.onnx")]
    with pytest.raises(Unavailable) as refused:
        store.write(placed)
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("url", ["nosuch://models", "gs://models"])
def test_a_url_without_its_driver_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="GROUNDSWELL_ML_MODEL_PATH"):
        ArtifactStore(url).check()


def test_places_that_can_be_reached_pass(place: str) -> None:
    ArtifactStore(place).check()
    ArtifactStore().check()

"""Models: versions, their artifacts, and the history of their stages.

All work on one model type of a workspace that assigns a version number or changes a stage locks the row of that type
(`ModelLineRow`), so that simultaneous trainings or promotions run one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import SQL, BigIntegerField, BooleanField, CompositeKey, DoubleField, IntegerField, TextField

from groundswell_storage.fields import BytesField, InstantField, JsonField
from groundswell_storage.learning import stray_files
from groundswell_storage.pages import Page, read_page
from groundswell_storage.records import plain, record_of
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table

SERVING = "onnx"
"""Name of the artifact that makes the predictions."""

Figures = Mapping[str, float]
"""Metrics by name, such as {"mae": 1.1, "sample_size": 150}."""


class ModelLineRow(Table):
    """The versions of one model type: the last number assigned, and the lock on their stages."""

    model_type = TextField()
    last_version = IntegerField()

    class Meta:
        primary_key = CompositeKey("workspace", "model_type")


class ModelRow(Table):
    """A version of a model type."""

    id = TextField(primary_key=True)
    model_type = TextField()
    version = IntegerField()
    stage = TextField()
    data_start = InstantField()
    data_end = InstantField()
    sample_count = BigIntegerField()
    features = JsonField()
    parameters = JsonField()
    train_metrics = JsonField()
    test_metrics = JsonField()
    baselines = JsonField()
    headline_metric = TextField()
    beats_baselines = BooleanField()
    export_deviation = DoubleField()
    library_versions = JsonField()
    importance = JsonField()
    notes = JsonField()
    artifact_digest = TextField()
    artifact_bytes = BigIntegerField()
    operation_id = TextField()
    create_time = InstantField()
    promote_time = InstantField(null=True)

    class Meta:
        indexes = (
            (("workspace", "model_type", "version"), True),
            (("workspace", "operation_id"), True),
            (("workspace", "model_type", "stage"), False),
            (("workspace", "create_time", "id"), False),
        )


# The database ensures that only one version of a type is live.
ModelRow.add_index(
    ModelRow.index(
        ModelRow.workspace, ModelRow.model_type, name="model_live", unique=True, where=ModelRow.stage == SQL("'LIVE'")
    )
)


class ModelArtifactRow(Table):
    """A file of a version, such as its exported trees: its content, or its place."""

    model_id = TextField()
    name = TextField()
    digest = TextField()
    content = BytesField()
    path = TextField(default="")

    class Meta:
        primary_key = CompositeKey("workspace", "model_id", "name")


class ModelStageChangeRow(Table):
    """An entry of the history: the time from which a version was in a stage."""

    id = TextField(primary_key=True)
    model_id = TextField()
    model_type = TextField()
    stage = TextField()
    actor = TextField()
    create_time = InstantField()

    class Meta:
        indexes = ((("workspace", "model_type", "create_time", "id"), False),)


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The result of a training run, to be stored as a version."""

    model_type: str
    data_start: datetime
    data_end: datetime
    sample_count: int
    features: Sequence[str]
    parameters: Mapping[str, Any]
    """Of the algorithm and of the run; JSON."""
    train_metrics: Figures
    test_metrics: Figures
    baselines: Mapping[str, Figures]
    """`trailing_mean` and `last_value`, on the posts of `test_metrics`."""
    headline_metric: str
    """The metric by which versions are compared, such as `mae`."""
    beats_baselines: bool
    export_deviation: float
    """Largest difference between the exported and the trained form on the training data."""
    library_versions: Mapping[str, str]
    importance: Sequence[Mapping[str, Any]]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A trained version with its stage."""

    id: str
    version: int
    """Its number within the type, from 1."""
    stage: str
    """CANDIDATE, LIVE or RETIRED."""
    result: TrainingResult
    artifact_digest: str
    """SHA-256 of the artifact that serves, hexadecimal."""
    artifact_bytes: int
    """Size of all artifacts together."""
    operation_id: str
    """The run that created it; each run creates at most one."""
    create_time: datetime
    promote_time: datetime | None
    """Time at which it last became live."""

    @property
    def model_type(self) -> str:
        """The target of the model, such as `ENGAGEMENT_PREDICTOR`."""
        return self.result.model_type


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file of a version."""

    name: str
    digest: str
    """SHA-256 of the content when it was stored, hexadecimal."""
    content: bytes
    """Empty for a file outside the database, until it is fetched from there."""
    path: str = ""
    """Path outside the database, relative to the place of all models; empty for a file in the database."""


@dataclass(frozen=True, slots=True)
class StageChange:
    """From this moment on, a version was in a stage."""

    model_id: str
    stage: str
    time: datetime


def hold_line(scope: Scope, model_type: str, *, new_version: bool = False) -> int:
    """Locks the numbers and stages of the versions of a type until the transaction ends.

    Returns the last number assigned, which is a new one with `new_version`. Numbers are never assigned twice, even when
    the newest version is deleted.
    """
    row = scope.execute(
        "INSERT INTO model_line (workspace, model_type, last_version) VALUES (?, ?, ?) "
        "ON CONFLICT (workspace, model_type) DO UPDATE SET last_version = model_line.last_version + ? "
        "RETURNING last_version",
        (scope.workspace, model_type, int(new_version), int(new_version)),
    ).fetchone()
    number: int = row[0]
    return number


def add_version(
    scope: Scope, result: TrainingResult, artifacts: Sequence[Artifact], *, operation_id: str
) -> ModelVersion:
    """Stores a new version, a candidate, with its artifacts; its digest is that of the serving artifact.

    Files outside the database were written before and announced as `stray_files`; raises Aborted when they were given
    up.
    """
    stray_files.adopt(scope.database, [artifact.path for artifact in artifacts if artifact.path], scope.now)
    row = scope.insert(
        ModelRow,
        id=scope.new_id(),
        version=hold_line(scope, result.model_type, new_version=True),
        stage="CANDIDATE",
        artifact_digest=next(artifact.digest for artifact in artifacts if artifact.name == SERVING),
        artifact_bytes=sum(len(artifact.content) for artifact in artifacts),
        operation_id=operation_id,
        create_time=scope.now,
        promote_time=None,
        **{name: plain(getattr(result, name)) for name in TrainingResult.__slots__},
    )
    for artifact in artifacts:
        scope.insert(
            ModelArtifactRow,
            model_id=row.id,
            name=artifact.name,
            digest=artifact.digest,
            content=b"" if artifact.path else artifact.content,
            path=artifact.path,
        )
    _note_stage(scope, row.id, result.model_type, "CANDIDATE")
    return _version(row)


def get_version(scope: Scope, model_id: str) -> ModelVersion:
    """Returns a version; raises NotFound (`MODEL_NOT_FOUND`)."""
    return _version(scope.get(ModelRow, model_id))


def find_version(scope: Scope, model_id: str) -> ModelVersion | None:
    """Returns the version of this id, or None."""
    row = scope.find(ModelRow, model_id)
    return None if row is None else _version(row)


def version_of_operation(scope: Scope, operation_id: str) -> ModelVersion | None:
    """Returns the version that a training run created, or None when it has not done so yet."""
    return _first(scope.select(ModelRow).where(ModelRow.operation_id == operation_id))


def live_version(scope: Scope, model_type: str) -> ModelVersion | None:
    """Returns the live version of this type, or None."""
    return _first(scope.select(ModelRow).where((ModelRow.model_type == model_type) & (ModelRow.stage == "LIVE")))


def live_versions(scope: Scope) -> list[ModelVersion]:
    """Returns the live versions, at most one of each type."""
    return [_version(row) for row in scope.select(ModelRow).where(ModelRow.stage == "LIVE")]


def list_versions(
    scope: Scope, *, model_type: str = "", stage: str = "", page_size: int = 0, page_token: str = ""
) -> Page[ModelVersion]:
    """Returns one page of the versions, newest first."""
    query = scope.select(ModelRow)
    if model_type:
        query = query.where(ModelRow.model_type == model_type)
    if stage:
        query = query.where(ModelRow.stage == stage)
    page = read_page(
        query,
        time=ModelRow.create_time,
        id=ModelRow.id,
        page_size=page_size,
        page_token=page_token,
    )
    return page.map(_version)


def set_stage(scope: Scope, version: ModelVersion, stage: str) -> ModelVersion:
    """Moves a version to a stage and records that in the history. The caller has locked the row of its type."""
    changes: dict[str, Any] = {"stage": stage}
    if stage == "LIVE":
        changes["promote_time"] = scope.now
    scope.update(ModelRow, **changes).where(ModelRow.id == version.id).execute()
    _note_stage(scope, version.id, version.model_type, stage)
    return get_version(scope, version.id)


def stage_history(scope: Scope, model_type: str, *, since: datetime | None = None) -> list[StageChange]:
    """Returns the history of the existing versions of a type, newest change first."""
    query = scope.select(ModelStageChangeRow).where(ModelStageChangeRow.model_type == model_type)
    if since is not None:
        query = query.where(ModelStageChangeRow.create_time >= since)
    rows: Iterable[ModelStageChangeRow] = query.order_by(
        ModelStageChangeRow.create_time.desc(), ModelStageChangeRow.id.desc()
    )
    return [StageChange(row.model_id, row.stage, row.create_time) for row in rows]


def read_artifacts(scope: Scope, model_id: str) -> dict[str, Artifact]:
    """Returns the files of a version by name, as they are stored; the reader checks that they are whole.

    Files outside the database come without content.
    """
    rows: Iterable[ModelArtifactRow] = scope.select(ModelArtifactRow).where(ModelArtifactRow.model_id == model_id)
    return {row.name: Artifact(row.name, row.digest, row.content, row.path) for row in rows}


def delete_version(scope: Scope, model_id: str) -> None:
    """Deletes a version with its artifacts and its history; its files outside the database are to be removed next."""
    paths = [artifact.path for artifact in read_artifacts(scope, model_id).values() if artifact.path]
    stray_files.announce(scope.database, paths, due=scope.now)
    scope.delete(ModelArtifactRow).where(ModelArtifactRow.model_id == model_id).execute()
    scope.delete(ModelStageChangeRow).where(ModelStageChangeRow.model_id == model_id).execute()
    scope.delete(ModelRow).where(ModelRow.id == model_id).execute()


def _note_stage(scope: Scope, model_id: str, model_type: str, stage: str) -> None:
    scope.insert(
        ModelStageChangeRow,
        id=scope.new_id(),
        model_id=model_id,
        model_type=model_type,
        stage=stage,
        actor=scope.actor,
        create_time=scope.now,
    )


def _first(query: Any) -> ModelVersion | None:
    row = query.first()
    return None if row is None else _version(row)


def _version(row: ModelRow) -> ModelVersion:
    return record_of(ModelVersion, row, result=record_of(TrainingResult, row))

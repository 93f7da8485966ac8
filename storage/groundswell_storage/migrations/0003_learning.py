"""Models of the learning area: versions, artifacts, stages."""

from typing import Any

import peewee
from peewee import (
    SQL,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DoubleField,
    IntegerField,
    JSONField,
    TextField,
)


def up(migrator: Any, db: Any) -> None:
    """Adds what Learning keeps: versions of models, their artifacts, the history of their stages."""

    class Frozen(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class ModelLine(Frozen):
        workspace = TextField()
        model_type = TextField()
        last_version = IntegerField()

        class Meta:
            primary_key = CompositeKey("workspace", "model_type")

    class Model(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        model_type = TextField()
        version = IntegerField()
        stage = TextField()
        data_start = BigIntegerField()
        data_end = BigIntegerField()
        sample_count = BigIntegerField()
        features = JSONField()
        parameters = JSONField()
        train_metrics = JSONField()
        test_metrics = JSONField()
        baselines = JSONField()
        headline_metric = TextField()
        beats_baselines = BooleanField()
        export_deviation = DoubleField()
        library_versions = JSONField()
        importance = JSONField()
        notes = JSONField()
        artifact_digest = TextField()
        artifact_bytes = BigIntegerField()
        operation_id = TextField()
        created = BigIntegerField()
        promoted = BigIntegerField(null=True)

        class Meta:
            indexes = (
                (("workspace", "model_type", "version"), True),
                (("workspace", "operation_id"), True),
                (("workspace", "model_type", "stage"), False),
                (("workspace", "created", "id"), False),
            )

    class ModelArtifact(Frozen):
        workspace = TextField()
        model_id = TextField()
        name = TextField()
        digest = TextField()
        content = BlobField()

        class Meta:
            primary_key = CompositeKey("workspace", "model_id", "name")

    class ModelStageChange(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        model_id = TextField()
        model_type = TextField()
        stage = TextField()
        actor = TextField()
        created = BigIntegerField()

        class Meta:
            indexes = ((("workspace", "model_type", "created", "id"), False),)

    db.create_tables([ModelLine, Model, ModelArtifact, ModelStageChange])
    # One version of a type is live; the database sees to it whatever the code does.
    db.execute(SQL("CREATE UNIQUE INDEX model_live ON model (workspace, model_type) WHERE stage = 'LIVE'"))

"""What comments say of people's feeling, and who the people are that a post reached."""

from typing import Any

from peewee import SQL, BigIntegerField, DoubleField, IntegerField, JSONField, Model, SmallIntegerField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the columns of sentiment with their index, and the table of demographics."""
    # With a default of the database's: without one SQLite's columns become NOT NULL by copying the whole table.
    zero: dict[str, Any] = {"default": 0, "constraints": [SQL("DEFAULT 0")]}
    migrator.migrate(
        migrator.add_column("interaction", "sentiment", SmallIntegerField(**zero), allow_not_null=True),
        migrator.add_column("interaction", "sentiment_score", DoubleField(null=True)),
        migrator.add_column("post", "sentiment_score", DoubleField(null=True)),
        migrator.add_column("post", "sentiment_count", IntegerField(**zero), allow_not_null=True),
    )
    # Likes have none: most rows stay out.
    db.execute(
        SQL(
            "CREATE INDEX interaction_sentiment ON interaction "
            "(workspace, post_id, verdict, occurred, sentiment, sentiment_score) WHERE sentiment > 0"
        )
    )
    db.create_tables([_demographics(db)])


def _demographics(db: Any) -> type[Model]:
    class PostDemographics(Model):
        workspace = TextField()
        post_id = TextField(primary_key=True)
        fetched = BigIntegerField()
        groups = JSONField()

        class Meta:
            database = db
            legacy_table_names = False

    return PostDemographics

"""What is known of the accounts that interact, and whom they come with."""

from typing import Any

from peewee import SQL, JSONField


def up(migrator: Any, db: Any) -> None:
    """Adds the column of profiles, and the index by which an actor's posts are found."""
    migrator.migrate(migrator.add_column("interaction", "profile", JSONField(null=True)))
    # Whom the platform does not name is nobody that could come again.
    db.execute(
        SQL(
            "CREATE INDEX interaction_actor ON interaction (workspace, actor_handle, occurred, post_id) "
            "WHERE actor_handle <> ''"
        )
    )

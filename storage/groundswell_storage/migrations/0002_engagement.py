"""The tables of Engagement: personas, contexts, posts, metric snapshots, interactions, patterns."""

from typing import Any

from peewee import (
    SQL,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DoubleField,
    IntegerField,
    JSONField,
    Model,
    SmallIntegerField,
    TextField,
)


def up(migrator: Any, db: Any) -> None:
    """Creates the tables and their indexes."""
    tables = [*_personas(db), *_contexts(db), *_posts(db), *_measurements(db)]
    db.create_tables(tables)
    # Short comments have no key, likes no text at all: most rows stay out.
    db.execute(SQL("CREATE INDEX interaction_text ON interaction (workspace, text_key) WHERE text_key IS NOT NULL"))


def _personas(db: Any) -> list[type[Model]]:
    class Frozen(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Persona(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        name = TextField()
        niche = TextField()
        handles = JSONField()
        time_zone = TextField()
        sharing_opt_out = BooleanField()
        tracking_opt_out = BooleanField()
        import_name = TextField(null=True)
        created = BigIntegerField()
        updated = BigIntegerField()
        deleted = BigIntegerField(null=True)
        version = IntegerField()

        class Meta:
            indexes = (
                (("workspace", "created", "id"), False),
                (("workspace", "name"), False),
                (("workspace", "import_name"), True),
            )

    class PersonaHandle(Frozen):
        workspace = TextField()
        platform = SmallIntegerField()
        handle = TextField()
        persona_id = TextField()

        class Meta:
            primary_key = CompositeKey("platform", "handle")
            indexes = ((("persona_id",), False),)

    return [Persona, PersonaHandle]


def _contexts(db: Any) -> list[type[Model]]:
    class Frozen(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Context(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        persona_id = TextField(null=True)
        phase = TextField()
        note = TextField()
        complexity = SmallIntegerField()
        state = SmallIntegerField()
        confidence = SmallIntegerField()
        validation = SmallIntegerField()
        input = JSONField(null=True)
        output = JSONField(null=True)
        assigned_agent = TextField()
        trace_artifacts = JSONField()
        started = BigIntegerField(null=True)
        ended = BigIntegerField(null=True)
        metrics_post_id = TextField(null=True)
        engagement_rate_pct = DoubleField(null=True)
        genuine_ratio = DoubleField(null=True)
        genuine_count = BigIntegerField(null=True)
        metrics_fetched = BigIntegerField(null=True)
        pattern = TextField()
        strategy = JSONField(null=True)
        rating = SmallIntegerField()
        created = BigIntegerField()
        updated = BigIntegerField()
        version = IntegerField()

        class Meta:
            indexes = (
                (("workspace", "created", "id"), False),
                (("workspace", "persona_id", "created", "id"), False),
            )

    class ContextFeedback(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        context_id = TextField()
        rating = SmallIntegerField()
        comment = TextField()
        actor = TextField()
        created = BigIntegerField()

        class Meta:
            indexes = ((("context_id", "created"), False),)

    class Pattern(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        name = TextField()
        context_id = TextField()
        post_id = TextField(null=True)
        persona_id = TextField(null=True)
        platform = SmallIntegerField()
        description = TextField()
        features = JSONField()
        engagement_rate_pct = DoubleField(null=True)
        created = BigIntegerField()
        updated = BigIntegerField()

        class Meta:
            indexes = (
                (("workspace", "context_id", "name"), True),
                (("workspace", "name", "created"), False),
            )

    return [Context, ContextFeedback, Pattern]


def _posts(db: Any) -> list[type[Model]]:
    class Frozen(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Post(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        context_id = TextField(null=True)
        persona_id = TextField()
        content_id = TextField()
        content_type = SmallIntegerField()
        category = TextField()
        platform = SmallIntegerField()
        platform_post_id = TextField()
        caption = TextField()
        hashtags = JSONField()
        mentions = JSONField()
        media_type = SmallIntegerField()
        published = BigIntegerField()
        permalink = TextField()
        attributes = JSONField(null=True)
        follower_count = BigIntegerField(null=True)
        snapshot_id = TextField(null=True)
        fetched = BigIntegerField(null=True)
        likes = BigIntegerField(null=True)
        comments = BigIntegerField(null=True)
        shares = BigIntegerField(null=True)
        saves = BigIntegerField(null=True)
        clicks = BigIntegerField(null=True)
        impressions = BigIntegerField(null=True)
        reach = BigIntegerField(null=True)
        views = BigIntegerField(null=True)
        genuine_likes = BigIntegerField(null=True)
        genuine_comments = BigIntegerField(null=True)
        genuine_shares = BigIntegerField(null=True)
        genuine_saves = BigIntegerField(null=True)
        genuine_total = BigIntegerField()
        bots_filtered = BigIntegerField()
        personas_filtered = BigIntegerField()
        engagement_rate_pct = DoubleField(null=True)
        rate_base = SmallIntegerField()
        genuine_ratio = DoubleField(null=True)
        vs_average_pct = DoubleField(null=True)
        estimated = BooleanField()
        judged_genuine = BigIntegerField()
        judged_bots = BigIntegerField()
        judged_personas = BigIntegerField()
        tallies = JSONField()
        created = BigIntegerField()
        updated = BigIntegerField()
        version = IntegerField()

        class Meta:
            indexes = (
                (("workspace", "platform", "platform_post_id"), True),
                (("workspace", "published", "id"), False),
                (("workspace", "persona_id", "platform", "published", "id"), False),
                (("workspace", "context_id", "published"), False),
            )

    class PostHashtag(Frozen):
        workspace = TextField()
        post_id = TextField()
        hashtag = TextField()

        class Meta:
            primary_key = CompositeKey("post_id", "hashtag")
            indexes = ((("workspace", "hashtag", "post_id"), False),)

    class ContextSnapshot(Frozen):
        workspace = TextField()
        post_id = TextField(primary_key=True)
        context_id = TextField()
        phase = TextField()
        complexity = SmallIntegerField()
        state = SmallIntegerField()
        confidence = SmallIntegerField()
        validation = SmallIntegerField()
        agent_assigned = BooleanField()
        prompt_length = IntegerField(null=True)
        input = JSONField(null=True)
        strategy = JSONField(null=True)

    return [Post, PostHashtag, ContextSnapshot]


def _measurements(db: Any) -> list[type[Model]]:
    class Frozen(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class MetricSnapshot(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        post_id = TextField()
        persona_id = TextField()
        platform = SmallIntegerField()
        published = BigIntegerField()
        fetched = BigIntegerField()
        likes = BigIntegerField(null=True)
        comments = BigIntegerField(null=True)
        shares = BigIntegerField(null=True)
        saves = BigIntegerField(null=True)
        clicks = BigIntegerField(null=True)
        impressions = BigIntegerField(null=True)
        reach = BigIntegerField(null=True)
        views = BigIntegerField(null=True)
        rate_pct = DoubleField(null=True)
        genuine_total = BigIntegerField()
        bot_share = DoubleField(null=True)
        outcome_rate_pct = DoubleField(null=True)
        created = BigIntegerField()

        class Meta:
            indexes = (
                (("post_id", "fetched"), False),
                (("workspace", "persona_id", "platform", "fetched"), False),
                (("workspace", "platform", "fetched"), False),
            )

    class Interaction(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        post_id = TextField()
        digest = BlobField()
        platform_interaction_id = TextField()
        kind = SmallIntegerField()
        actor_handle = TextField()
        text = TextField()
        masked = BooleanField()
        text_key = BigIntegerField(null=True)
        occurred = BigIntegerField()
        verdict = SmallIntegerField()
        probability = DoubleField()
        reasons = JSONField(null=True)
        layers = TextField()
        created = BigIntegerField()

        class Meta:
            indexes = (
                (("post_id", "digest"), True),
                (("post_id", "occurred", "id"), False),
            )

    return [MetricSnapshot, Interaction]

"""Interactions of single actors with posts, with verdicts. They are many: rows are tuples, and SQL is written out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from peewee import BigIntegerField, BooleanField, DoubleField, SmallIntegerField, TextField

from groundswell_storage.chunks import chunks
from groundswell_storage.fields import BytesField, InstantField, JsonField, to_json, to_micros
from groundswell_storage.pages import Page, read_page
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table

_CHUNK = 500
"""Keys looked up in one statement."""
_HANDLES = 5_000
"""Handles read in one statement."""
_TERMS = 100
"""Keys of which one row each is looked up in one statement."""


class InteractionRow(Table):
    """An interaction of an actor with a post."""

    id = TextField(primary_key=True)
    post_id = TextField()
    digest = BytesField()
    """16 bytes that identify it in its post: a digest of its id on the platform, or of kind, actor, text, time."""
    platform_interaction_id = TextField()
    kind = SmallIntegerField()
    actor_handle = TextField()
    text = TextField()
    """Masked: without e-mail addresses, telephone numbers and names."""
    masked = BooleanField()
    """True when the stored text is shorter than the judged text."""
    text_key = BigIntegerField(null=True)
    """Equal for texts that are the same to a reader; null when the text is too short to mean anything."""
    interact_time = InstantField()
    verdict = SmallIntegerField()
    probability = DoubleField()
    """Probability that it is not genuine, 0 to 1."""
    reasons = JsonField(null=True)
    """`[[code, detail], ...]`, strongest first; null for none."""
    layers = TextField()
    """Names of the layers that had evidence, separated by commas."""
    sentiment = SmallIntegerField(default=0)
    """Sentiment of a comment; 0 for other interactions."""
    sentiment_score = DoubleField(null=True)
    """-1 to 1; null without a sentiment."""
    profile = JsonField(null=True)
    """Figures of the actor's account: `{"followers": 12, "has_picture": false}`; null without any."""
    create_time = InstantField()
    spam_probability = DoubleField(null=True)
    """Probability by the workspace's SPAM_DETECTOR when the text was recorded, 0 to 1; null where none was live."""

    class Meta:
        indexes = (
            (("post_id", "digest"), True),
            (("post_id", "interact_time", "id"), False),
        )


# Short comments have no key and likes no text, so that most rows are not in it.
InteractionRow.add_index(
    InteractionRow.index(
        InteractionRow.workspace,
        InteractionRow.text_key,
        name="interaction_text",
        where=InteractionRow.text_key.is_null(False),
    )
)

# The sentiment of a post's comments is read from the index alone, however many likes and comments there are.
InteractionRow.add_index(
    InteractionRow.index(
        InteractionRow.workspace,
        InteractionRow.post_id,
        InteractionRow.verdict,
        InteractionRow.interact_time,
        InteractionRow.sentiment,
        InteractionRow.sentiment_score,
        name="interaction_sentiment",
        where=InteractionRow.sentiment > 0,
    )
)

# An actor whom the platform does not name cannot be recognized on another post.
InteractionRow.add_index(
    InteractionRow.index(
        InteractionRow.workspace,
        InteractionRow.actor_handle,
        InteractionRow.interact_time,
        InteractionRow.post_id,
        name="interaction_actor",
        where=InteractionRow.actor_handle != "",
    )
)


class JudgedInteraction(NamedTuple):
    """A stored interaction that is judged again."""

    id: str
    kind: int
    actor_handle: str
    text: str
    masked: bool
    occurred_us: int
    """Microseconds since 1970 UTC."""
    verdict: int
    reasons: Any
    """As `InteractionRow.reasons`."""
    profile: Any
    """As `InteractionRow.profile`."""
    spam_probability: float | None
    """As `InteractionRow.spam_probability`."""


def page(
    scope: Scope, post_id: str, *, verdict: int, kind: int, page_size: int, page_token: str
) -> Page[InteractionRow]:
    """Returns one page of a post's interactions, newest first; 0 means any."""
    query = scope.select(InteractionRow).where(InteractionRow.post_id == post_id)
    if verdict:
        query = query.where(InteractionRow.verdict == verdict)
    if kind:
        query = query.where(InteractionRow.kind == kind)
    return read_page(
        query,
        time=InteractionRow.interact_time,
        id=InteractionRow.id,
        page_size=page_size,
        page_token=page_token,
    )


def known_digests(scope: Scope, post_id: str, digests: Sequence[bytes]) -> set[bytes]:
    """Returns those of these digests that a post has already."""
    found: set[bytes] = set()
    for chunk in chunks(digests, _CHUNK):
        marks = ", ".join("?" * len(chunk))
        cursor = scope.execute(
            f"SELECT digest FROM interaction WHERE workspace = ? AND post_id = ? AND digest IN ({marks})",
            (scope.workspace, post_id, *chunk),
        )
        found.update(bytes(digest) for (digest,) in cursor.fetchall())
    return found


def latest(scope: Scope, post_id: str, *, until_us: int, limit: int) -> list[JudgedInteraction]:
    """Returns the last `limit` interactions of a post up to a time (microseconds since 1970), to be judged again."""
    cursor = scope.execute(
        "SELECT id, kind, actor_handle, text, masked, interact_time, verdict, reasons, profile, spam_probability "
        "FROM interaction "
        "WHERE workspace = ? AND post_id = ? AND interact_time <= ? ORDER BY interact_time DESC, id DESC LIMIT ?",
        (scope.workspace, post_id, until_us, limit),
    )
    read: Callable[[Any], Any] = InteractionRow.reasons.python_value
    return [
        JudgedInteraction._make((*row[:4], bool(row[4]), *row[5:7], read(row[7]), read(row[8]), row[9]))
        for row in cursor.fetchall()
    ]


def actors_of_texts(scope: Scope, text_keys: Sequence[int], most: int) -> list[tuple[int, str, str]]:
    """Returns the authors of these texts in the whole workspace: (text key, actor handle, post id).

    Each text has at least `most` rows if it has as many authors. Further rows would add no evidence.
    """
    found: list[tuple[int, str, str]] = []
    for chunk in chunks(text_keys, _CHUNK):
        together = _writers(scope, chunk, limit=_CHUNK)
        if len(together) == _CHUNK:
            together = [row for key in chunk for row in _writers(scope, [key], limit=most)]
        found += together
    return found


def _writers(scope: Scope, text_keys: Sequence[int], *, limit: int) -> list[tuple[int, str, str]]:
    cursor = scope.execute(
        "SELECT text_key, actor_handle, post_id FROM interaction "
        f"WHERE workspace = ? AND text_key IN ({', '.join('?' * len(text_keys))}) LIMIT ?",
        (scope.workspace, *text_keys, limit),
    )
    found: list[tuple[int, str, str]] = cursor.fetchall()
    return found


def texts_of_keys(scope: Scope, text_keys: Sequence[int]) -> list[str]:
    """Returns one text of each key that some interaction of the workspace has."""
    found: list[str] = []
    for chunk in chunks(text_keys, _TERMS):
        one = "SELECT * FROM (SELECT text FROM interaction WHERE workspace = ? AND text_key = ? LIMIT 1) AS one"
        parameters = [parameter for key in chunk for parameter in (scope.workspace, key)]
        cursor = scope.execute(" UNION ALL ".join([one] * len(chunk)), parameters)
        found += [text for (text,) in cursor.fetchall()]
    return found


def has_text(scope: Scope, text_keys: Sequence[int], *, verdict: int, except_post: str) -> bool:
    """Returns true when a post other than this one has an interaction with one of these texts and this verdict."""
    for chunk in chunks(text_keys, _CHUNK):
        cursor = scope.execute(
            f"SELECT 1 FROM interaction WHERE workspace = ? AND text_key IN ({', '.join('?' * len(chunk))}) "
            "AND verdict = ? AND post_id <> ? LIMIT 1",
            (scope.workspace, *chunk, verdict, except_post),
        )
        if cursor.fetchone() is not None:
            return True
    return False


def posts_of_texts(scope: Scope, text_keys: Sequence[int], *, verdict: int) -> list[str]:
    """Returns the posts that have an interaction with one of these texts and this verdict."""
    found: dict[str, None] = {}
    for chunk in chunks(text_keys, _CHUNK):
        cursor = scope.execute(
            "SELECT DISTINCT post_id FROM interaction "
            f"WHERE workspace = ? AND text_key IN ({', '.join('?' * len(chunk))}) AND verdict = ?",
            (scope.workspace, *chunk, verdict),
        )
        found.update(dict.fromkeys(post_id for (post_id,) in cursor.fetchall()))
    return sorted(found)


def last_of_texts(
    scope: Scope, post_id: str, text_keys: Sequence[int], *, verdict: int, before_us: int | None
) -> int | None:
    """Returns the last time at which a post got one of these texts that has this verdict now; None for never.

    In microseconds since 1970 UTC, like `before_us`.
    """
    times: list[int] = []
    for chunk in chunks(text_keys, _CHUNK):
        earlier, bound = ("", ()) if before_us is None else (" AND interact_time < ?", (before_us,))
        # The sign keeps databases from reading all rows of the text: it may be on ten thousand posts.
        (time,) = scope.execute(
            "SELECT MAX(interact_time) FROM interaction WHERE workspace = ? AND post_id = ? "
            f"AND +text_key IN ({', '.join('?' * len(chunk))}) AND verdict = ?{earlier}",
            (scope.workspace, post_id, *chunk, verdict, *bound),
        ).fetchone()
        times += [] if time is None else [time]
    return max(times, default=None)


def visits(scope: Scope, actor_handles: Sequence[str], *, since: datetime) -> list[tuple[str, str, int]]:
    """Returns these actors' interactions with posts of the workspace: (handle, post id, microseconds since 1970)."""
    found: list[tuple[str, str, int]] = []
    for chunk in chunks(actor_handles, _CHUNK):
        cursor = scope.execute(
            "SELECT actor_handle, post_id, interact_time FROM interaction WHERE workspace = ? AND actor_handle <> '' "
            f"AND actor_handle IN ({', '.join('?' * len(chunk))}) AND interact_time >= ?",
            (scope.workspace, *chunk, to_micros(since)),
        )
        found += cursor.fetchall()
    return found


def posts_with(
    scope: Scope, actor_handles: Sequence[str], post_ids: Sequence[str], *, verdict: int, limit: int
) -> list[str]:
    """Returns up to `limit` of these posts on which one of these actors has an interaction with this verdict."""
    handles = ", ".join("?" * len(actor_handles))
    posts = ", ".join("?" * len(post_ids))
    cursor = scope.execute(
        "SELECT DISTINCT post_id FROM interaction WHERE workspace = ? AND actor_handle <> '' "
        f"AND actor_handle IN ({handles}) AND post_id IN ({posts}) AND verdict = ? LIMIT ?",
        (scope.workspace, *actor_handles, *post_ids, verdict, limit),
    )
    return [post_id for (post_id,) in cursor.fetchall()]


def actor_handles(scope: Scope) -> Iterator[list[str]]:
    """Yields every handle that has interacted with a post of the workspace, as spelled, some thousand at a time."""
    last = ""
    while True:
        cursor = scope.execute(
            "SELECT DISTINCT actor_handle FROM interaction WHERE workspace = ? AND actor_handle <> '' "
            "AND actor_handle > ? ORDER BY actor_handle LIMIT ?",
            (scope.workspace, last, _HANDLES),
        )
        found = [handle for (handle,) in cursor.fetchall()]
        if not found:
            return
        yield found
        last = found[-1]


def posts_of_actors(scope: Scope, actor_handles: Sequence[str], platform: int, *, except_verdict: int) -> list[str]:
    """Returns the posts of a platform on which one of these actors has an interaction with any other verdict."""
    found: dict[str, None] = {}
    for chunk in chunks(actor_handles, _CHUNK):
        cursor = scope.execute(
            "SELECT DISTINCT i.post_id FROM interaction i JOIN post p ON p.id = i.post_id "
            f"WHERE i.workspace = ? AND i.actor_handle <> '' AND i.actor_handle IN ({', '.join('?' * len(chunk))}) "
            "AND i.verdict <> ? AND p.workspace = i.workspace AND p.platform = ?",
            (scope.workspace, *chunk, except_verdict, platform),
        )
        found.update(dict.fromkeys(post_id for (post_id,) in cursor.fetchall()))
    return sorted(found)


def last_of_actors(
    scope: Scope, post_id: str, actor_handles: Sequence[str], *, except_verdict: int, before_us: int | None
) -> int | None:
    """Returns the last time of these actors' interactions with a post that have another verdict; None for never.

    In microseconds since 1970 UTC, like `before_us`.
    """
    times: list[int] = []
    for chunk in chunks(actor_handles, _CHUNK):
        earlier, bound = ("", ()) if before_us is None else (" AND interact_time < ?", (before_us,))
        (time,) = scope.execute(
            "SELECT MAX(interact_time) FROM interaction WHERE workspace = ? AND post_id = ? "
            f"AND actor_handle IN ({', '.join('?' * len(chunk))}) AND verdict <> ?{earlier}",
            (scope.workspace, post_id, *chunk, except_verdict, *bound),
        ).fetchone()
        times += [] if time is None else [time]
    return max(times, default=None)


def add(scope: Scope, rows: Iterable[Mapping[str, Any]]) -> int:
    """Adds interactions and returns their number."""
    return scope.insert_many(InteractionRow, rows)


def rejudge(scope: Scope, id: str, *, verdict: int, probability: float, reasons: Any, layers: str) -> None:
    """Replaces the verdict on an interaction."""
    scope.execute(
        "UPDATE interaction SET verdict = ?, probability = ?, reasons = ?, layers = ? WHERE workspace = ? AND id = ?",
        (verdict, probability, None if reasons is None else to_json(reasons), layers, scope.workspace, id),
    )


def remove_of_post(scope: Scope, post_id: str) -> None:
    """Deletes all interactions of a post."""
    scope.execute("DELETE FROM interaction WHERE workspace = ? AND post_id = ?", (scope.workspace, post_id))

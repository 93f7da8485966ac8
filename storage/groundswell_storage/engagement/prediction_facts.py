"""Facts of Engagement for predictions: the current state of a context, with its post, and a persona."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.errors import NotFound
from groundswell_storage.scope import Scope

_PLATFORMS = range(1, 6)
_json: Callable[[Any], Any] = PostRow.hashtags.python_value
"""Returns the value of a JSON column, as either database gives it."""


class ContextPost(NamedTuple):
    """The newest post of a context. Enums are the contract's numbers."""

    post_id: str
    persona_id: str
    platform: int
    media_type: int
    category: str
    caption: str
    hashtags: Sequence[str]


class ContextFacts(NamedTuple):
    """The current state of a stored context, for a prediction. Enums are the contract's numbers."""

    context_id: str
    persona_id: str
    """Empty without a persona."""
    complexity: int
    state: int
    confidence: int
    validation: int
    agent_assigned: bool
    prompt_length: int | None
    input: dict[str, Any]
    output: dict[str, Any]
    post: ContextPost | None
    """The post published last; None before the first."""


class PersonaFacts(NamedTuple):
    """The facts of a persona for a prediction."""

    persona_id: str
    time_zone: str
    followers: dict[int, int]
    """Followers by platform, where known."""


def context_facts(scope: Scope, context_id: str) -> ContextFacts:
    """Returns the current state of a context, with its newest post; raises NotFound (`CONTEXT_NOT_FOUND`)."""
    row = scope.execute(
        "SELECT c.persona_id, c.complexity, c.state, c.confidence, c.validation, c.assigned_agent, c.input, c.output, "
        "p.id, p.persona_id, p.platform, p.media_type, p.category, p.caption, p.hashtags FROM context c "
        "LEFT JOIN post p ON p.id = (SELECT n.id FROM post n WHERE n.workspace = c.workspace AND n.context_id = c.id "
        # Without the id in the order, the index on contexts is enough; with it, SQLite reads all posts.
        "ORDER BY n.publish_time DESC LIMIT 1) WHERE c.workspace = ? AND c.id = ?",
        (scope.workspace, context_id),
    ).fetchone()
    if row is None:
        raise NotFound("context", context_id)
    persona_id, complexity, state, confidence, validation, agent, given, output = row[:8]
    given = _json(given) or {}
    return ContextFacts(
        context_id=context_id,
        persona_id=persona_id or "",
        complexity=complexity,
        state=state,
        confidence=confidence,
        validation=validation,
        agent_assigned=bool(agent),
        prompt_length=prompt_length(given),
        input=given,
        output=_json(output) or {},
        post=None if row[8] is None else ContextPost._make((*row[8:14], _json(row[14]))),
    )


def persona_facts(scope: Scope, persona_id: str) -> PersonaFacts:
    """Returns a persona that is not deleted; raises NotFound (`PERSONA_NOT_FOUND`).

    Followers are those of its handles and, on platforms where these have no number, of its newest post that has one,
    where models learn them from.
    """
    row = scope.get(PersonaRow, persona_id)
    if row.delete_time is not None:
        raise NotFound("persona", persona_id)
    known = {handle["platform"]: handle["follower_count"] for handle in row.handles}
    followers = {at: known.get(at) or _newest_follower_count(scope, persona_id, at) for at in _PLATFORMS}
    return PersonaFacts(row.id, row.time_zone, {at: count for at, count in followers.items() if count is not None})


def _newest_follower_count(scope: Scope, persona_id: str, platform: int) -> int | None:
    found = scope.execute(
        "SELECT follower_count FROM post WHERE workspace = ? AND persona_id = ? AND platform = ? "
        "AND follower_count IS NOT NULL ORDER BY publish_time DESC LIMIT 1",
        (scope.workspace, persona_id, platform),
    ).fetchone()
    return None if found is None else int(found[0])


def prompt_length(given: dict[str, Any] | None) -> int | None:
    """Returns the number of characters of the prompt in a context's input; None without a prompt."""
    prompt = (given or {}).get("prompt")
    return len(prompt) if isinstance(prompt, str) else None

"""The demonstration of Engagement: the life of one post, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from groundswell import Client
from groundswell.streams import Stream
from groundswell.v1.engagement_pb2 import (
    AnalyzePostResponse,
    Context,
    Interaction,
    Persona,
    Post,
    ViralityAlert,
    WatchEngagementResponse,
)
from groundswell_server.cli.demo.engagement import charts as pictures
from groundswell_server.cli.demo.engagement import past, story
from groundswell_server.cli.demo.engagement.crowd import Visit, visits
from groundswell_server.cli.demo.narration import step
from groundswell_server.cli.demo.suite import running_suite
from groundswell_server.settings import data_folder

AGE = timedelta(hours=47)
"""Age of the post at the end."""
MEASURED_AT = (1, 3, 6, 12, 24, 47)
"""Ages in hours at which the counts are fetched."""
REACH = 15_500
SHARES, SAVES = 64, 118
AUDIENCE = {
    "countries": {"PT": 5120, "ES": 3340, "GB": 2480, "DE": 2210, "FR": 1690, "IS": 3, "MT": 2},
    "age_bands": {"18-24": 4300, "25-34": 6900, "35-44": 2700, "45-54": 880, "65+": 4},
    "genders": {"female": 8200, "male": 6300, "unknown": 350},
}
ALERT_TIMEOUT = 60.0
"""Timeout in seconds of the stream that sends the alert."""
CAPTION = "Golden hour at the pier. What is your favourite spot? #travel #sunset #lisbon"


def run_life(charts: Path, database: str | None) -> None:
    """Runs all steps on `database`, by default the demonstration's own, and saves the charts."""
    charts.mkdir(parents=True, exist_ok=True)
    database = database or f"sqlite:///{data_folder() / 'demo-engagement.db'}"
    story.opening()
    with running_suite(database) as client, client.engagement.watch_engagement(timeout=ALERT_TIMEOUT) as changes:
        now = datetime.now(UTC).replace(microsecond=0)
        # Handles and ids on a platform are unique, so those of this run contain its time.
        run = f"{now:%y%m%d%H%M%S}"
        ava, noor = _personas(client, run)
        chance = Random(7)  # noqa: S311 - the same crowd every time
        past.post_and_measure(client, ava.id, now, run, chance)
        post = _generate_and_post(client, ava, now, run)
        _live(client, post, visits(now - AGE, AGE, noor.handles[0].handle, chance), charts)
        _alert(changes, post)
        _judged(client, post, charts)
        _learned(client, post.context_id)
        _explained(client, post, charts)
    story.going_on(charts, database)


def _personas(client: Client, run: str) -> tuple[Persona, Persona]:
    step("Before", f"two personas, and {past.POSTS} posts of the last weeks to compare with")
    ava, noor = (
        client.engagement.create_persona(
            name=name,
            niche="travel",
            time_zone="Europe/Lisbon",
            handles=[{"platform": "PLATFORM_INSTAGRAM", "handle": f"{name.lower()}.{run}"}],
        ).persona
        for name in ("Ava", "Noor")
    )
    return ava, noor


def _generate_and_post(client: Client, ava: Persona, now: datetime, run: str) -> Post:
    step("Generate and post", "the context records input and output, and the post refers to it")
    inputs = {"prompt": "a caption for a sunset at the pier", "parameters": {"tone": "warm", "temperature": 0.7}}
    with client.track(ava.id, phase="TEXT_GENERATION", input=inputs) as context:
        context.output["caption"] = CAPTION
    post = client.engagement.create_post(
        persona_id=ava.id,
        context_id=context.id,
        platform="PLATFORM_INSTAGRAM",
        platform_post_id=f"pier-{run}",
        caption=CAPTION,
        media_type="MEDIA_TYPE_VIDEO",
        publish_time=now - AGE,
    ).post
    story.posted(post, _context(client, post.context_id))
    return post


def _live(client: Client, post: Post, coming: Sequence[Visit], charts: Path) -> None:
    step("47 hours", "people, bots and a persona react, and the counts are fetched six times")
    published = post.publish_time.ToDatetime(tzinfo=UTC)
    recorded, measured = 0, []
    for hours in MEASURED_AT:
        until = published + timedelta(hours=hours)
        there = sum(visit.time <= until for visit in coming)
        batch = [visit.fields() for visit in coming[recorded:there]]
        client.engagement.record_interactions([{"post_id": post.id, "interactions": batch}])
        recorded = there
        counts = _counts(coming[:there], timedelta(hours=hours))
        audience = AUDIENCE if until == published + AGE else None
        answer = client.engagement.record_metrics(
            post_id=post.id, metrics=counts, fetch_time=until, demographics=audience
        )
        measured.append(answer.post)
    story.timeline(measured)
    pictures.timeline(measured, charts / "timeline.png")


def _counts(there: Sequence[Visit], age: timedelta) -> dict[str, int]:
    """Returns the counts that the platform reports at an age."""
    share = past.seen_by(age) / past.seen_by(AGE)
    return {
        "likes": sum(visit.kind == "LIKE" for visit in there),
        "comments": sum(visit.kind == "COMMENT" for visit in there),
        "shares": round(SHARES * share),
        "saves": round(SAVES * share),
        "reach": round(REACH * share),
    }


def _alert(changes: Stream[WatchEngagementResponse], post: Post) -> None:
    step("Alert", "sent by WatchEngagement meanwhile")
    story.alert(_alert_of(changes, post))


def _alert_of(changes: Stream[WatchEngagementResponse], post: Post) -> ViralityAlert:
    return next(change.virality_alert for change in changes if change.virality_alert.post_id == post.id)


def _judged(client: Client, post: Post, charts: Path) -> None:
    step("Bots", "each interaction has a verdict, a probability and reasons")
    analysis = client.engagement.analyze_post(post_id=post.id)
    examples = [*_some(client, post, "VERDICT_BOT"), *_some(client, post, "VERDICT_PERSONA")]
    story.judged(analysis, examples)
    pictures.judged(analysis, charts / "genuine.png")


def _some(client: Client, post: Post, verdict: str) -> list[Interaction]:
    """Returns one comment for each first reason."""
    by_reason: dict[str, Interaction] = {}
    listed = client.engagement.list_interactions(post_id=post.id, verdict=verdict, kind="INTERACTION_KIND_COMMENT")
    for found in listed:
        by_reason.setdefault(found.reasons[0].code, found)
    return list(by_reason.values())


def _learned(client: Client, context_id: str) -> None:
    step("Context", "updated with the metrics, in the same transaction")
    story.learned(_context(client, context_id))


def _context(client: Client, context_id: str) -> Context:
    return client.engagement.get_context(context_id=context_id).context


def _explained(client: Client, post: Post, charts: Path) -> None:
    step("Analysis", "AnalyzePost: elements, sentiment, demographics and recommendations")
    analysis: AnalyzePostResponse = client.engagement.analyze_post(post_id=post.id)
    story.elements(analysis)
    story.sentiment(analysis.sentiment)
    story.audience(analysis.demographics)
    story.recommendations(analysis)
    pictures.sentiment(analysis.sentiment, charts / "sentiment.png")

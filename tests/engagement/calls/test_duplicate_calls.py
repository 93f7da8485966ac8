"""Copies over posts on the wire: found as they come, and given away where they were before."""

from __future__ import annotations

from datetime import timedelta

from groundswell.v1 import engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from groundswell_server.engagement.interactions import REJUDGE_DUPLICATES
from groundswell_server.engagement.jobs import rejudge_duplicates
from groundswell_storage.database import Database
from groundswell_storage.jobs import leases
from tests.engagement.recorded_data import ago, comment, make_persona, make_post, measure, record
from tests.jobs.running import LONG, Lease, run
from tests.running import RunningServer

BOT, GENUINE = engagement_pb2.VERDICT_BOT, engagement_pb2.VERDICT_GENUINE
TEMPLATE = "{} has changed my whole life and I can only tell everybody here to get some too"


def publish(stub: EngagementServiceStub, count: int) -> list[str]:
    """Posts of a new persona, each with ten comments among its counts."""
    persona = make_persona(stub).id
    posts = [make_post(stub, persona).id for _ in range(count)]
    for post_id in posts:
        measure(stub, post_id, comments=10, reach=100)
    return posts


def verdicts(stub: EngagementServiceStub, post_id: str) -> dict[str, int]:
    """The verdict on each actor."""
    found = stub.ListInteractions(engagement_pb2.ListInteractionsRequest(post_id=post_id)).interactions
    return {each.actor_handle: each.verdict for each in found}


def work(database: Database) -> int:
    """Does what a worker would; how many operations that were."""
    done = 0
    while True:
        with database.transaction():
            claimed = leases.claim(database, LONG, kinds=(REJUDGE_DUPLICATES,))
        if claimed is None:
            return done
        assert run(database, Lease(database, claimed, LONG), rejudge_duplicates)
        done += 1


def test_what_is_nearly_the_same_on_several_posts_is_a_bot_s_on_all_of_them(
    engagement: EngagementServiceStub, stranger: EngagementServiceStub, engagement_server: RunningServer
) -> None:
    posts, (theirs,) = publish(engagement, 3), publish(stranger, 1)
    texts = [TEMPLATE.format(word) for word in ("This cream", "This creme", "This balm")]
    record(stranger, theirs, [comment("bot0", texts[0], ago(hours=9))])
    record(engagement, posts[0], [comment("anna", "what a lovely harbour", ago(hours=9))])
    answers = [
        record(engagement, post_id, [comment(f"bot{number}", text, ago(hours=9) + timedelta(minutes=13 * number))])
        for number, (post_id, text) in enumerate(zip(posts, texts, strict=True))
    ]
    assert [answer.bot_count for answer in answers] == [0, 0, 1]
    database = engagement_server.app.database
    assert work(database) == 1
    assert verdicts(engagement, posts[0]) == {"anna": GENUINE, "bot0": BOT}
    assert verdicts(engagement, posts[1]) == {"bot1": BOT}
    assert verdicts(stranger, theirs) == {"bot0": GENUINE}
    post = engagement.GetPost(engagement_pb2.GetPostRequest(post_id=posts[0])).post
    assert (post.engagement.bots_filtered, post.engagement.comments) == (5, 5), "ten comments, one of two a bot's"
    record(engagement, posts[1], [comment("ben", "so beautiful as always", ago(hours=1))])
    assert verdicts(engagement, posts[1]) == {"bot1": BOT, "ben": GENUINE}
    assert work(database) == 0

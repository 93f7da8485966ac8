"""Thirty earlier posts of the persona, so that there is something to compare with: evenings and films do better."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from groundswell import Client

POSTS = 30
MEASURED_AT = (timedelta(hours=3), timedelta(hours=24), timedelta(days=7))
_PRAISE = ("love this", "so pretty 😍", "great shot", "beautiful!", "wow 🔥")
_REST = ("where is this?", "not my thing", "boring", "meh", "which camera?")


def post_and_measure(client: Client, persona_id: str, now: datetime, run: str, chance: Random) -> None:
    """Records the posts with their comments and their counts at three ages."""
    for number in range(POSTS):
        evening, film = chance.random() < 0.5, chance.random() < 0.5
        published = (now - timedelta(days=10 + number)).replace(hour=18 if evening else 8, minute=number)
        post = client.engagement.create_post(
            persona_id=persona_id,
            platform="PLATFORM_INSTAGRAM",
            platform_post_id=f"past-{run}-{number}",
            caption=f"Walk number {number} #travel #{'sunset' if evening else 'morning'}",
            media_type="MEDIA_TYPE_VIDEO" if film else "MEDIA_TYPE_IMAGE",
            publish_time=published,
        ).post
        rate = 0.024 + 0.012 * evening + 0.008 * film + chance.gauss(0.0, 0.004)
        comments = list(_comments(published, rate, chance))
        client.engagement.record_interactions([{"post_id": post.id, "interactions": comments}])
        reach = 4000 * math.exp(chance.gauss(0.0, 0.3))
        for age in MEASURED_AT:
            reached = round(reach * seen_by(age) * math.exp(chance.gauss(0.0, 0.05)))
            counts = {"likes": round(rate * reached), "comments": len(comments), "reach": reached}
            client.engagement.record_metrics(post_id=post.id, metrics=counts, fetch_time=published + age)


def seen_by(age: timedelta) -> float:
    """Share of a post's reach of a week that it has at an age."""
    return 1.0 - math.exp(-age / timedelta(hours=18))


def _comments(published: datetime, rate: float, chance: Random) -> Iterator[dict[str, object]]:
    """Six short comments: the better a post does, the more of them praise it."""
    for number in range(6):
        praised = chance.random() < (rate - 0.015) / 0.04
        yield {
            "kind": "COMMENT",
            "actor_handle": f"reader{chance.randrange(10_000)}",
            "text": chance.choice(_PRAISE if praised else _REST),
            "interact_time": published + timedelta(hours=1 + 2 * number, minutes=chance.randrange(60)),
        }

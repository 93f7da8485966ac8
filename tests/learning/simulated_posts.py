"""Posts from a process with known expected rates and noise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.post_facts import Example, PostFacts
from groundswell_server.learning.features.trailing_record import PastPost, TrailingRecord

START = datetime(2026, 1, 1, tzinfo=UTC)
TARGET_AGE = timedelta(days=7)
MEDIA = (2, 3, 4, 5)
MEDIA_EFFECT = (0.2, 0.0, -0.2, 0.1)
NOISY_MEDIA = 5
CATEGORIES = ("product", "action", "inspiration")
CATEGORY_EFFECT = (0.25, -0.35, 0.1)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Examples in time order, with the spread that each one's logarithm was drawn with."""

    examples: list[Example]
    noise: NDArray[np.float64]


def simulate(
    count: int, seed: int, *, personas: int = 12, drift: float = 0.0, growing_noise: float = 0.0, noise: float = 0.3
) -> Simulation:
    """Lognormal rates whose noise depends on the media type: links are more than twice as hard to predict.

    `drift` moves the logarithm of all rates over the whole time, `growing_noise` makes the noise grow by that share.
    """
    random = np.random.default_rng(seed)
    base = np.exp(random.normal(np.log(3.0), 0.4, personas))
    followers = np.exp(random.normal(9.0, 1.5, personas)).astype(int)
    passed = np.arange(count) / count
    who = random.integers(0, personas, count)
    hours = np.sort(random.uniform(0, 24 * 0.5 * count, count))
    media, category = random.integers(0, len(MEDIA), count), random.integers(0, len(CATEGORIES), count)
    hashtags, length = random.poisson(6, count), random.gamma(2, 100, count).astype(int)
    action = random.random(count) < 0.4
    times = [START + timedelta(hours=float(hour)) for hour in hours]
    effect = (
        0.3 * np.cos(2 * np.pi * (np.array([time.hour for time in times]) - 18) / 24)
        + np.array(MEDIA_EFFECT)[media]
        + np.array(CATEGORY_EFFECT)[category]
        - 0.02 * np.abs(hashtags - 7)
        + 0.1 * action
        + drift * passed
    )
    spread = noise * np.where(np.array(MEDIA)[media] == NOISY_MEDIA, 2.4, 1.0) * (1 + growing_noise * passed)
    rates = base[who] * np.exp(effect + spread * random.normal(size=count))
    posts = [
        PostFacts(
            publish_time=times[row],
            platform=1,
            media_type=MEDIA[media[row]],
            caption_length=int(length[row]),
            hashtag_count=int(hashtags[row]),
            call_to_action=bool(action[row]),
            content_category=CATEGORIES[category[row]],
            followers=int(followers[who[row]]),
        )
        for row in range(count)
    ]
    return Simulation(_examples(posts, times, rates, [f"persona-{number}" for number in who]), spread)


def _examples(
    posts: list[PostFacts], times: list[datetime], rates: NDArray[np.float64], names: list[str]
) -> list[Example]:
    """The posts with what was known of their personas before, and with what came of them."""
    records = _records(names, times, rates)
    return [
        Example(
            posts[row]._replace(trailing=records[names[row]].at(times[row])),
            outcome=float(rates[row]),
            known_time=times[row] + TARGET_AGE,
            persona_id=names[row],
            post_id=f"post-{row}",
        )
        for row in range(len(posts))
    ]


def _records(names: list[str], times: list[datetime], rates: NDArray[np.float64]) -> dict[str, TrailingRecord]:
    history: dict[str, list[PastPost]] = {}
    for row, (name, time, rate) in enumerate(zip(names, times, rates.tolist(), strict=True)):
        history.setdefault(name, []).append(PastPost(f"post-{row}", time, time + TARGET_AGE, rate))
    return {name: TrailingRecord(posts) for name, posts in history.items()}

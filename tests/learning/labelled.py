"""Labelled texts and accounts: simulated ones, and comments on real videos."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from groundswell_server.learning.features.labelled_rows import LabelledExample
from groundswell_server.learning.features.profile_facts import ProfileFacts
from tests.video_comments import comments_on

ADDED = datetime(2026, 3, 1, tzinfo=UTC)

TOPICS = {
    "beauty": "serum cream skin glow drops mask lips",
    "travel": "beach flight hotel sunset city pier train",
    "food": "soup bread oven salt lemon dinner plate",
}
FILLERS = ("the", "a", "so", "my", "this", "what", "new", "with", "for", "on", "today", "love", "really", "just")


def texts(count: int, seed: int = 0, noise: float = 0.1) -> list[LabelledExample]:
    """Texts whose topic is told by one or two of their words; `noise` is the share of wrong labels."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        topic = list(TOPICS)[random.integers(len(TOPICS))]
        words = [*random.choice(FILLERS, 7), *random.choice(TOPICS[topic].split(), random.integers(1, 3))]
        text = " ".join(random.permutation(words))
        label = list(TOPICS)[random.integers(len(TOPICS))] if random.random() < noise else topic
        found.append(LabelledExample(text, label, text, ADDED + timedelta(minutes=number)))
    return found


def profiles(count: int, seed: int = 0, bots: float = 0.3) -> list[LabelledExample]:
    """Accounts of people and of bots, persona_and_platform figures overlap; a fifth of the figures is unknown."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        bot = random.random() < bots
        figures: dict[str, Any] = {
            "followers": int(random.lognormal(3.0 if bot else 5.5, 1.2)),
            "following": int(random.lognormal(6.5 if bot else 5.5, 1.0)),
            "media": int(random.lognormal(0.5 if bot else 3.5, 1.3)),
            "has_picture": bool(random.random() < (0.6 if bot else 0.97)),
            "bio_length": int(max(random.normal(8 if bot else 45, 25), 0)),
            "handle_length": int(random.integers(6, 20)),
            "handle_digit_share": float(np.clip(random.normal(0.3 if bot else 0.06, 0.15), 0, 1)),
        }
        known = {name: value for name, value in figures.items() if random.random() < 0.8}
        label = "bot" if bot else "genuine"
        found.append(LabelledExample(ProfileFacts(**known), label, f"{number}", ADDED + timedelta(minutes=number)))
    return found


def comments(video: str) -> list[LabelledExample]:
    """The comments on one video, which are a group."""
    return [
        LabelledExample(comment.text, "spam" if comment.is_spam else "genuine", video, ADDED)
        for comment in comments_on(video)
    ]

"""Simulated posts and contexts with known effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from groundswell_storage.engagement.pattern_rows import ContextRecord, PostRecord

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""
VIDEO, IMAGE = 4, 2
VIDEO_CAPTION = "What do you think of this one? \N{SPARKLES} Tell us below."
IMAGE_CAPTION = "Number {} of the series, made on a quiet day in the studio with the windows open to the garden"


def post(number: int = 0, **fields: Any) -> PostRecord:
    """Returns an image published on a Monday at ten with a rate of 3%, with the given fields changed."""
    given: dict[str, Any] = {
        "post_id": f"post-{number:05d}",
        "context_id": None,
        "persona_id": "luna",
        "time_zone": "UTC",
        "platform": 1,
        "content_type": 1,
        "media_type": IMAGE,
        "caption": "",
        "hashtags": [],
        "mentions": [],
        "publish_time": START + timedelta(hours=10),
        "phase": None,
        "aged_rate_pct": 3.0,
        "rate_pct": 3.0,
        "genuine_total": 30,
        "filtered_total": 0,
    }
    return PostRecord(**{**given, **fields})


def context(number: int = 0, **fields: Any) -> ContextRecord:
    """Returns a context of text that is done and not validated, with the given fields changed."""
    given: dict[str, Any] = {
        "context_id": f"context-{number:05d}",
        "persona_id": "luna",
        "phase": "TEXT_GENERATION",
        "complexity": 2,
        "state": 3,
        "validation": 1,
        "rating": 0,
        "agent_assigned": False,
        "input": {},
        "strategy": None,
        "trace_artifacts": [],
        "pattern": "",
        "rate_pct": None,
        "create_time": START + timedelta(hours=number),
        "platform": None,
        "media_type": None,
        "hashtag_count": None,
        "publish_time": None,
        "time_zone": None,
    }
    return ContextRecord(**{**given, **fields})


def two_kinds(
    count: int, seed: int, *, effect: float = 0.5, personas: int = 3, favourites: bool = False
) -> list[PostRecord]:
    """Returns videos in the evening with a question, and images in the morning; videos do better by `effect` (log).

    Personas differ by up to 1.5 (log) from each other; with `favourites` the strongest makes nearly all of the videos.
    """
    random = np.random.default_rng(seed)
    posts = []
    for number in range(count):
        persona = int(random.integers(personas))
        video = random.random() < ((0.9 if persona == personas - 1 else 0.1) if favourites else 0.4)
        rate = np.exp(0.8 + 0.5 * persona + effect * video + random.normal(0.0, 0.5))
        hour = float(random.normal(19.0 if video else 9.0, 1.0))
        posts.append(
            post(
                number,
                persona_id=f"persona-{persona}",
                media_type=VIDEO if video else IMAGE,
                caption=VIDEO_CAPTION if video else IMAGE_CAPTION.format(number),
                hashtags=["video", "evening", f"day{number % 7}"] if video else [f"day{number % 7}"],
                publish_time=START + timedelta(days=int(random.integers(84)), hours=hour),
                phase="VIDEO_GENERATION" if video else "IMAGE_GENERATION",
                aged_rate_pct=float(rate),
                rate_pct=float(rate),
            )
        )
    return posts


@dataclass(frozen=True, slots=True)
class TaggedPosts:
    """Posts with hashtags, and the true effect of each hashtag (log; 0 for none)."""

    posts: Sequence[PostRecord]
    effects: dict[str, float]


def tagged(count: int, seed: int, *, tags: int = 60, effective: int = 10) -> TaggedPosts:
    """Every hashtag has its favourite persona, platform, format and time of day, and all of these change engagement.

    A naive comparison therefore finds hashtags that do nothing.
    """
    random = np.random.default_rng(seed)
    personas, platforms, formats, parts = 8, 3, 4, 6
    names = [f"tag{number:02d}" for number in range(tags)]
    effects = {name: float(random.choice((-0.6, 0.6))) if at < effective else 0.0 for at, name in enumerate(names)}
    sizes = (personas, platforms, formats, parts)
    levels = [random.normal(0.0, spread, size) for size, spread in zip(sizes, (0.8, 0.4, 0.4, 0.3), strict=True)]
    favour = [random.normal(0.0, 1.2, (tags, size)) for size in sizes]
    posts = []
    for number in range(count):
        kinds = [int(random.integers(size)) for size in sizes]
        persona, platform, form, part = kinds
        logit = -3.2 + sum(table[:, kind] for table, kind in zip(favour, kinds, strict=True))
        carried = [
            name for name, chance in zip(names, 1.0 / (1.0 + np.exp(-logit)), strict=True) if random.random() < chance
        ]
        level = sum(float(level[kind]) for level, kind in zip(levels, kinds, strict=True))
        rate = float(np.exp(1.2 + level + sum(effects[name] for name in carried) + random.normal(0.0, 0.5)))
        posts.append(
            post(
                number,
                persona_id=f"persona-{persona}",
                platform=1 + platform,
                media_type=2 + form,
                hashtags=carried,
                publish_time=START + timedelta(days=number % 84, hours=4 * part + 1),
                aged_rate_pct=rate,
            )
        )
    return TaggedPosts(posts, effects)

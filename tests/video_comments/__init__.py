"""Comments on four music videos, most of them English, each labelled as spam or not; see README.md."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

VIDEOS = ("eminem", "katyperry", "lmfao", "psy")


@dataclass(frozen=True, slots=True)
class VideoComment:
    """A comment as it was written."""

    video: str
    text: str
    is_spam: bool


@cache
def comments_on(video: str) -> tuple[VideoComment, ...]:
    """The comments on one of the videos."""
    with (Path(__file__).parent / f"{video}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(VideoComment(video, row["content"], row["is_spam"] == "1") for row in csv.DictReader(file))


def all_comments() -> list[VideoComment]:
    """Those on all videos, 1,586."""
    return [comment for video in VIDEOS for comment in comments_on(video)]


def texts_by_spam(*videos: str) -> dict[bool, list[str]]:
    """The texts of comments on some videos: those of spam, and those of people."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for video in videos:
        for comment in comments_on(video):
            found[comment.is_spam].append(comment.text)
    return found

"""Posts of the stand-in, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from zlib import crc32


class Fault(Enum):
    """What is wrong with a post."""

    GONE = "it is not there"
    EMPTY = "nothing is known of it: an empty set"
    FORBIDDEN = "the token may not read it"
    TOO_FEW = "a story that under 5 people saw"
    POISON = "its id makes the platform refuse the whole call"
    BROKEN = "the platform fails whenever it is asked for"
    IMPOSSIBLE = "more likes than it was shown"


@dataclass(slots=True)
class StandInPost:
    """A post with its counts."""

    id: str
    likes: int = 0
    comments: int = 0
    shares: int = 0
    saves: int = 0
    reach: int = 0
    views: int = 0
    fault: Fault | None = None
    hiccups: int = 0
    """How often asking for it fails for a moment before it succeeds."""
    first_comment: float = 0.0
    """Time of the first comment, Unix seconds; the others follow a minute apart."""
    texts: Sequence[str] = ()
    """What the first comments say; what the others say is invented."""
    asked: int = field(default=0, compare=False)

    @classmethod
    def invented(cls, id: str, now: float) -> StandInPost:
        """A post with counts that follow from its id."""
        seed = crc32(id.encode())
        reach = 1_000 + seed % 9_000
        return cls(
            id,
            likes=reach * (2 + seed % 7) // 100,
            comments=seed % 4,
            shares=seed % 30,
            saves=seed % 20,
            reach=reach,
            views=reach * 3 // 2,
            first_comment=now - 3600,
        )

    def comment(self, number: int) -> dict[str, object]:
        """One of its comments as Instagram tells it; 0 is the oldest."""
        time = datetime.fromtimestamp(int(self.first_comment) + 60 * number, UTC)
        return {
            "id": f"{self.id}_{number}",
            "text": self.texts[number] if number < len(self.texts) else self._invented_text(number),
            "username": f"reader{crc32(f'{self.id}{number}'.encode()) % 10_000}",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        }

    def _invented_text(self, number: int) -> str:
        return f"What a lovely number {number}, and nobody else said it about {self.id}"

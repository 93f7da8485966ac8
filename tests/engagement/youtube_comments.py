"""The comments of four music videos, most of them English."""

from __future__ import annotations

import csv
from pathlib import Path

FOLDER = Path(__file__).parent / "data" / "youtube_spam"


def comments() -> list[str]:
    """All texts."""
    found = []
    for path in sorted(FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            found += [row["content"] for row in csv.DictReader(file)]
    return found

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engagement.bot_detection.throughput import measure, write


@pytest.mark.slow
def test_a_million_interactions_are_judged_in_at_most_three_times_their_reading(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    write(path, 1_000_000)

    best = min(measure(path).ratio for _ in range(2))

    assert best <= 3.0

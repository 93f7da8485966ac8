"""`groundswell demo`, as a newcomer starts it: with an empty home."""

from __future__ import annotations

from pathlib import Path

from tests.cli.shell import as_newcomer


def test_the_demonstration_learns_from_real_posts_and_says_how_sure_it_is(tmp_path: Path) -> None:
    charts = tmp_path / "charts"
    said = as_newcomer(tmp_path, "demo", "--charts", str(charts), columns=120)
    assert "500 posts imported, 0 existed already, 0 refused" in said
    assert "less error than the better baseline" in said or "does not beat both baselines" in said
    assert "95% intervals contain the actual rate for" in said
    for step in ("Best hours", "Improve a draft", "Limits", "Go on"):
        assert step in said
    assert {path.name for path in charts.iterdir()} == {"predictions.png", "importance.png", "hours.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in charts.iterdir())

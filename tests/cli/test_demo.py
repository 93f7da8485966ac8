"""`groundswell demo`, as a newcomer starts it: with an empty home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_demonstration_learns_from_real_posts_and_says_how_sure_it_is(tmp_path: Path) -> None:
    charts = tmp_path / "charts"
    result = subprocess.run(
        [sys.executable, "-m", "groundswell_server", "demo", "--charts", str(charts)],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COLUMNS": "120"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    said = " ".join(result.stdout.split())
    assert result.returncode == 0, result.stdout + result.stderr
    assert "500 posts imported, 0 were there already, 0 refused" in said
    assert "the model errs" in said or "does not beat both baselines" in said
    assert "95% intervals held what came for" in said
    for step in ("Best hours", "Improve a draft", "What it does not know", "Go on"):
        assert step in said
    assert {path.name for path in charts.iterdir()} == {"predictions.png", "importance.png", "hours.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in charts.iterdir())

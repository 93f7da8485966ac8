"""`groundswell demo engagement`, as a newcomer starts it: with an empty home."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.shell import as_newcomer


def test_a_posts_life_is_told_with_the_servers_figures(tmp_path: Path) -> None:
    charts = tmp_path / "charts"
    said = as_newcomer(tmp_path, "demo", "engagement", "--charts", str(charts), columns=80)
    assert "1,250 likes and 87 comments" in said
    taken_out = re.search(
        r"Of 1,519 reactions in total, (\d+) come from bots and (\d+) from AI personas: ([\d,]+) are", said
    )
    assert taken_out, said
    bots, personas, genuine = (int(figure.replace(",", "")) for figure in taken_out.groups())
    assert bots + personas + genuine == 1519
    assert 176 <= bots <= 210, "the farm's 176, and the same share of shares and saves"
    assert personas >= 2
    for reason in ("burst", "duplicate text", "registered persona"):
        assert reason in said
    assert "The context is approved and validated" in said
    assert "the pattern instagram_high_engagement" in said
    assert "the post spreads. Expected reach after 7 days" in said
    assert re.search(r"Of 5\d comments by people, \d+ are positive, \d+ neutral and \d+ negative; [345] more", said)
    assert re.search(r"Spearman \+0\.\d\d \(\+0", said)
    assert "element mean rate without it posts" in said, "words are whole, bars give way"
    assert "length under 50 characters" in said
    assert "IS" not in re.findall(r"countries: (.*?) ages:", said)[0], "three people are nobody's business"
    assert {path.name for path in charts.iterdir()} == {"timeline.png", "genuine.png", "sentiment.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in charts.iterdir())

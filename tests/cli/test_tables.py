"""Tables for people, in terminals of every width."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from groundswell.cli.tables import draw

SUBJECT = "experiment/0190c5f0-1111-7222-8333-444455556666"
CHANGE = {
    "time": "2026-03-01 12:00:00",
    "actor": "cli",
    "action": "experiment.completed",
    "subject": SUBJECT,
    "reason": "by itself: question beats old by 30.0%",
}


def drawn(rows: list[dict[str, object]], width: int, title: str = "") -> list[str]:
    out = StringIO()
    draw(Console(file=out, width=width, highlight=False), rows, title)
    return out.getvalue().splitlines()


def test_a_wide_terminal_gets_a_table() -> None:
    heading, row = drawn([CHANGE], 160)
    assert heading.split() == list(CHANGE)
    assert row.split() == " ".join(CHANGE.values()).split()
    assert heading.index("subject") == row.index(SUBJECT)


def test_what_has_several_words_is_folded_first() -> None:
    lines = drawn([CHANGE], 120)
    assert SUBJECT in lines[1]
    assert len(lines) == 3
    assert max(map(len, lines)) <= 120


def test_a_column_without_values_makes_room() -> None:
    lines = drawn([{**CHANGE, "reason": ""}], 97)
    assert lines[0].split() == ["time", "actor", "action", "subject"]
    assert SUBJECT in lines[1]
    assert len(lines) == 2


@pytest.mark.parametrize("width", [20, 40, 80, 100])
def test_where_no_table_fits_each_row_stands_alone(width: int) -> None:
    lines = drawn([CHANGE, {**CHANGE, "reason": ""}], width, "changes")
    assert lines[0] == "changes"
    assert [line.split() for line in lines if line.startswith("subject")] == [["subject", SUBJECT]] * 2
    assert [line.split()[0] for line in lines if line.startswith("reason")] == ["reason"]


def test_values_are_shown_as_they_are() -> None:
    row = {"name": "[bold]loud[/]", "made": datetime(2026, 3, 1, 12, tzinfo=UTC), "parts": ["a", "b"], "end": None}
    assert drawn([row], 80)[1].rstrip() == "[bold]loud[/]  2026-03-01  a, b"


WORD = st.text("abcdefgh-", min_size=1, max_size=30)


@given(st.lists(st.tuples(WORD, st.lists(WORD, max_size=8), WORD), min_size=1, max_size=4), st.integers(20, 120))
def test_no_word_is_ever_broken_and_none_is_lost(values: list[tuple[str, list[str], str]], width: int) -> None:
    rows: list[dict[str, object]] = [{"key": key, "told": " ".join(told), "id": id} for key, told, id in values]
    said = " ".join(drawn(rows, width)).split()
    for key, told, id in values:
        assert {key, id, *told} <= set(said)

"""Keyset pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groundswell_storage import errors
from groundswell_storage.database import Database
from groundswell_storage.pages import MAX_CHARACTERS, Page, page_length, read_page
from groundswell_storage.scope import Scope

from .conftest import DraftRow

START = datetime(2026, 3, 1, tzinfo=UTC)


def add(scope: Scope, *numbers: int) -> None:
    """Drafts, three of which share each second."""
    for number in numbers:
        scope.insert(DraftRow, id=f"d{number:03}", text="x", create_time=START + timedelta(seconds=number // 3))


def page(scope: Scope, token: str = "", size: int = 4, text: str = "x") -> Page[DraftRow]:
    return read_page(
        scope.select(DraftRow).where(DraftRow.text == text),
        time=DraftRow.create_time,
        id=DraftRow.id,
        page_size=size,
        page_token=token,
    )


def walk(scope: Scope, size: int = 4) -> list[list[str]]:
    token, pages = "", []
    while True:
        found = page(scope, token, size)
        pages.append([row.id for row in found.items])
        token = found.next_page_token
        if not token:
            return pages


def test_pages_together_are_the_list_newest_first(database: Database, drafts):
    with database.scope("acme") as scope:
        add(scope, *range(10))
        pages = walk(scope)

    assert [len(ids) for ids in pages] == [4, 4, 2]
    assert [id for ids in pages for id in ids] == [f"d{number:03}" for number in reversed(range(10))]


def test_a_list_that_fills_its_last_page_has_no_empty_one_after_it(database: Database, drafts):
    with database.scope("acme") as scope:
        add(scope, *range(8))
        assert [len(ids) for ids in walk(scope)] == [4, 4]


def test_rows_that_come_in_meanwhile_shift_nothing(database: Database, drafts):
    with database.scope("acme") as scope:
        add(scope, *range(10))
        first = page(scope)
        add(scope, *range(100, 120))
        second = page(scope, first.next_page_token)

    assert [row.id for row in second.items] == ["d005", "d004", "d003", "d002"]


def test_a_row_that_goes_meanwhile_shifts_nothing(database: Database, drafts):
    with database.scope("acme") as scope:
        add(scope, *range(10))
        first = page(scope)
        scope.delete(DraftRow).where(DraftRow.id == first.items[-1].id).execute()
        second = page(scope, first.next_page_token)

    assert [row.id for row in second.items] == ["d005", "d004", "d003", "d002"]


def test_a_page_of_many_small_rows_is_as_long_as_was_asked_for(database: Database, drafts):
    with database.scope("acme") as scope:
        add(scope, *range(230))
        assert [len(ids) for ids in walk(scope, 120)] == [120, 110]


@pytest.mark.parametrize(
    ("count", "large", "expected"), [(20, MAX_CHARACTERS // 7, [6, 6, 6, 62]), (2, 2**22, [1, 1, 60])]
)
def test_a_page_of_large_rows_is_shorter_than_was_asked_for(
    database: Database, drafts, count: int, large: int, expected: list[int]
):
    with database.scope("acme") as scope:
        add(scope, *range(60))
        for number in range(60, 60 + count):
            scope.insert(DraftRow, id=f"d{number:03}", text="y" * large, create_time=START + timedelta(seconds=number))
        token, pages = "", []
        while token or not pages:
            query = scope.select(DraftRow)
            found = read_page(query, time=DraftRow.create_time, id=DraftRow.id, page_size=1000, page_token=token)
            pages.append([(row.id, len(row.text)) for row in found.items])
            token = found.next_page_token

    assert all(len(rows) == 1 or sum(length for _, length in rows) <= MAX_CHARACTERS for rows in pages)
    assert [id for rows in pages for id, _ in rows] == [f"d{number:03}" for number in reversed(range(60 + count))]
    assert [len(rows) for rows in pages] == expected


def test_a_token_serves_its_own_query_only(database: Database, drafts):
    with database.scope("acme") as scope:
        add(scope, *range(10))
        token = page(scope).next_page_token

        with pytest.raises(errors.InvalidArgument) as refused:
            page(scope, token, text="y")
    assert refused.value.reason == "PAGE_TOKEN_INVALID"
    assert refused.value.fields[0].field == "page_token"
    with database.scope("rival") as scope, pytest.raises(errors.InvalidArgument):
        page(scope, token)


@pytest.mark.parametrize("token", ["x", "e30", "bnVsbA", "é", "W10", "AAAA", "WyJhIiwxZTk5LCJiIl0", "=" * 9, "\x00"])
def test_a_token_that_was_made_up_is_refused(database: Database, drafts, token: str):
    with database.scope("acme") as scope, pytest.raises(errors.InvalidArgument) as refused:
        page(scope, token)
    assert refused.value.reason == "PAGE_TOKEN_INVALID"


def test_the_page_size_is_bounded():
    assert page_length(0) == 50
    assert page_length(7) == 7
    assert page_length(10**9) == 1000
    with pytest.raises(errors.InvalidArgument):
        page_length(-1)

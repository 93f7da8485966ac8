"""Files of posts, read row by row. An invalid row is refused with its line; the other rows are read."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from groundswell_server.cli.post_files import facebook_metrics, generic
from groundswell_server.cli.post_files.drafts import PostDraft, RefusedRow, RowFault
from groundswell_server.cli.post_files.values import Row
from groundswell_storage.errors import InvalidArgument

FORMATS: Final = ("auto", "csv", "jsonl", "facebook_metrics")
MAX_CHARACTERS: Final = 1_000_000
"""Largest length of a cell or line."""

_DELIMITERS: Final = ",;\t|"


@dataclass(frozen=True, slots=True)
class Import:
    """A file of posts with its format, ready to be read."""

    format: str
    """ "csv", "jsonl" or "facebook_metrics"."""
    rows: Iterator[PostDraft | RefusedRow]
    """Read lazily; the file is closed at the end."""
    assumptions: Callable[[], tuple[str, ...]]
    """Returns the assumptions about the rows read so far, in words."""


def read_posts(path: Path, format: str = "auto") -> Import:
    """Opens a file of posts.

    Raises InvalidArgument when the format is unknown, or the file is empty or lacks a column that its format needs;
    OSError when it cannot be opened.
    """
    if format not in FORMATS:
        raise InvalidArgument.of("format", f"{format!r} is not one of {', '.join(FORMATS)}")
    if format == "jsonl" or (format == "auto" and path.suffix.lower() in {".jsonl", ".ndjson", ".json"}):
        reader = generic.Reader()
        return Import("jsonl", _drafts(_json_rows(path), reader.draft), reader.assumptions)
    columns = _header(path)
    if format == "facebook_metrics" or (format == "auto" and _is_facebook_metrics(columns)):
        missing = facebook_metrics.SIGNATURE - set(map(facebook_metrics.column_name, columns))
        _refuse_missing(sorted(missing))
        rows = _drafts(_csv_rows(path), facebook_metrics.draft)
        return Import("facebook_metrics", rows, lambda: facebook_metrics.ASSUMPTIONS)
    _refuse_missing([column for column in generic.REQUIRED if column not in columns])
    reader = generic.Reader()
    return Import("csv", _drafts(_csv_rows(path), reader.draft), reader.assumptions)


def count_rows(path: Path) -> int:
    """Returns the number of rows of a file of posts, to show progress."""
    if path.suffix.lower() in {".jsonl", ".ndjson", ".json"}:
        with _open(path) as file:
            return sum(1 for line in file if line.strip())
    return sum(1 for _ in _csv_rows(path))


def _is_facebook_metrics(columns: list[str]) -> bool:
    return set(map(facebook_metrics.column_name, columns)) >= facebook_metrics.SIGNATURE


def _refuse_missing(missing: list[str]) -> None:
    if missing:
        raise InvalidArgument.of("file", f"lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}")


def _drafts(
    rows: Iterator[tuple[int, Row | RowFault]], draft: Callable[[Row, int, int], PostDraft]
) -> Iterator[PostDraft | RefusedRow]:
    for number, (line, row) in enumerate(rows, start=1):
        try:
            if isinstance(row, RowFault):
                raise row
            yield draft(row, line, number)
        except RowFault as fault:
            yield RefusedRow(line, fault.field, fault.reason)


def _open(path: Path) -> TextIO:
    # Bytes that are not UTF-8 become surrogates, which refuse their row, not the file.
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _header(path: Path) -> list[str]:
    with _open(path) as file:
        first = file.readline(MAX_CHARACTERS)
    if not first.strip():
        raise InvalidArgument.of("file", "is empty")
    return [name.strip() for name in next(csv.reader([first], delimiter=_delimiter(first)))]


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _csv_rows(path: Path) -> Iterator[tuple[int, Row | RowFault]]:
    """Yields the last line number and the content of each row that is not empty."""
    csv.field_size_limit(MAX_CHARACTERS)
    columns = _header(path)
    with _open(path) as file:
        first = file.readline(MAX_CHARACTERS)
        reader = csv.reader(file, delimiter=_delimiter(first), strict=True)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield reader.line_num + 1, RowFault("", str(error))
                continue
            if len(cells) > len(columns):
                yield reader.line_num + 1, RowFault("", f"{len(cells)} cells under {len(columns)} columns")
            elif any(cells):
                yield reader.line_num + 1, dict(zip(columns, cells, strict=False))


def _json_rows(path: Path) -> Iterator[tuple[int, Row | RowFault]]:
    with _open(path) as file:
        for line, content in enumerate(file, start=1):
            if content.strip():
                yield line, _json_row(content)


def _json_row(content: str) -> Row | RowFault:
    if len(content) > MAX_CHARACTERS:
        return RowFault("", f"is longer than {MAX_CHARACTERS} characters")
    try:
        row: Any = json.loads(content)
    except json.JSONDecodeError as error:  # its message has a line number that is not the line of the file
        return RowFault("", f"is not JSON: {error.msg} at character {error.colno}")
    except (ValueError, RecursionError) as error:
        return RowFault("", f"is not JSON: {error}")
    return row if isinstance(row, dict) else RowFault("", "is not a JSON object")

"""`groundswell import posts`: reads a file, sends it to the server in batches, and reports refused rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundswell.cli.connection import connect, with_connection
from groundswell.cli.output import console, is_interactive, show, show_json
from groundswell_server.cli.commands import ServerCommand, group, output_option

if TYPE_CHECKING:
    from rich.progress import Progress

    from groundswell import Client
    from groundswell.v1 import engagement_pb2
    from groundswell_server.cli.post_files import Import, PostDraft

BATCH_ROWS = 500
"""Rows per call. They are durable when the call returns, so an aborted import loses none of them."""


@dataclass(slots=True)
class Refused:
    """A row that was not imported."""

    line: int
    field: str
    reason: str


@dataclass(slots=True)
class ImportReport:
    """The result of an import."""

    format: str
    assumptions: Sequence[str] = ()
    """Assumptions about values that the file does not have."""
    imported: int = 0
    duplicates: int = 0
    refused_rows: list[Refused] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """Number of refused rows."""
        return len(self.refused_rows)


@group("import")
def import_group() -> None:
    """Import posts from files."""


@import_group.command("posts", cls=ServerCommand)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A CSV or JSON Lines file.")
@click.option(
    "--format", default="auto", help="csv, jsonl or facebook_metrics; by default the content of the file decides."
)
@output_option
@with_connection
def posts(file: Path, format: str, as_json: bool, **connection: Any) -> None:
    """Import posts with their counts. A second import of the same file adds nothing."""
    from rich.progress import Progress

    shown = Progress(console=console(), transient=True) if is_interactive() and not as_json else nullcontext()
    with shown as progress, connect(connection) as client:
        report = import_file(client, file, format=format, progress=progress)
    if as_json:
        show_json({**asdict(report), "refused": report.refused})
    else:
        _print_report(report)
    if report.refused:
        raise click.exceptions.Exit(1)


def import_file(client: Client, path: Path, *, format: str = "auto", progress: Progress | None = None) -> ImportReport:
    """Imports a file through the SDK. After an error of a call, the earlier batches remain imported."""
    from groundswell_server.cli.post_files import count_rows, read_posts

    source = read_posts(path, format)
    report = ImportReport(source.format)
    task = progress.add_task("rows", total=count_rows(path)) if progress else None
    for drafts in _batches(source, report):
        answer = client.engagement.import_posts([_request(drafts)])
        report.imported += answer.imported_count
        report.duplicates += answer.duplicate_count
        # The server names fields of the contract; the columns have no `metrics.` prefix.
        report.refused_rows += [
            Refused(row.line, row.field.removeprefix("metrics."), row.reason) for row in answer.refused_rows
        ]
        if progress and task is not None:
            progress.advance(task, len(drafts))
    report.assumptions = source.assumptions()
    report.refused_rows.sort(key=lambda row: row.line)
    return report


def _batches(source: Import, report: ImportReport) -> Iterator[list[PostDraft]]:
    """Yields drafts in batches; adds unreadable rows to the report."""
    from groundswell_server.cli.post_files import RefusedRow
    from groundswell_storage.chunks import chunks

    for batch in chunks(source.rows, BATCH_ROWS):
        drafts = []
        for row in batch:
            if isinstance(row, RefusedRow):
                report.refused_rows.append(Refused(row.line, row.field, row.reason))
            else:
                drafts.append(row)
        if drafts:
            yield drafts


def _request(drafts: Sequence[PostDraft]) -> engagement_pb2.ImportPostsRequest:
    from groundswell.v1 import engagement_pb2

    return engagement_pb2.ImportPostsRequest(rows=[_row(draft) for draft in drafts])


def _row(draft: PostDraft) -> engagement_pb2.ImportedPost:
    """Returns the draft as a message. Names and numbers of enum values are the same in both."""
    from groundswell.message_builder import build
    from groundswell.v1 import engagement_pb2

    values = {field.name: getattr(draft, field.name) for field in fields(draft)}
    counts = values.pop("counts")
    values["metrics"] = counts and asdict(counts)
    # An empty context would record that something was generated; None does not.
    values["context_input"] = values["context_input"] or None
    return build(engagement_pb2.ImportedPost, values)


def _print_report(report: ImportReport) -> None:
    console().print(f"{report.imported} imported, {report.duplicates} existed already, {report.refused} refused")
    for assumption in report.assumptions:
        console().print(assumption, style="dim", markup=False)
    if report.refused_rows:
        show([asdict(row) for row in report.refused_rows], False, title="refused")

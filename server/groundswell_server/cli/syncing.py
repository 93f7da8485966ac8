"""`groundswell sync`: asks for a sync now and follows it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundswell_server.cli.output import AsJson, console, is_interactive, show, show_json
from groundswell_server.cli.platforms import PlatformName
from groundswell_server.cli.reaching import Authority, Certificate, Key, Target, reach
from groundswell_server.cli.words import word

if TYPE_CHECKING:
    from groundswell.v1.engagement_pb2 import SyncReport


def sync(
    hours: Annotated[int, typer.Option(min=1, max=8760, help="Covers posts of so many hours.")] = 24,
    platform: Annotated[list[PlatformName] | None, typer.Option(help="Only this platform; can be repeated.")] = None,
    persona: Annotated[list[str] | None, typer.Option(help="Only of the persona of this id; can be repeated.")] = None,
    target: Target = None,
    authority: Authority = None,
    certificate: Certificate = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Fetch counts and comments of recent posts from their platforms, within the platforms' limits.

    Interrupted, it only stops following: the sync goes on. Exits with 1 when a post failed.
    """
    from rich.progress import Progress

    shown = Progress(console=console(), transient=True) if is_interactive() and not as_json else nullcontext()
    with shown as progress, reach(target, authority, certificate, key) as client:
        operation = client.engagement.sync_posts(
            hours=hours, platforms=[each.in_contract for each in platform or ()], persona_ids=persona or []
        )
        task = progress.add_task("waiting for a worker", total=100.0) if progress else None

        def follow(pct: float, what: str) -> None:
            if progress and task is not None:
                progress.update(task, completed=pct, description=what or "waiting for a worker")

        report = operation.result(progress=follow)
    if as_json:
        show_json(_plain(report))
    else:
        _tell(report)
    if report.failed_count:
        raise typer.Exit(1)


def _plain(report: SyncReport) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(report, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def _tell(report: SyncReport) -> None:
    from groundswell.v1.engagement_pb2 import SyncOutcome

    console().print(
        f"{report.synced_count} synced, {report.fresh_count} fresh, {report.unknown_count} without counts, "
        f"{report.failed_count} failed, {report.unconnected_count} not connected; "
        f"{report.interaction_count} comments recorded"
    )
    rows = [
        {
            "post": each.post_id,
            "outcome": word(SyncOutcome, each.outcome),
            "problem": each.problem,
        }
        for each in report.problems
    ]
    if rows:
        show(rows, False, title="failed")

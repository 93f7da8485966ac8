"""`groundswell sync`: asks for a sync now and follows it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from groundswell_server.cli.output import AsJson, console, is_interactive, show, show_message
from groundswell_server.cli.platforms import PlatformName
from groundswell_server.cli.reaching import Reach, as_typed, reaching
from groundswell_server.cli.words import word

if TYPE_CHECKING:
    from groundswell.v1.engagement_pb2 import SyncReport


@reaching
def sync(
    reach: Reach,
    hours: Annotated[int, typer.Option(min=1, max=8760, help="Covers posts published in the last so many hours.")] = 24,
    platform: Annotated[list[PlatformName] | None, typer.Option(help="Only this platform; can be repeated.")] = None,
    persona: Annotated[list[str] | None, typer.Option(help="Only of the persona of this id; can be repeated.")] = None,
    overdue: Annotated[
        bool,
        typer.Option(
            "--overdue", metavar="", help="Covers older posts too that have reached an age which something waits for."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch counts and comments of recent posts from their platforms, within the platforms' limits.

    Interrupted, it only stops following: the sync goes on. Exits with 1 when a post failed.
    """
    from rich.progress import Progress

    typed = {f"persona_ids[{number}]": f"--persona {one}" for number, one in enumerate(persona or ())}
    shown = Progress(console=console(), transient=True) if is_interactive() and not as_json else nullcontext()
    said: list[str] = []
    with shown as progress, reach() as client:
        with as_typed(typed):
            operation = client.engagement.sync_posts(
                hours=hours,
                platforms=[each.in_contract for each in platform or ()],
                persona_ids=persona or [],
                include_overdue=overdue,
            )
        task = progress.add_task("waiting for a worker", total=100.0) if progress else None

        def follow(pct: float, what: str) -> None:
            if progress and task is not None:
                progress.update(task, completed=pct, description=what)
            elif what not in said and not operation.operation.done:
                said.append(what)
                typer.echo(what, err=True)

        report = operation.result(progress=follow)
    if as_json:
        show_message(report)
    else:
        _tell(report, hours)
    if report.failed_count:
        raise typer.Exit(1)


def _tell(report: SyncReport, hours: int) -> None:
    from groundswell.v1.engagement_pb2 import SyncOutcome

    counts = {
        "synced": report.synced_count,
        "fetched just before": report.fresh_count,
        "without counts": report.unknown_count,
        "failed": report.failed_count,
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    if told:
        comments = f"; {report.interaction_count} comments recorded" if report.interaction_count else ""
        console().print(", ".join(told) + comments)
    elif not report.unconnected_count:
        console().print(f"no posts of the last {hours} hours to sync")
    if report.unconnected_count:
        console().print(
            f"{report.unconnected_count} posts are of accounts that are not connected; "
            "`groundswell platforms connect PLATFORM` connects one",
            markup=False,
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

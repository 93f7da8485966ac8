"""`groundswell audit`: who changed what, and whether the log of it is as it was written."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundswell_server.cli.commands import Commands
from groundswell_server.cli.opening import Workspace, open_migrated, open_scope
from groundswell_server.cli.output import AsJson, console, show, show_json
from groundswell_server.cli.serving import Database
from groundswell_server.settings import load

if TYPE_CHECKING:
    from groundswell_storage.audit import AuditEntry
    from groundswell_storage.audit_chain import Verification

application = Commands(help="Read and verify the log of all changes.")


@application.command("list")
def list_entries(
    subject: Annotated[str, typer.Option(help="What was changed, such as experiment/checkout.")] = "",
    action: Annotated[str, typer.Option(help="What was done, such as model.promoted.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The most entries to show.")] = 50,
    workspace: Workspace = "default",
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Show the changes of a workspace, newest first; what was before and after with --json."""
    from groundswell_storage import audit

    with open_scope(database, workspace, existing=True) as scope:
        page = audit.list_entries(scope, subject=subject, action=action, page_size=limit)
    if as_json:
        show_json([asdict(entry) for entry in page.items])
    else:
        none = "no such change" if subject or action else "nothing was changed"
        show([_row(entry) for entry in page.items], False, empty=f"{none} in workspace {workspace}")


@application.command()
def verify(
    head: Annotated[str, typer.Option(help="A seal that an earlier verification printed; has to be there still.")] = "",
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Check every seal of all workspaces; exit 1 when an entry was changed, removed or inserted."""
    from groundswell_server.bootstrap.master_key import master_key
    from groundswell_storage import audit_chain
    from groundswell_storage.secrets import Sealer, made_secret

    sealer = Sealer(master_key(load()))
    with open_migrated(database, existing=True) as opened, opened.transaction():
        key = made_secret(opened, audit_chain.KEY, sealer)
        found = audit_chain.verify(opened, key, head=head)
    if as_json:
        show_json({**asdict(found), "intact": not found.faults})
    else:
        _tell(found)
    if found.faults:
        raise typer.Exit(1)


def _row(entry: AuditEntry) -> dict[str, Any]:
    return {
        "time": f"{entry.time:%Y-%m-%d %H:%M:%S}",
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "reason": entry.reason,
    }


def _tell(found: Verification) -> None:
    show([{"batch": fault.batch, "problem": fault.problem} for fault in found.faults], False, empty="every seal holds")
    console().print(f"{found.entries} entries in {found.batches} sealed batches, {found.unsealed} not sealed yet")
    if found.head:
        console().print(f"last seal: {found.head}", soft_wrap=True)

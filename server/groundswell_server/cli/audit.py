"""`groundswell audit`: lists the audit log and verifies that nobody altered it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from groundswell.cli.output import console, show, show_json
from groundswell_server.cli.commands import ServerCommand, database_option, group, output_option, workspace_option
from groundswell_server.cli.database_access import open_migrated, open_scope

if TYPE_CHECKING:
    from groundswell_storage.audit.audit import AuditEntry
    from groundswell_storage.audit.audit_chain import Verification


@group("audit")
def audit_group() -> None:
    """Read and verify the audit log."""


@audit_group.command("list", cls=ServerCommand)
@click.option("--subject", default="", help="What was changed, such as experiment/checkout.")
@click.option("--action", default="", help="What was done, such as model.promoted.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, help="The most entries to show; 50 by default.")
@workspace_option
@database_option
@output_option
def list_entries(subject: str, action: str, limit: int, workspace: str, database: str | None, as_json: bool) -> None:
    """Show the changes of a workspace, newest first. `-o json` has the values before and after each change."""
    from groundswell_storage.audit import audit

    with open_scope(database, workspace, existing=True) as scope:
        page = audit.list_entries(scope, subject=subject, action=action, page_size=limit)
    if as_json:
        show_json([asdict(entry) for entry in page.items])
    else:
        none = "no such change" if subject or action else "nothing was changed"
        show([_row(entry) for entry in page.items], False, empty=f"{none} in workspace {workspace}")


@audit_group.command("verify", cls=ServerCommand)
@click.option("--head", default="", help="A seal that an earlier verification printed. It has to exist still.")
@database_option
@output_option
def verify(head: str, database: str | None, as_json: bool) -> None:
    """Check every seal of all workspaces. Exits with 1 when an entry was changed, removed or inserted."""
    from groundswell_server.bootstrap.master_key import master_key
    from groundswell_server.settings import load
    from groundswell_storage.access.secrets import Sealer, made_secret
    from groundswell_storage.audit import audit_chain

    sealer = Sealer(master_key(load()))
    with open_migrated(database, existing=True) as opened, opened.transaction():
        key = made_secret(opened, audit_chain.KEY, sealer)
        found = audit_chain.verify(opened, key, head=head)
    if as_json:
        show_json({**asdict(found), "intact": not found.faults})
    else:
        _print_verification(found)
    if found.faults:
        raise click.exceptions.Exit(1)


def _row(entry: AuditEntry) -> dict[str, Any]:
    return {
        "time": f"{entry.time:%Y-%m-%d %H:%M:%S}",
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "reason": entry.reason,
    }


def _print_verification(found: Verification) -> None:
    show(
        [{"batch": fault.batch, "problem": fault.problem} for fault in found.faults], False, empty="every seal is valid"
    )
    console().print(
        f"{found.entries} entries in {found.batches} sealed batches, {found.unsealed} entries not sealed yet"
    )
    if found.head:
        console().print(f"last seal: {found.head}", soft_wrap=True)

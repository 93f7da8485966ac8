"""`groundswell platforms`: connects the platforms that posts are synced with.

Tokens are typed or piped in, not given as arguments, which other users of the machine can see.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from groundswell_server.cli.commands import Commands
from groundswell_server.cli.output import AsJson, console, show
from groundswell_server.cli.reaching import Reach, as_typed, reaching
from groundswell_server.cli.words import word

if TYPE_CHECKING:
    from groundswell.v1.engagement_pb2 import PlatformConnection

application = Commands(help="Connect the platforms that posts are synced with.")


class PlatformName(StrEnum):
    """A platform that can be synced."""

    INSTAGRAM = "instagram"
    FACEBOOK = "facebook"
    TWITTER = "twitter"
    TIKTOK = "tiktok"

    @property
    def in_contract(self) -> str:
        """The value of the contract's enum."""
        return f"PLATFORM_{self.name}"


Persona = Annotated[str, typer.Option(help="Id of the persona; every persona without a connection of its own if none.")]


@application.command()
@reaching
def connect(
    reach: Reach,
    platform: PlatformName,
    persona: Persona = "",
    account: Annotated[str, typer.Option(help="Name of the account, for people.")] = "",
) -> None:
    """Keep an access token, encrypted. It is asked for, or read from standard input."""
    token = typer.prompt("Access token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
    typed = {"persona_id": f"--persona {persona}", "account": "--account", "access_token": "the access token"}
    with as_typed(typed), reach() as client:
        client.engagement.connect_platform(
            persona_id=persona, platform=platform.in_contract, access_token=token, account=account
        )
    console().print(f"{platform} is connected")


@application.command()
@reaching
def disconnect(
    reach: Reach,
    platform: PlatformName,
    persona: Persona = "",
) -> None:
    """Forget an access token."""
    with as_typed({"persona_id": f"--persona {persona}"}), reach() as client:
        client.engagement.disconnect_platform(persona_id=persona, platform=platform.in_contract)
    console().print(f"{platform} is not connected any more")


@application.command("list")
@reaching
def list_all(
    reach: Reach,
    as_json: AsJson = False,
) -> None:
    """Show the connections of the workspace, without their tokens."""
    with reach() as client:
        rows = [_row(each) for each in client.engagement.list_platforms()]
    show(rows, as_json, empty="no platform is connected; `groundswell platforms connect PLATFORM` connects one")


def _row(connection: PlatformConnection) -> dict[str, object]:
    from groundswell.v1.common_pb2 import Platform
    from groundswell.v1.engagement_pb2 import ConnectionState

    return {
        "platform": word(Platform, connection.platform),
        "persona": connection.persona_id or "all others",
        "account": connection.account,
        "state": word(ConnectionState, connection.state),
        "problem": connection.problem,
        "synced": connection.sync_time.ToDatetime() if connection.HasField("sync_time") else None,
    }

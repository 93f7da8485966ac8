"""The command line through the real `groundswell` script: what it prints, its exit codes, and one line for errors."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from groundswell import __version__, types
from groundswell_server.jobs.periodic import seal_audit
from groundswell_server.settings import load
from groundswell_storage.database import connect
from tests.cli.shell import SCRIPT, Shell
from tests.client.loopback import LoopbackServer, always


def test_the_version_is_that_of_the_package(shell: Shell) -> None:
    assert shell.run("--version").stdout == f"groundswell {__version__}\n"


def test_without_a_command_it_lists_those_of_the_server_and_the_calls(shell: Shell) -> None:
    listed = shell.run("--help").stdout
    for command in ("serve", "worker", "demo", "import", "migrate", "keys", "audit", "settings", "doctor", "plan"):
        assert f"\n  {command} " in listed
    assert "\n  personas             create, delete, get, list, update\n" in listed


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["serve", "--workers", "0"],
        ["serve", "--port", "99999"],
        ["serve", "--services", "lerning"],
        ["migrate", "--database", "mysql://x/y"],
        ["keys", "create"],
        ["keys", "create", "x", "--role", "god"],
        ["keys", "create", "x", "--scope", "nonsense"],
        ["import", "posts"],
        ["import", "posts", "posts.csv", "--format", "xml"],
    ],
)
def test_a_command_that_is_called_wrongly_ends_with_2(shell: Shell, arguments: list[str]) -> None:
    done = shell.run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


class TestAudit:
    """The log of changes, as the command line shows and verifies it."""

    def test_a_change_is_on_it(self, shell: Shell) -> None:
        made = shell.json("keys", "create", "ci", "--role", "reader")
        (entry,) = shell.json("audit", "list", "--action", "api_key.created")
        assert (entry["actor"], entry["subject"], entry["batch"]) == ("cli", f"api_key/{made['id']}", None)
        assert entry["after"] == {"name": "ci", "role": "reader", "scopes": ["*"], "expire_time": None}
        assert made["id"] in shell.run("audit", "list").stdout
        assert shell.json("audit", "list", "--workspace", "rival") == []
        assert "no such change" in shell.run("audit", "list", "--subject", "model/none").stdout

    def test_a_database_that_is_not_there_is_said_to_be_none(self, shell: Shell) -> None:
        nowhere = shell.home / "mistyped.db"
        commands = (
            ["audit", "list"],
            ["audit", "verify"],
            ["keys", "list"],
            ["keys", "revoke", "x"],
            ["keys", "rotate", "x"],
        )
        for command in commands:
            said = shell.complaint(*command, "--database", f"sqlite:///{nowhere}")
            assert "there is no database" in said
            assert "mistyped.db" in said
        assert not nowhere.exists()

    def test_it_holds_until_somebody_touches_it(self, shell: Shell) -> None:
        key = shell.home / "master.key"
        where = {"GROUNDSWELL_MASTER_KEY_FILE": str(key)}
        shell.json("keys", "create", "ci")
        found = shell.json("audit", "verify", **where)
        assert (found["intact"], found["batches"], found["unsealed"]) == (True, 0, 1)
        database = connect(shell.database_url)
        seal_audit(database, load(master_key_file=key))
        found = shell.json("audit", "verify", **where)
        assert (found["intact"], found["batches"], found["entries"], found["unsealed"]) == (True, 1, 1, 0)
        assert shell.run("audit", "verify", "--head", found["head"], **where).returncode == 0
        with database.transaction():
            database.execute("UPDATE audit_entry SET actor = 'somebody else'")
        database.close()

        done = shell.run("audit", "verify", "-o", "json", **where)

        assert done.returncode == 1
        assert [fault["batch"] for fault in json.loads(done.stdout)["faults"]] == [1]


class TestMigrate:
    """The schema of a database."""

    def test_a_check_says_what_is_due_and_changes_nothing(self, tmp_path: Path) -> None:
        shell = Shell(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
        for _ in range(2):
            due = shell.run("migrate", "--check", "-o", "json")
            assert due.returncode == 1
            assert json.loads(due.stdout)["pending"]
        assert shell.json("migrate")["applied"] == json.loads(due.stdout)["pending"]
        assert shell.json("migrate", "--check") == {"pending": []}
        assert shell.json("migrate") == {"applied": []}

    def test_what_it_makes_is_its_owners_alone(self, tmp_path: Path) -> None:
        Shell(tmp_path, f"sqlite:///{tmp_path / 'new.db'}").json("migrate")
        made = list(tmp_path.glob("new.db*"))
        assert {stat.S_IMODE(file.stat().st_mode) for file in made} == {0o600}, made


class TestSettings:
    """What is set, and by whom."""

    def test_every_setting_is_shown_with_its_source(self, shell: Shell) -> None:
        (shell.home / "groundswell.toml").write_text("grace_seconds = 3")
        shown = {row["name"]: row for row in shell.json("settings", GROUNDSWELL_PORT="6001")}
        assert (shown["GROUNDSWELL_PORT"]["value"], shown["GROUNDSWELL_PORT"]["source"]) == ("6001", "environment")
        assert shown["GROUNDSWELL_GRACE_SECONDS"]["source"] == "file"
        assert shown["GROUNDSWELL_HOST"]["source"] == "default"
        assert all(row["meaning"] for row in shown.values())

    def test_secrets_are_hidden(self, shell: Shell) -> None:
        hidden = {"GROUNDSWELL_DATABASE_URL": "postgresql://ann:hush@h/n", "GROUNDSWELL_MASTER_KEY": "aHVzaA=="}
        for arguments in (["settings"], ["settings", "-o", "json"]):
            said = shell.run(*arguments, **hidden).stdout
            assert "ann:**********@h/n" in said
            assert "hush@" not in said
            assert "aHVzaA==" not in said

    @pytest.mark.parametrize("command", [["settings"], ["serve"], ["doctor"], ["migrate"]])
    def test_a_value_out_of_range_is_said_in_a_line_with_its_bounds(self, shell: Shell, command: list[str]) -> None:
        said = shell.complaint(*command, GROUNDSWELL_PORT="99999")
        assert "GROUNDSWELL_PORT" in said
        assert "65535" in said


class TestErrors:
    """In one line, with the cure, without a traceback."""

    def test_a_database_out_of_reach(self, shell: Shell) -> None:
        nowhere = "postgresql://nobody@127.0.0.1:1/none"
        for command in (["migrate"], ["keys", "list"]):
            assert "cannot be reached" in shell.complaint(*command, GROUNDSWELL_DATABASE_URL=nowhere)

    def test_a_url_of_no_kind_that_is_known(self, shell: Shell) -> None:
        said = shell.complaint("migrate", GROUNDSWELL_DATABASE_URL="mysql://ann:hush@host/name")
        assert "GROUNDSWELL_DATABASE_URL: mysql:// is not a supported kind of database" in said
        assert "postgresql://user@host/name" in said
        assert "hush" not in said

    def test_a_file_that_is_no_database(self, shell: Shell) -> None:
        (shell.home / "garbage.db").write_bytes(b"this is no database, not in the least" * 100)
        url = f"sqlite:///{shell.home / 'garbage.db'}"
        assert "damaged" in shell.complaint("migrate", GROUNDSWELL_DATABASE_URL=url)

    def test_a_port_that_is_taken(self, shell: Shell) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = str(other.getsockname()[1])
            assert f"cannot listen on 127.0.0.1:{port}" in shell.complaint("serve", "--port", port)


class TestWithoutTheServer:
    """The client package alone: commands of the server name what to install, calls work."""

    @pytest.fixture
    def site(self, tmp_path: Path) -> Path:
        """A folder that hides the server and its libraries from an interpreter."""
        hidden = {"groundswell_server", "groundswell_storage", "pydantic", "peewee", "protovalidate", "structlog"}
        (tmp_path / "sitecustomize.py").write_text(
            "import sys\n"
            "from importlib.abc import MetaPathFinder\n"
            "class Absent(MetaPathFinder):\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            f"        if name.partition('.')[0] in {hidden}:\n"
            "            raise ModuleNotFoundError(f'No module named {name!r}', name='pydantic')\n"
            "sys.meta_path.insert(0, Absent())\n"
        )
        return tmp_path

    def run(self, site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SCRIPT), *arguments],
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def test_a_command_of_the_server_names_what_to_install(self, site: Path) -> None:
        done = self.run(site, "serve")
        assert done.returncode == 1
        assert done.stderr.strip() == "error: this needs the server: pip install 'groundswell[server]'"

    def test_calls_are_sent(self, site: Path) -> None:
        listed = self.run(site, "--help").stdout
        assert "personas             create, delete, get, list, update" in listed
        with LoopbackServer(ListPersonas=always(types.ListPersonasResponse(personas=[{"id": "7"}]))) as server:
            done = self.run(site, "personas", "list", "-o", "name", "--target", server.target)
        assert (done.returncode, done.stdout) == (0, "7\n"), done.stderr

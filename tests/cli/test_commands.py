"""The command line through the real `groundswell` script: what it prints, its exit codes, and one line for errors."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from groundswell import Client, __version__
from groundswell.errors import Unauthenticated
from groundswell_server.experiments.jobs import check_rollouts
from groundswell_server.jobs.periodic import seal_audit
from groundswell_server.settings import load
from groundswell_storage.database import connect
from tests.client.certificates import Authority
from tests.patience import eventually
from tests.processes import Suite
from tests.running import RunningServer

SCRIPT = Path(sys.executable).with_name("groundswell")
GOOD = "persona,platform,platform_post_id,publish_time,likes,reach\n"


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell in a folder of its own with a database of its own."""

    home: Path
    database_url: str

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs the command to its end."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("GROUNDSWELL_")}
        return subprocess.run(
            [str(SCRIPT), *arguments],
            cwd=self.home,
            env={**ours, "HOME": str(self.home), "GROUNDSWELL_DATABASE_URL": self.database_url, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def json(self, *arguments: str, **environment: str) -> Any:
        """What it prints as JSON when all goes well."""
        done = self.run(*arguments, "--json", **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def complaint(self, *arguments: str, code: int = 1, **environment: str) -> str:
        """What it complains of: an error in one line, its cure in another, and no traceback."""
        done = self.run(*arguments, **environment)
        assert done.returncode == code, done.stdout + done.stderr
        lines = done.stderr.strip().splitlines()
        assert len(lines) <= 2, done.stderr
        assert lines[0].startswith("error: ")
        assert "Traceback" not in done.stderr
        return " ".join(done.stderr.split())


@pytest.fixture
def shell(tmp_path: Path, sqlite_url: str) -> Shell:
    return Shell(tmp_path, sqlite_url)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """A running suite that asks for keys."""
    url = f"sqlite:///{tmp_path_factory.mktemp('cli') / 'groundswell.db'}"
    settings = {"GROUNDSWELL_REQUIRE_KEYS": "true", "GROUNDSWELL_LOG_LEVEL": "error"}
    with Suite(url, "--training-workers", "0", **settings) as running:
        yield running


@pytest.fixture
def beside(suite: Suite, tmp_path: Path) -> Shell:
    """A shell on the database of the running suite."""
    return Shell(tmp_path, suite.database_url)


def admitted(suite: Suite, token: str) -> bool:
    """Whether the running suite takes a key."""
    with Client(suite.target, api_key=token) as client:
        try:
            list(client.engagement.list_personas())
        except Unauthenticated:
            return False
    return True


def test_the_version_is_that_of_the_package(shell: Shell) -> None:
    assert shell.run("version").stdout == f"groundswell {__version__}\n"
    assert shell.json("version") == {"version": __version__}


def test_without_a_command_it_lists_them(shell: Shell) -> None:
    said = shell.run("--help").stdout
    for command in ("serve", "worker", "demo", "import", "migrate", "keys", "audit", "settings", "doctor", "version"):
        assert command in said


def test_help_shows_a_switch_without_a_value(shell: Shell) -> None:
    for command in (["--help"], ["serve", "--help"], ["migrate", "--help"]):
        said = shell.run(*command).stdout
        switches = [line for line in said.splitlines() if "--" in line and "--help" not in line]
        assert not [line for line in switches if "<bool>" in line]


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


class TestKeys:
    """Keys that are made, renewed and ended while the server runs."""

    def test_a_new_key_opens_a_running_server(self, suite: Suite, beside: Shell) -> None:
        assert not admitted(suite, "gsk_nobody_nothing")
        made = beside.json("keys", "create", "ci", "--role", "reader")
        assert made["role"] == "reader"
        assert admitted(suite, made["token"])

    def test_a_list_shows_keys_without_their_secrets(self, beside: Shell) -> None:
        made = beside.json("keys", "create", "listed", "--workspace", "shelf", "--scope", "learning.read")
        (row,) = beside.json("keys", "list", "--workspace", "shelf")
        assert (row["id"], row["name"], row["scopes"]) == (made["id"], "listed", ["learning.read"])
        assert "token" not in row
        assert made["token"].rpartition("_")[2] not in beside.run("keys", "list", "--workspace", "shelf").stdout

    def test_a_revoked_key_is_refused_by_the_running_server(self, suite: Suite, beside: Shell) -> None:
        made = beside.json("keys", "create", "leaver")
        assert admitted(suite, made["token"])
        beside.json("keys", "revoke", made["id"])
        eventually(lambda: not admitted(suite, made["token"]))

    def test_a_rotated_key_has_a_new_secret_and_the_old_one_ends(self, suite: Suite, beside: Shell) -> None:
        made = beside.json("keys", "create", "rotated")
        assert admitted(suite, made["token"])
        renewed = beside.json("keys", "rotate", made["id"])
        eventually(lambda: not admitted(suite, made["token"]))
        assert admitted(suite, renewed["token"])

    def test_a_rotated_key_can_be_given_time(self, suite: Suite, beside: Shell) -> None:
        made = beside.json("keys", "create", "graceful")
        renewed = beside.json("keys", "rotate", made["id"], "--grace-hours", "1")
        assert admitted(suite, made["token"])
        assert admitted(suite, renewed["token"])

    def test_an_unknown_key_and_an_unknown_role_are_said_in_a_line(self, shell: Shell) -> None:
        said = shell.complaint("keys", "revoke", "nobody")
        assert "'nobody' does not exist" in said
        assert "groundswell keys list" in said
        assert "role" in shell.complaint("keys", "create", "x", "--role", "god", code=2)


class TestAudit:
    """The log of changes, as the command line shows and verifies it."""

    def test_a_change_is_on_it(self, shell: Shell) -> None:
        made = shell.json("keys", "create", "ci", "--role", "reader")
        (entry,) = shell.json("audit", "list", "--action", "api_key.created")
        assert (entry["actor"], entry["subject"], entry["batch"]) == ("cli", f"api_key/{made['id']}", None)
        assert entry["after"] == {"name": "ci", "role": "reader", "scopes": [], "expires": None}
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

        done = shell.run("audit", "verify", "--json", **where)

        assert done.returncode == 1
        assert [fault["batch"] for fault in json.loads(done.stdout)["faults"]] == [1]


class TestMigrate:
    """The schema of a database."""

    def test_a_check_says_what_is_due_and_changes_nothing(self, tmp_path: Path) -> None:
        shell = Shell(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")
        for _ in range(2):
            due = shell.run("migrate", "--check", "--json")
            assert due.returncode == 1
            assert json.loads(due.stdout)["pending"]
        assert shell.json("migrate")["applied"] == json.loads(due.stdout)["pending"]
        assert shell.json("migrate", "--check") == {"pending": []}
        assert shell.json("migrate") == {"applied": []}


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
        for arguments in (["settings"], ["settings", "--json"]):
            said = shell.run(*arguments, **hidden).stdout
            assert "ann:**********@h/n" in said
            assert "hush@" not in said
            assert "aHVzaA==" not in said

    @pytest.mark.parametrize("command", [["settings"], ["serve"], ["doctor"], ["migrate"]])
    def test_a_value_out_of_range_is_said_in_a_line_with_its_bounds(self, shell: Shell, command: list[str]) -> None:
        said = shell.complaint(*command, GROUNDSWELL_PORT="99999")
        assert "GROUNDSWELL_PORT" in said
        assert "65535" in said


class TestDoctor:
    """What is well and what to mend."""

    def test_a_sound_deployment_gets_no_complaint(self, suite: Suite, beside: Shell) -> None:
        beside.json("keys", "create", "present")
        found = {row["check"]: row["level"] for row in beside.json("doctor", "--target", suite.target)}
        assert found["database"] == found["schema"] == found["keys"] == found["server"] == "ok"

    def test_a_server_that_does_not_answer_is_named_with_the_cure(self, shell: Shell) -> None:
        done = shell.run("doctor", "--target", "127.0.0.1:1", "--json")
        assert done.returncode == 1
        (server,) = (row for row in json.loads(done.stdout) if row["check"] == "server")
        assert server["level"] == "fail"
        assert "groundswell serve" in server["cure"]

    def test_a_database_that_does_not_answer_is_named(self, shell: Shell) -> None:
        done = shell.run("doctor", "--json", GROUNDSWELL_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
        assert done.returncode == 1
        (database,) = (row for row in json.loads(done.stdout) if row["check"] == "database")
        assert (database["level"], "GROUNDSWELL_DATABASE_URL" in database["cure"]) == ("fail", True)

    def test_a_database_that_is_not_there_is_not_made(self, shell: Shell) -> None:
        home = shell.home / "new"
        url = f"sqlite:///{home / 'groundswell.db'}"
        found = {row["check"]: row["level"] for row in shell.json("doctor", GROUNDSWELL_DATABASE_URL=url)}
        assert found["database"] == "warn"
        assert not home.exists()

    def test_a_server_with_tls_is_reached_by_its_authority(self, tmp_path: Path, shell: Shell) -> None:
        authority = Authority()
        identity, own = authority.sign("127.0.0.1"), authority.sign("doctor")
        pem = {
            "ca": authority.certificate,
            "server": identity.certificate,
            "server-key": identity.key,
            "own": own.certificate,
            "own-key": own.key,
        }
        file = {name: tmp_path / f"{name}.pem" for name in pem}
        for name, content in pem.items():
            file[name].write_bytes(content)
        protected = {
            "tls_certificate": file["server"],
            "tls_private_key": file["server-key"],
            "tls_client_ca": file["ca"],
        }
        known = ("--ca", str(file["ca"]), "--certificate", str(file["own"]), "--key", str(file["own-key"]))
        with RunningServer(f"sqlite:///{tmp_path / 'tls.db'}", **protected) as server:
            stranger = shell.run("doctor", "--target", server.target, "--json")
            found = {row["check"]: row["level"] for row in shell.json("doctor", "--target", server.target, *known)}
            reached = ("--target", server.target, *known)
            _, bearer = server.key("default")
            key = {"GROUNDSWELL_API_KEY": bearer.removeprefix("Bearer ")}
            assert shell.json("platforms", "list", *reached, **key) == []
            said = shell.complaint("sync", "--persona", "nobody", *reached, code=2, **key)
            assert said == "error: --persona nobody: must be a valid UUID"
        assert "--ca" in json.loads(stranger.stdout)[-1]["cure"]
        assert found["server"] == "ok"


class TestImport:
    """Posts from files."""

    @pytest.fixture
    def key(self, beside: Shell) -> dict[str, str]:
        return {"GROUNDSWELL_API_KEY": beside.json("keys", "create", "importer")["token"]}

    def test_refused_rows_are_reported_by_line_and_the_rest_is_kept(
        self, suite: Suite, beside: Shell, key: dict[str, str]
    ) -> None:
        file = beside.home / "posts.csv"
        file.write_text(
            GOOD + "Ava,INSTAGRAM,cli-1,2026-01-05T18:00:00Z,10,100\n"
            "Ava,MYSPACE,cli-2,2026-01-05T18:00:00Z,10,100\n"
            "Ava,INSTAGRAM,cli-3,2036-01-05T18:00:00Z,10,100\n"
            "Ava,INSTAGRAM,cli-4,2026-01-05T18:00:00Z,-10,100\n"
            "Ava,INSTAGRAM,cli-5,2026-01-06T18:00:00Z,10,100\n"
        )
        command = ("import", "posts", str(file), "--target", suite.target, "--json")
        first = beside.run(*command, **key)
        assert first.returncode == 1, first.stderr
        report = json.loads(first.stdout)
        assert (report["imported"], report["refused"]) == (2, 3)
        assert [row["line"] for row in report["refused_rows"]] == [3, 4, 5]
        assert all(row["field"] and row["reason"] for row in report["refused_rows"])

        again = json.loads(beside.run(*command, **key).stdout)
        assert (again["imported"], again["duplicates"], again["refused"]) == (0, 2, 3)

    def test_a_file_without_a_fault_ends_with_0(self, suite: Suite, beside: Shell, key: dict[str, str]) -> None:
        file = beside.home / "posts.jsonl"
        row = {"persona": "Bea", "platform": "TIKTOK", "platform_post_id": "cli-a", "publish_time": "2026-01-05"}
        file.write_text(json.dumps(row) + "\n")
        report = beside.json("import", "posts", str(file), "--target", suite.target, **key)
        assert (report["imported"], report["refused"]) == (1, 0)

    def test_without_a_key_it_says_how_to_get_one(self, suite: Suite, beside: Shell) -> None:
        file = beside.home / "posts.csv"
        file.write_text(GOOD + "Ava,INSTAGRAM,cli-9,2026-01-05T18:00:00Z,10,100\n")
        assert "groundswell keys create" in beside.complaint("import", "posts", str(file), "--target", suite.target)

    def test_without_a_server_it_says_how_to_start_one(self, shell: Shell) -> None:
        file = shell.home / "posts.csv"
        file.write_text(GOOD + "Ava,INSTAGRAM,cli-9,2026-01-05T18:00:00Z,10,100\n")
        assert "groundswell serve" in shell.complaint("import", "posts", str(file), "--target", "127.0.0.1:1")

    def test_a_file_that_is_not_there_is_a_wrong_call(self, shell: Shell) -> None:
        assert shell.run("import", "posts", "nowhere.csv").returncode == 2


class TestErrors:
    """In one line, with the cure, without a traceback."""

    def test_a_database_out_of_reach(self, shell: Shell) -> None:
        nowhere = "postgresql://nobody@127.0.0.1:1/none"
        for command in (["migrate"], ["keys", "list"]):
            assert "cannot be reached" in shell.complaint(*command, GROUNDSWELL_DATABASE_URL=nowhere)

    def test_a_url_of_no_kind_that_is_known(self, shell: Shell) -> None:
        said = shell.complaint("migrate", GROUNDSWELL_DATABASE_URL="mysql://ann:hush@host/name")
        assert "GROUNDSWELL_DATABASE_URL: mysql:// is no database" in said
        assert "postgresql://user@host/name" in said
        assert "hush" not in said

    def test_a_file_that_is_no_database(self, shell: Shell) -> None:
        (shell.home / "garbage.db").write_bytes(b"this is no database, not in the least" * 100)
        url = f"sqlite:///{shell.home / 'garbage.db'}"
        assert "damaged" in shell.complaint("migrate", GROUNDSWELL_DATABASE_URL=url)

    def test_a_port_that_is_taken(self, shell: Shell) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = str(other.getsockname()[1])
            assert f"can't listen on 127.0.0.1:{port}" in shell.complaint("serve", "--port", port)


def test_with_the_client_alone_installed_it_says_what_to_install(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "groundswell").symlink_to(Path(__file__).parents[2] / "client/groundswell")
    hide = (
        "import sys\n"
        "from importlib.abc import MetaPathFinder\n"
        "class Absent(MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'typer', 'rich', 'pydantic', 'peewee', 'protovalidate', 'structlog'}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    (site / "sitecustomize.py").write_text(hide)
    done = subprocess.run(
        [str(SCRIPT), "serve"],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "error: this needs the server: pip install 'groundswell[server]'"


def test_platforms_are_connected_listed_and_disconnected_without_a_token_in_sight(
    shell: Shell, server: RunningServer
) -> None:
    target = ("--target", server.target)
    command = [str(SCRIPT), "platforms", "connect", "tiktok", "--account", "@mira", *target]
    told = subprocess.run(command, input="act.secret\n", capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout == "tiktok is connected\n"
    (row,) = shell.json("platforms", "list", *target)
    assert (row["platform"], row["persona"], row["account"], row["state"]) == (
        "tiktok",
        "all others",
        "@mira",
        "connected",
    )
    assert "act.secret" not in str(row)
    assert shell.run("platforms", "disconnect", "tiktok", *target).returncode == 0
    assert shell.json("platforms", "list", *target) == []
    assert "not exist" in shell.complaint("platforms", "disconnect", "tiktok", *target)


def test_rollouts_are_listed_and_shown(shell: Shell, server: RunningServer) -> None:
    target = ("--target", server.target)
    assert shell.json("rollouts", "list", *target) == []
    with Client(server.target) as client:
        metrics = [{"name": "conversion_rate"}, {"name": "engagement_rate", "role": "METRIC_ROLE_SECONDARY"}]
        client.experiments.create_rollout(key="search", design={"metrics": metrics})
    check_rollouts(server.app.database, server.settings)
    (row,) = shell.json("rollouts", "list", *target)
    assert (row["rollout"], row["state"], row["share_pct"], row["note"]) == ("search", "running", 1.0, "begun")
    shown = shell.json("rollouts", "show", "search", *target)
    assert shown["stages"][0]["last_check"] == "held 0.0 hours of 24.0 hours"
    assert [(one["metric"], one["old"], one["broken_below"]) for one in shown["metrics"]] == [
        ("conversion_rate", 0.0, pytest.approx(0.05 / 5)),  # five stages of six compare
        ("engagement_rate", 0.0, None),
    ]
    assert "search: running at 1% (begun)" in shell.run("rollouts", "show", "search", *target).stdout
    assert "groundswell rollouts list" in shell.complaint("rollouts", "show", "nothing", *target)

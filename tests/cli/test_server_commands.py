"""The commands that reach a server, or change what one goes by, while it runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from groundswell import Client
from groundswell.errors import Unauthenticated
from groundswell_server.experiments.jobs import check_rollouts
from tests.cli.shell import SCRIPT, Shell
from tests.client.certificates import Authority
from tests.patience import eventually
from tests.processes import Suite
from tests.running import RunningServer

GOOD = "persona,platform,platform_post_id,publish_time,likes,reach\n"


def admitted(suite: Suite, token: str) -> bool:
    """Whether the running suite takes a key."""
    with Client(suite.target, api_key=token) as client:
        try:
            list(client.engagement.list_personas())
        except Unauthenticated:
            return False
    return True


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
        said = shell.complaint("keys", "revoke", "nobody", code=3)
        assert "'nobody' does not exist" in said
        assert "groundswell keys list" in said
        assert "role" in shell.complaint("keys", "create", "x", "--role", "god", code=2)


class TestDoctor:
    """What is well and what to mend."""

    def test_a_sound_deployment_gets_no_complaint(self, suite: Suite, beside: Shell) -> None:
        beside.json("keys", "create", "present")
        found = {row["check"]: row["level"] for row in beside.json("doctor", "--target", suite.target)}
        assert found["database"] == found["schema"] == found["keys"] == found["server"] == "ok"

    def test_a_server_that_does_not_answer_is_named_with_the_cure(self, shell: Shell) -> None:
        done = shell.run("doctor", "--target", "127.0.0.1:1", "-o", "json")
        assert done.returncode == 1
        (server,) = (row for row in json.loads(done.stdout) if row["check"] == "server")
        assert server["level"] == "fail"
        assert "groundswell serve" in server["cure"]

    def test_a_database_that_does_not_answer_is_named(self, shell: Shell) -> None:
        done = shell.run("doctor", "-o", "json", GROUNDSWELL_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
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
        known = ("--ca", str(file["ca"]), "--certificate", str(file["own"]), "--private-key", str(file["own-key"]))
        with RunningServer(f"sqlite:///{tmp_path / 'tls.db'}", **protected) as server:
            stranger = shell.run("doctor", "--target", server.target, "-o", "json")
            found = {row["check"]: row["level"] for row in shell.json("doctor", "--target", server.target, *known)}
            reached = ("--target", server.target, *known)
            _, bearer = server.key("default")
            key = {"GROUNDSWELL_API_KEY": bearer.removeprefix("Bearer ")}
            assert shell.json("platforms", "list", *reached, **key) == []
            said = shell.complaint("timeline", "get", "nothing", *reached, code=2, **key)
            assert said == "error: POST_ID: must be a valid UUID (VALIDATION_FAILED)"
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
        command = ("import", "posts", str(file), "--target", suite.target, "-o", "json")
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
        assert "groundswell keys create" in beside.complaint(
            "import", "posts", str(file), "--target", suite.target, code=4
        )

    def test_without_a_server_it_says_how_to_start_one(self, shell: Shell) -> None:
        file = shell.home / "posts.csv"
        file.write_text(GOOD + "Ava,INSTAGRAM,cli-9,2026-01-05T18:00:00Z,10,100\n")
        assert "groundswell serve" in shell.complaint("import", "posts", str(file), "--target", "127.0.0.1:1", code=5)

    def test_a_file_that_is_not_there_is_a_wrong_call(self, shell: Shell) -> None:
        assert shell.run("import", "posts", "nowhere.csv").returncode == 2


def test_platforms_are_connected_listed_and_disconnected_without_a_token_in_sight(
    shell: Shell, server: RunningServer
) -> None:
    target = ("--target", server.target)
    command = [str(SCRIPT), "platforms", "connect", "--platform", "tiktok", "--account", "@mira", *target]
    done = subprocess.run(command, input="act.secret\n", capture_output=True, text=True, timeout=60, check=True)
    (row,) = shell.json("platforms", "list", *target)
    assert (row["platform"], row["persona_id"], row["account"]) == ("PLATFORM_TIKTOK", "", "@mira")
    assert "act.secret" not in done.stdout + str(row)
    assert shell.run("platforms", "disconnect", "--platform", "tiktok", *target).returncode == 0
    assert shell.json("platforms", "list", *target) == []
    assert shell.run("platforms", "list", *target).stdout == "no platforms\n"
    assert "not exist" in shell.complaint("platforms", "disconnect", "--platform", "tiktok", *target, code=3)


def test_rollouts_are_listed_and_read(shell: Shell, server: RunningServer) -> None:
    target = ("--target", server.target)
    assert shell.json("rollouts", "list", *target) == []
    metric = '{"name": "conversion_rate"}'
    created = shell.run("rollouts", "create", "--key", "search", "--set", f"design.metrics={metric}", *target)
    assert created.returncode == 0, created.stderr
    check_rollouts(server.app.database, server.settings)
    (row,) = shell.json("rollouts", "list", *target)
    expected = ("search", "ROLLOUT_STATE_RUNNING", 0.01, "created")
    assert (row["key"], row["state"], row["share"], row["note"]) == expected
    shown = shell.json("rollouts", "get", "search", *target)["rollout"]
    assert shown["create_time"].endswith("Z")
    check = shown["stages"][0]["check"]
    assert check["outcome"].endswith(" of 24 hours")
    assert [(metric["metric"], metric["old_mean"], metric["threshold"]) for metric in check["metrics"]] == [
        ("conversion_rate", 0.0, pytest.approx(0.05 / 5)),  # five stages of six compare
    ]
    table = shell.run("rollouts", "get", "search", *target).stdout
    assert "state                                   running\n" in table
    assert "\ndesign.stages\n" in table
    assert "groundswell rollouts list" in shell.complaint("rollouts", "get", "nothing", *target, code=3)

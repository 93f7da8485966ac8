"""The command line as people and programs use it: requests by flags, files and paths; answers; errors; exit codes."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.longrunning import operations_pb2
from google.rpc import error_details_pb2

from groundswell import types
from groundswell.cli.application import run
from groundswell.cli.output import is_interactive
from tests.cli.shell import SCRIPT
from tests.client.certificates import Authority
from tests.client.loopback import LoopbackServer, always, failing, reason

CAPTION = "a caption of many words " * 20


class CommandLine:
    """Runs commands in this process, against a server of the test."""

    def __init__(self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
        monkeypatch.setenv("GROUNDSWELL_TARGET", server.target)
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def run(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        """Exit code, output and errors."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            run(arguments)
        out, err = self._capsys.readouterr()
        return int(ended.value.code or 0), out, err

    def said(self, *arguments: str, stdin: str = "") -> str:
        """Returns the output of a command that succeeds."""
        code, out, err = self.run(*arguments, stdin=stdin)
        assert code == 0, err
        return out

    def refused(self, expected: int, *arguments: str) -> str:
        """Returns the errors of a command that ends with the expected code."""
        code, out, err = self.run(*arguments)
        assert code == expected, out + err
        assert "Traceback" not in err
        return err


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    ava = types.CreatePersonaResponse(persona={"id": "7", "name": "Ava"})
    with LoopbackServer(CreatePersona=always(ava)) as running:
        yield running


@pytest.fixture
def shell(
    server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.chdir(tmp_path)
    return CommandLine(server, monkeypatch, capsys)


class TestRequests:
    """The forms of a request."""

    def test_a_flag_replaces_a_set_path_which_replaces_the_file(
        self, shell: CommandLine, server: LoopbackServer
    ) -> None:
        Path("ava.yaml").write_text(
            "name: from file\nniche: travel\nhandles:\n- {platform: tiktok, handle: ava}\ntime_zone: UTC\n"
        )
        paths = ("--set", "name=from path", "--set", "niche=food", "--set", "handles[1].handle=b")
        shell.said("personas", "create", "-f", "ava.yaml", *paths, "--name", "Ava", "--request-id", "r1")
        (request,) = server.requests("CreatePersona")
        assert (request.name, request.niche, request.time_zone) == ("Ava", "food", "UTC")
        assert [(each.platform, each.handle) for each in request.handles] == [(types.PLATFORM_TIKTOK, "ava"), (0, "b")]

    def test_a_request_may_come_from_standard_input(self, shell: CommandLine, server: LoopbackServer) -> None:
        shell.said("personas", "create", "-f", "-", stdin='{"name": "Ava"}')
        shell.said("personas", "create", "-f", "-", stdin="name: Bea\n")
        assert [each.name for each in server.requests("CreatePersona")] == ["Ava", "Bea"]

    def test_a_stream_is_read_line_by_line(self, shell: CommandLine, server: LoopbackServer) -> None:
        sent: list[str] = []

        def take(requests: Iterator[types.ImportPostsRequest], context: object) -> types.ImportPostsResponse:
            sent.extend(row.caption for request in requests for row in request.rows)
            return types.ImportPostsResponse(imported_count=len(sent))

        server.answers["ImportPosts"] = take
        lines = "".join(json.dumps({"rows": [{"caption": each}]}) + "\n" for each in ("a", "b"))
        assert shell.said("posts", "import", "-f", "-", stdin=lines).split() == ["imported_count", "2"]
        assert sent == ["a", "b"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--set", "nme=Ava"], "CreatePersonaRequest has no field 'nme'; it has name, niche"),
            (["--set", "name"], "'name' has no '=': write FIELD=VALUE"),
            (["--set", "handles.handle=a"], "handles.handle: is repeated: write the position"),
            (["--set", "handles[0].platform=myspace"], "'myspace' is not a Platform: INSTAGRAM, FACEBOOK"),
            (["--handles", "ava"], "'--handles': takes PlatformHandle as JSON or YAML"),
            (["-f", "none.json"], "'none.json' does not exist"),
            (["--nme", "Ava"], "No such option"),
        ],
    )
    def test_what_can_t_be_a_request_is_refused_before_it_is_sent(
        self, shell: CommandLine, server: LoopbackServer, arguments: list[str], message: str
    ) -> None:
        assert message in " ".join(shell.refused(2, "personas", "create", *arguments).split())
        assert server.asked == []

    def test_values_of_enums_are_completed(self) -> None:
        typed = {"COMP_WORDS": "groundswell posts list --platform t", "COMP_CWORD": "4"}
        environment = {**os.environ, "_GROUNDSWELL_COMPLETE": "bash_complete", **typed}
        done = subprocess.run([str(SCRIPT)], env=environment, capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout.split() == ["plain,twitter", "plain,tiktok"]


class TestAnswers:
    """The forms of an answer."""

    @pytest.fixture(autouse=True)
    def _posts(self, server: LoopbackServer) -> None:
        pages = {
            "": types.ListPostsResponse(
                posts=[
                    {"id": "1", "caption": CAPTION, "engagement": {"engagement_rate_pct": 2.5}},
                    {"id": "2", "platform": "PLATFORM_TIKTOK"},
                ],
                next_page_token="more",
            ),
            "more": types.ListPostsResponse(posts=[{"id": "3"}]),
        }
        server.answers["ListPosts"] = lambda request, context: pages[request.page_token]

    def test_all_pages_are_fetched(self, shell: CommandLine) -> None:
        assert shell.said("posts", "list", "-o", "name").split() == ["1", "2", "3"]
        assert [row["id"] for row in json.loads(shell.said("posts", "list", "-o", "json"))] == ["1", "2", "3"]

    def test_a_limit_ends_it_and_makes_the_page_no_larger(self, shell: CommandLine, server: LoopbackServer) -> None:
        assert shell.said("posts", "list", "-n", "1", "-o", "name") == "1\n"
        assert [each.page_size for each in server.requests("ListPosts")] == [1]

    def test_nothing_is_wrapped_in_a_pipe(self, shell: CommandLine) -> None:
        assert not is_interactive()
        heading, first, *_ = shell.said("posts", "list").splitlines()
        assert heading.split()[:3] == ["id", "platform", "caption"]
        assert CAPTION.strip() in first

    def test_columns_are_chosen_by_their_names(self, shell: CommandLine) -> None:
        columns = ("-c", "id,engagement.engagement_rate_pct")
        assert (
            shell.said("posts", "list", "-o", "csv", *columns) == "id,engagement.engagement_rate_pct\n1,2.5\n2,\n3,\n"
        )
        assert shell.said("posts", "list", *columns).split()[2:5] == ["1", "2.5", "2"]
        assert "there is no column 'nothing'" in shell.refused(2, "posts", "list", "-c", "nothing")

    def test_the_reader_of_a_pipe_may_end(self, shell: CommandLine, server: LoopbackServer) -> None:
        many = types.ListPostsResponse(posts=[{"caption": CAPTION}] * 1000)
        server.answers["ListPosts"] = always(many)
        command = f"'{SCRIPT}' posts list -o json --target {server.target} | head -1"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=60)
        assert (done.stdout, done.stderr) == ("[\n", "")

    def test_one_thing_is_a_value_a_line(self, shell: CommandLine) -> None:
        assert shell.said("personas", "create", "--name", "Ava") == "id    7\nname  Ava\n"
        assert json.loads(shell.said("personas", "create", "--name", "Ava", "-o", "json"))["persona"]["name"] == "Ava"

    def test_a_stream_ends_at_the_limit(self, shell: CommandLine, server: LoopbackServer) -> None:
        server.answers["WatchEngagement"] = lambda request, context: iter(
            [types.WatchEngagementResponse(cursor=str(number), deleted_post_id=str(number)) for number in range(3)]
        )
        lines = shell.said("engagement", "watch", "-o", "jsonl", "-n", "2").splitlines()
        assert [json.loads(line)["deleted_post_id"] for line in lines] == ["0", "1"]

    def test_long_work_is_waited_for_when_asked(self, shell: CommandLine, server: LoopbackServer) -> None:
        begun, ended = (
            operations_pb2.Operation(name="operations/7"),
            operations_pb2.Operation(name="operations/7", done=True),
        )
        ended.response.Pack(types.Model(id="m", version=3))
        server.answers["TrainModel"] = always(types.TrainModelResponse(operation=begun))
        server.answers["WaitOperation"] = always(ended)
        train = ("models", "train", "--model-type", "engagement-predictor")
        assert shell.said(*train, "-o", "name") == "operations/7\n"
        assert shell.said(*train, "--wait", "-o", "name") == "m\n"
        assert json.loads(shell.said("operations", "wait", "operations/7", "--timeout", "1m", "-o", "json"))["done"]
        assert server.requests("WaitOperation")[-1].timeout.seconds == 60


class TestErrors:
    """Error messages and exit codes."""

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (grpc.StatusCode.INTERNAL, 1),
            (grpc.StatusCode.FAILED_PRECONDITION, 1),
            (grpc.StatusCode.INVALID_ARGUMENT, 2),
            (grpc.StatusCode.NOT_FOUND, 3),
            (grpc.StatusCode.UNAUTHENTICATED, 4),
            (grpc.StatusCode.PERMISSION_DENIED, 4),
            (grpc.StatusCode.RESOURCE_EXHAUSTED, 5),
        ],
    )
    def test_the_exit_code_names_the_kind(
        self, shell: CommandLine, server: LoopbackServer, status: grpc.StatusCode, code: int
    ) -> None:
        server.answers["GetPersona"] = failing(status, "it went wrong")
        assert shell.refused(code, "personas", "get", "7").startswith("error: it went wrong")

    def test_fields_are_named_as_they_are_typed(self, shell: CommandLine, server: LoopbackServer) -> None:
        wrong = [("time_zone", "is unknown"), ("handles[0].handle", "is empty")]
        violations = [{"field": field, "description": text} for field, text in wrong]
        details = error_details_pb2.BadRequest(field_violations=violations)
        server.answers["CreatePersona"] = failing(
            grpc.StatusCode.INVALID_ARGUMENT, "invalid", reason("VALIDATION_FAILED"), details
        )
        assert shell.refused(2, "personas", "create").splitlines() == [
            "error: the request is invalid (VALIDATION_FAILED)",
            "  --time-zone: is unknown",
            "  handles[0].handle: is empty",
        ]

    def test_what_was_not_found_can_be_listed(self, shell: CommandLine, server: LoopbackServer) -> None:
        server.answers["GetPersona"] = failing(grpc.StatusCode.NOT_FOUND, "no persona 7", reason("PERSONA_NOT_FOUND"))
        assert shell.refused(3, "personas", "get", "7").splitlines() == [
            "error: no persona 7 (PERSONA_NOT_FOUND)",
            "  `groundswell personas list` shows the personas of the workspace",
        ]

    def test_a_server_that_does_not_answer(self, shell: CommandLine) -> None:
        error = shell.refused(5, "personas", "list", "--target", "127.0.0.1:1")
        assert "127.0.0.1:1 can't be reached" in error
        assert "groundswell serve" in error


def test_certificates_may_come_from_the_environment(
    shell: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority()
    identity = authority.sign("127.0.0.1")
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    credentials = grpc.ssl_server_credentials([(identity.key, identity.certificate)])
    monkeypatch.setenv("GROUNDSWELL_CA", "ca.pem")
    answer = always(types.ListPersonasResponse(personas=[{"id": "7"}]))
    with LoopbackServer(credentials, ListPersonas=answer) as server:
        assert shell.said("personas", "list", "-o", "name", "--target", server.target) == "7\n"

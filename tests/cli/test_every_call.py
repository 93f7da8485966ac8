"""Every call of the contract is a command: generated from the descriptors, so that a new call is tested too."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from groundswell.cli import messages
from groundswell.cli.application import application
from groundswell.cli.call_command import CallCommand
from groundswell.cli.output import FORMATS
from tests.cli.samples import sample
from tests.client.loopback import SERVICES, LoopbackServer

METHODS = {method.full_name: method for service in SERVICES for method in service.methods}
PLUGINS_THAT_SEND = {"plan"}
"""Commands of the server that are derived from a call; the call has its own command besides."""


def _commands() -> Iterator[tuple[str, tuple[str, str]]]:
    """Full names of calls, and resource and verb of their commands, from the tree of commands."""
    context = click.Context(application)
    for resource in set(application.list_commands(context)) - PLUGINS_THAT_SEND:
        group = application.get_command(context, resource)
        if isinstance(group, click.Group):
            for verb in group.list_commands(context):
                command = group.get_command(context, verb)
                if isinstance(command, CallCommand):
                    yield command.call.full_name, (resource, verb)


COMMANDS = dict(_commands())


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    """A server that answers every call with a sample."""
    with LoopbackServer() as running:
        for method in METHODS.values():
            running.answers[method.name] = _stream_answer(method) if method.server_streaming else _answer(method)
        yield running


def _answer(method: Any) -> Any:
    def answer(request: Any, context: object) -> Any:
        if method.client_streaming:
            server_requests[method.full_name] = list(request)
        return response(method)

    return answer


def _stream_answer(method: Any) -> Any:
    def answer(request: Any, context: object) -> Any:
        if method.client_streaming:
            server_requests[method.full_name] = list(request)
        yield response(method)
        yield response(method)

    return answer


server_requests: dict[str, list[Any]] = {}
"""Messages of the last stream that was sent to a call."""


def response(method: Any) -> Any:
    """Returns the answer of the server. Lists end with their first page, operations are not done."""
    answer: Any = sample(method.output_type)
    if "next_page_token" in method.output_type.fields_by_name:
        answer.next_page_token = ""
    for operation in (answer, getattr(answer, "operation", None)):
        if operation is not None and operation.DESCRIPTOR.full_name == "google.longrunning.Operation":
            operation.Clear()
            operation.name = "operations/7"
    return answer


def request_of(method: Any) -> Any:
    """A request with a value in every field that can be given."""
    request: Any = sample(method.input_type)
    if "next_page_token" in method.output_type.fields_by_name:
        request.page_token = ""
    return request


@dataclass(frozen=True)
class Sent:
    """One run of a command."""

    result: Result
    requests: list[Any]


def send(server: LoopbackServer, method: Any, *arguments: str, stdin: str = "") -> Sent:
    """Runs the command of a call."""
    assert method.full_name in COMMANDS, f"{method.full_name} has no command"
    server.asked.clear()
    server_requests.clear()
    line = [*COMMANDS[method.full_name], *arguments, "--target", server.target]
    result = CliRunner().invoke(application, line, input=stdin, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    sent = server_requests.get(method.full_name) if method.client_streaming else server.requests(method.name)
    return Sent(result, sent or [])


def test_no_call_is_without_a_command_and_none_has_two() -> None:
    assert set(COMMANDS) == set(METHODS)
    assert len(set(COMMANDS.values())) == len(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_request_from_a_file_arrives_whole(server: LoopbackServer, name: str, tmp_path: Path) -> None:
    method = METHODS[name]
    request = request_of(method)
    for suffix, write in (("json", json.dumps), ("yaml", yaml.safe_dump)):
        file = tmp_path / f"request.{suffix}"
        file.write_text(write(messages.plain(request)))
        arguments = ["--file", str(file)] if method.input_type.fields else []
        assert send(server, method, *arguments).requests == [request]


@pytest.mark.parametrize("name", METHODS)
def test_a_request_from_flags_arrives_whole(server: LoopbackServer, name: str) -> None:
    method = METHODS[name]
    request = request_of(method)
    arguments, secrets = _typed(method, request)
    assert send(server, method, *arguments, stdin=secrets).requests == [request]


@pytest.mark.parametrize("name", METHODS)
def test_an_answer_is_printed_in_every_format(server: LoopbackServer, name: str) -> None:
    method = METHODS[name]
    printed = {form: send(server, method, "-o", form).result.stdout for form in FORMATS if form != "name"}
    answer = response(method)
    shown = messages.plain(answer)
    if "next_page_token" in method.output_type.fields_by_name:
        field = next(each for each in method.output_type.fields if each.is_repeated and each.message_type)
        shown = shown[field.name]
        assert json.loads(printed["json"]) == yaml.safe_load(printed["yaml"]) == shown
        assert [json.loads(line) for line in printed["jsonl"].splitlines()] == shown
    elif "operation" in shown:
        assert json.loads(printed["json"]) == yaml.safe_load(printed["yaml"]) == shown["operation"]
    elif method.server_streaming:
        assert [json.loads(line) for line in printed["jsonl"].splitlines()] == [shown, shown]
        assert list(yaml.safe_load_all(printed["yaml"])) == [shown, shown]
    else:
        assert json.loads(printed["json"]) == json.loads(printed["jsonl"]) == shown
        assert yaml.safe_load(printed["yaml"]) == shown
    heading, *rows = list(csv.reader(io.StringIO(printed["csv"]))) or [[]]
    assert all(len(row) == len(heading) for row in rows)
    assert rows or not answer.DESCRIPTOR.fields
    assert printed["table"].strip() or not answer.DESCRIPTOR.fields


def _typed(method: Any, request: Any) -> tuple[list[str], str]:
    """Flags and arguments for every field of a request, and the secrets that are read from standard input."""
    flags, secrets = [], []
    plain = messages.plain(request)
    for field, value in request.ListFields():
        values = list(plain[field.name]) if field.is_repeated else [plain[field.name]]
        texts = [each if isinstance(each, str) else json.dumps(each) for each in values]
        flag = f"--{field.name.replace('_', '-')}"
        if field.GetOptions().debug_redact:
            secrets += texts
        elif _is_argument(method, field):
            flags += texts
        elif isinstance(value, bool):
            flags.append(flag)
        else:
            flags += [part for text in texts for part in (flag, _as_people_write(field, text))]
    return flags, "".join(f"{secret}\n" for secret in secrets)


def _as_people_write(field: Any, text: str) -> str:
    """Enum values in lower case and without their prefix; lengths of time in minutes."""
    if field.enum_type is not None:
        return text.removeprefix(field.enum_type.values[0].name.removesuffix("UNSPECIFIED")).lower()
    return "90m" if text == "5400s" else text


def _is_argument(method: Any, field: Any) -> bool:
    context = click.Context(application)
    resource, verb = COMMANDS[method.full_name]
    group = application.get_command(context, resource)
    assert isinstance(group, click.Group)
    command = group.get_command(context, verb)
    assert command is not None
    return any(
        isinstance(each, click.Argument) and each.name == f"field_{field.name}" for each in command.get_params(context)
    )

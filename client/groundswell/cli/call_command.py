"""The command of one call: its request from flags, `--set` and `--file`; its answer in the format that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundswell.cli import documents, fields, output
from groundswell.cli.connection import connect, connection_options, names
from groundswell.cli.failures import failure_of
from groundswell.cli.fields import SectionedOption

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from groundswell import Client
    from groundswell.cli.contract import Call

MOST_ROWS = 1000
"""The largest page that the contract allows."""

_FILE = "The request as YAML or JSON, - for standard input. Flags and --set replace fields of it."
_FILES = "The requests as JSON Lines, a JSON array or YAML documents, - for standard input."
_SET = "A field by its path, such as metrics.likes=240 or handles[0].handle=ava. Can be repeated."
_FORMAT = "How to print the answer; a table by default."
_COLUMNS = "Columns of tables and CSV, such as id,engagement.likes."
_LIMIT = "Stop after this many; all by default."
_WAIT = "Wait for the end of the work and print its result."
_DEADLINE = "Give the call up after this time, such as 90s."
_PATH = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


class SectionedCommand(click.Command):
    """A command whose options are shown under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options section by section, in the order in which they were declared."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                sections.setdefault(_section(parameter), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def _section(parameter: click.Parameter) -> str:
    """The heading under which a parameter is shown."""
    is_argument = isinstance(parameter, click.Argument)
    return "Arguments" if is_argument else getattr(parameter, "section", "Options")


class CallCommand(SectionedCommand):
    """Sends one call of the contract."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.method = call.method
        self.request_type: Descriptor = call.descriptor.input_type
        super().__init__(
            call.verb,
            callback=self._run,
            params=self._parameters(),
            help=f"{call.comment}\n\n{_shape(call)}",
            short_help=call.comment.split(". ")[0].replace("\n", " ").rstrip("."),
        )

    def _parameters(self) -> list[click.Parameter]:
        """The fields of the request, then the command's own options; a field keeps a long flag that both want."""
        from_fields = list(fields.parameters(self.request_type, paged=self._is_paged))
        taken = names(from_fields)

        def option(name: str, *flags: str, **options: Any) -> click.Option:
            return SectionedOption([name, *(flag for flag in flags if flag not in taken)], **options)

        own = [*self._request_options(option), *self._output_options(option)]
        deadline = option("_deadline", "--deadline", metavar="DURATION", help=_DEADLINE, section="Connection")
        return [*from_fields, *own, *connection_options(), deadline]

    def _request_options(self, option: Callable[..., click.Option]) -> Iterator[click.Option]:
        if self.request_type.fields:
            file = _FILES if self._sends_several else _FILE
            yield option("_file", "-f", "--file", type=_PATH, help=file, section="Request")
            yield option("_set", "-s", "--set", multiple=True, metavar="FIELD=VALUE", help=_SET, section="Request")

    def _output_options(self, option: Callable[..., click.Option]) -> Iterator[click.Option]:
        form = click.Choice(output.FORMATS)
        yield option("_format", "-o", "--output", type=form, default="table", help=_FORMAT, section="Output")
        yield option("_columns", "-c", "--columns", metavar="NAME,...", help=_COLUMNS, section="Output")
        if self._is_paged or self._receives_several:
            yield option("_limit", "-n", "--limit", type=click.IntRange(min=1), help=_LIMIT, section="Output")
        if self._is_long_work:
            yield option("_wait", "-w", "--wait", is_flag=True, help=_WAIT, section="Output")

    @property
    def _is_paged(self) -> bool:
        return hasattr(self.method, "item_field")

    @property
    def _is_long_work(self) -> bool:
        return hasattr(self.method, "result_type")

    @property
    def _sends_several(self) -> bool:
        return bool(self.call.proto.client_streaming)

    @property
    def _receives_several(self) -> bool:
        return bool(self.call.proto.server_streaming)

    def _run(self, **typed: Any) -> None:
        from groundswell.errors import GroundswellError

        try:
            with connect(typed) as client:
                self._send(client, typed)
        except GroundswellError as error:
            raise failure_of(error, lambda path: fields.as_typed(self.request_type, path)) from error

    def _send(self, client: Client, typed: dict[str, Any]) -> None:
        from groundswell.cli.sender import Sender

        form, limit = typed["_format"], typed.get("_limit")
        columns = [name.strip() for name in (typed["_columns"] or "").split(",") if name.strip()]
        sender = Sender(client, _seconds(typed["_deadline"]))
        if self._sends_several:
            requests = self._requests(typed)
            if self._receives_several:
                output.show_stream(islice(sender.bidi(self.method, requests), limit), form, columns)
            else:
                output.show_message(sender.client_stream(self.method, requests), form, columns)
            return
        request = next(self._requests(typed))
        if self._receives_several:
            output.show_stream(islice(sender.server_stream(self.method, request), limit), form, columns)
        elif self._is_paged:
            if limit and not getattr(request, "page_size", 0):
                request.page_size = min(limit, MOST_ROWS)  # type: ignore[attr-defined]
            empty = f"no {self.call.resource.replace('-', ' ')}"
            output.show_items(islice(sender.pages(self.method, request), limit), form, columns, empty=empty)
        elif self._is_long_work:
            output.show_message(sender.operation(self.method, request, wait=typed["_wait"]), form, columns)
        else:
            output.show_message(sender.unary(self.method, request), form, columns)

    def _requests(self, typed: dict[str, Any]) -> Iterator[Message]:
        """The requests to send; exactly one unless the call takes several."""
        from groundswell.building import build

        for values in self._documents(typed.get("_file")):
            for assignment in typed.get("_set", ()):
                documents.assign(values, self.request_type, assignment)
            values.update(fields.given(self.request_type, typed))
            fields.ask_for_secrets(self.request_type, values)
            yield build(self.method.request_type, values)

    def _documents(self, file: Path | None) -> Iterable[dict[str, Any]]:
        if file is None:
            return [{}]
        return documents.read_all(file) if self._sends_several else [documents.read_one(file)]


def _seconds(deadline: str | None) -> float | None:
    from groundswell.building import parse_duration

    return None if deadline is None else parse_duration(deadline, "--deadline").total_seconds()


def _shape(call: Call) -> str:
    """The last paragraph of the help: the name of the call in the contract."""
    sends = "a stream of " if call.proto.client_streaming else ""
    returns = "a stream of " if call.proto.server_streaming else ""
    request, response = (each.rpartition(".")[2] for each in (call.proto.input_type, call.proto.output_type))
    return f"Sends {sends}{request} to {call.service}/{call.name}; the answer is {returns}{response}."

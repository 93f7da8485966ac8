"""The command of one call: its request from flags, `--set` and `--file`; its answer in the format that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from groundswell.cli import output
from groundswell.cli.connection import connect, connection_options, names
from groundswell.cli.failures import failure_of
from groundswell.cli.options import SectionedCommand, SectionedOption

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from groundswell import Client
    from groundswell.cli.contract import Call

MAX_ROWS = 1000
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


class CallCommand(SectionedCommand):
    """Sends one call of the contract."""

    def __init__(self, call: Call) -> None:
        self.call = call
        super().__init__(
            call.verb,
            callback=self._run,
            help=call.comment,
            short_help=call.comment.split(". ")[0].replace("\n", " ").rstrip("."),
        )

    @cached_property
    def method(self) -> Any:
        """The constant of the generated client that describes the call."""
        return self.call.method

    @cached_property
    def request_type(self) -> Descriptor:
        """The descriptor of the request."""
        return self.call.descriptor.input_type

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The arguments and options, made when they are first needed: a list of commands needs none."""
        if not self.params:
            self.params = self._parameters()
        return super().get_params(ctx)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the comment of the contract, what the call needs, and its name in the contract."""
        from groundswell.call_options import options_of

        super().format_help_text(ctx, formatter)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(f"{options_of(self.call.descriptor).requirement} {_shape(self.call)}")

    def _parameters(self) -> list[click.Parameter]:
        """The fields of the request, then the command's own options; a field keeps a long flag that both want."""
        from groundswell.cli import fields

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
        from groundswell.cli.fields import as_typed
        from groundswell.errors import GroundswellError

        try:
            with connect(typed) as client:
                self._send(client, typed)
        except GroundswellError as error:
            failure = failure_of(error, lambda path: as_typed(self.request_type, path))
            raise failure or error from error

    def prepare(self, request: Any) -> None:
        """Completes a request before it is sent; for commands that are derived from this one."""

    def show(self, request: Any, response: Message, form: str, columns: Sequence[str]) -> None:
        """Prints the answer to one request; for commands that are derived from this one."""
        output.show_message(response, form, columns)

    def _send(self, client: Client, typed: dict[str, Any]) -> None:
        from groundswell.cli.sender import Sender

        form, limit = typed["_format"], typed.get("_limit")
        columns = [name.strip() for name in (typed["_columns"] or "").split(",") if name.strip()]
        sender = Sender(client, _seconds(typed["_deadline"]))
        requests = self._requests(typed)
        if self._sends_several and self._receives_several:
            output.show_stream(islice(sender.bidi(self.method, requests), limit), form, columns)
        elif self._sends_several:
            output.show_message(sender.client_stream(self.method, requests), form, columns)
        elif self._receives_several:
            output.show_stream(islice(sender.server_stream(self.method, next(requests)), limit), form, columns)
        elif self._is_paged:
            request = next(requests)
            if limit and not request.page_size:
                request.page_size = min(limit, MAX_ROWS)
            empty = f"no {self.call.resource.replace('-', ' ')}"
            output.show_items(islice(sender.pages(self.method, request), limit), form, columns, empty=empty)
        elif self._is_long_work:
            output.show_message(sender.operation(self.method, next(requests), wait=typed["_wait"]), form, columns)
        else:
            request = next(requests)
            self.show(request, sender.unary(self.method, request), form, columns)

    def _requests(self, typed: dict[str, Any]) -> Iterator[Any]:
        """The requests to send; exactly one unless the call takes several."""
        from groundswell.cli import documents, fields
        from groundswell.message_builder import build

        for values in self._documents(typed.get("_file")):
            for assignment in typed.get("_set", ()):
                documents.assign(values, self.request_type, assignment)
            values.update(fields.given(self.request_type, typed))
            fields.ask_for_secrets(self.request_type, values)
            request = build(self.method.request_type, values)
            self.prepare(request)
            yield request

    def _documents(self, file: Path | None) -> Iterable[dict[str, Any]]:
        from groundswell.cli import documents

        if file is None:
            return [{}]
        return documents.read_all(file) if self._sends_several else [documents.read_one(file)]


def _seconds(deadline: str | None) -> float | None:
    from groundswell.message_builder import parse_duration

    return None if deadline is None else parse_duration(deadline, "--deadline").total_seconds()


def _shape(call: Call) -> str:
    """Returns a sentence with the name of the call in the contract."""
    sends = "a stream of " if call.proto.client_streaming else ""
    returns = "a stream of " if call.proto.server_streaming else ""
    request, response = (each.rpartition(".")[2] for each in (call.proto.input_type, call.proto.output_type))
    return f"Sends {sends}{request} to {call.service}/{call.name}; the answer is {returns}{response}."

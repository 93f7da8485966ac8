"""Writes the typed clients of the SDK: for every service a module with a client for threads and one for asyncio.

The generated modules hold signatures, documentation and one constant a call. What happens in a call (deadlines,
retries, request ids, pages, operations) is written by hand in `groundswell._service_client`.
"""

from __future__ import annotations

import keyword
import textwrap
from collections.abc import Iterable, Iterator

from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from contract import Call, Contract, Field, PythonName, Service, snake_case

WIDTH = 120
RUNTIME = "groundswell._service_client"
VALUES = "groundswell.message_builder"
TAKEN = {"self", "request", "timeout", "metadata"}

_SCALARS = {
    FieldDescriptorProto.TYPE_DOUBLE: "float",
    FieldDescriptorProto.TYPE_FLOAT: "float",
    FieldDescriptorProto.TYPE_BOOL: "bool",
    FieldDescriptorProto.TYPE_STRING: "str",
    FieldDescriptorProto.TYPE_BYTES: "bytes",
}

# What Python has for a well-known message; every other message can be given as a mapping of its fields.
_FRIENDLY = {
    "google.protobuf.Timestamp": "TimestampLike",
    "google.protobuf.Duration": "DurationLike",
    "google.protobuf.FieldMask": "FieldMaskLike",
    "google.protobuf.Struct": "StructLike",
}


def render_client(contract: Contract, service: Service) -> str:
    """The text of the client module of `service`."""
    return _Module(contract, service).render()


def module_name(service: Service) -> str:
    """Name of the client module of `service`, such as `engagement_client`."""
    return f"{snake_case(service.base_name)}_client"


class _Module:
    """One client module. Rendering a name records the import that it needs."""

    def __init__(self, contract: Contract, service: Service) -> None:
        self._contract = contract
        self._service = service
        self._imports: set[tuple[str, str]] = set()

    def render(self) -> str:
        constants = [line for call in self._service.calls for line in self._constant(call)]
        classes = [line for asynchronous in (False, True) for line in self._client(asynchronous)]
        name = self._service.full_name
        head = [f'"""Clients of {name}, generated from the contract: do not edit."""', ""]
        head += ["from __future__ import annotations", "", *self._import_lines(), ""]
        return "\n".join([*head, *constants, *classes]) + "\n"

    def _import_lines(self) -> Iterator[str]:
        packages: dict[str, set[str]] = {}
        for package, name in self._imports:
            packages.setdefault(package, set()).add(name)
        for package in sorted(packages, key=lambda package: (_import_group(package), package)):
            yield f"from {package} import ("
            yield from (f"    {name}," for name in sorted(packages[package]))
            yield ")"

    def _use(self, package: str, name: str) -> str:
        self._imports.add((package, name))
        return name

    def _python(self, name: PythonName) -> str:
        self._use(name.package, name.module)
        return str(name)

    # Constants

    def _constant(self, call: Call) -> Iterator[str]:
        """The constant that tells the runtime all about a call."""
        arguments = [f'"{call.path}"', self._python(call.request.python), self._python(call.response.python)]
        kind = "Method"
        if call.request.field("request_id"):
            arguments.append("changes=True")
        if call.proto.server_streaming and call.request.field("cursor") and call.response.field("cursor"):
            arguments.append("resumes=True")
        if call.page_field:
            kind = "PagedMethod"
            arguments += [f"item_type={self._type(call.page_field)}", f'item_field="{call.page_field.name}"']
        if call.operation_result:
            kind = "OperationMethod"
            arguments.append(f"result_type={self._python(call.operation_result.python)}")
        yield f"{_constant_name(call)} = {self._use(RUNTIME, kind)}("
        yield from (f"    {argument}," for argument in arguments)
        yield ")"

    # Classes

    def _client(self, asynchronous: bool) -> Iterator[str]:
        prefix = "Async" if asynchronous else ""
        base = self._use(RUNTIME, f"{prefix}ServiceClient")
        yield ""
        yield ""
        yield f"class {prefix}{self._service.base_name}Client({base}):"
        yield from docstring(self._service.comment, (), 4)
        for call in self._service.calls:
            yield ""
            yield from self._method(call, asynchronous)

    def _method(self, call: Call, asynchronous: bool) -> Iterator[str]:
        action, result, awaited = self._outcome(call, asynchronous)
        name = _identifier(snake_case(call.name))
        yield f"    {'async ' if awaited else ''}def {name}("
        yield "        self,"
        request = self._python(call.request.python)
        fields: tuple[Field, ...] = ()
        if call.proto.client_streaming:
            source = self._requests(request, asynchronous)
            yield f"        requests: {source},"
            yield "        *,"
        else:
            fields = call.request.fields
            yield f"        request: {request} | None = None,"
            yield "        *,"
        for field in fields:
            yield f"        {_identifier(field.name)}: {self._type(field, given=True)} | None = None,"
        yield "        timeout: float | None = None,"
        yield f"        metadata: {self._use(RUNTIME, 'Metadata')} | None = None,"
        yield f"    ) -> {result}:"
        yield from docstring(call.comment, _arguments(fields, call), 8)
        yield from self._body(call, fields, f"{'await ' if awaited else ''}self.{action}")

    def _body(self, call: Call, fields: tuple[Field, ...], action: str) -> Iterator[str]:
        constant = _constant_name(call)
        if call.proto.client_streaming:
            yield f"        return {action}({constant}, requests, timeout, metadata)"
            return
        if not fields:
            yield f"        return {action}({constant}, request, {{}}, timeout, metadata)"
            return
        yield "        fields = {"
        yield from (f'            "{field.name}": {_identifier(field.name)},' for field in fields)
        yield "        }"
        yield f"        return {action}({constant}, request, fields, timeout, metadata)"

    def _outcome(self, call: Call, asynchronous: bool) -> tuple[str, str, bool]:
        """The runtime's method for `call`, the type it returns, and whether it is awaited."""
        prefix = "Async" if asynchronous else ""
        response = self._python(call.response.python)
        streams = (call.proto.client_streaming, call.proto.server_streaming)
        if streams[1]:
            stream = self._use(RUNTIME, f"{prefix}Stream")
            return ("_bidi" if streams[0] else "_server_stream"), f"{stream}[{response}]", False
        if streams[0]:
            return "_client_stream", response, asynchronous
        if call.page_field:
            return "_page", f"{self._use(RUNTIME, f'{prefix}Pager')}[{self._type(call.page_field)}]", False
        if call.operation_result:
            handle = self._use(RUNTIME, f"{prefix}OperationHandle")
            return "_operation", f"{handle}[{self._python(call.operation_result.python)}]", asynchronous
        return "_unary", response, asynchronous

    # Types

    def _requests(self, request: str, asynchronous: bool) -> str:
        mapping = self._use("collections.abc", "Mapping")
        iterables = ["Iterable", "AsyncIterable"] if asynchronous else ["Iterable"]
        item = f"{request} | {mapping}[str, object]"
        return " | ".join(f"{self._use('collections.abc', iterable)}[{item}]" for iterable in iterables)

    def _type(self, field: Field, given: bool = False) -> str:
        """The type of `field`; with `given`, of what a caller may give for it.

        A repeated field is described by its items, unless `given`.
        """
        if given and self._contract.is_map(field):
            key, value = self._contract.messages[field.type_name].fields
            mapping = self._use("collections.abc", "Mapping")
            return f"{mapping}[{self._single_type(key, given)}, {self._single_type(value, given)}]"
        single = self._single_type(field, given)
        return f"{self._use('collections.abc', 'Iterable')}[{single}]" if given and field.repeated else single

    def _single_type(self, field: Field, given: bool) -> str:
        if field.type_name in self._contract.enums:
            enum = self._python(self._contract.enums[field.type_name])
            return f"{enum}.ValueType | str" if given else f"{enum}.ValueType"
        if field.type_name not in self._contract.messages:
            return _SCALARS.get(field.proto.type, "int")
        if given and field.type_name in _FRIENDLY:
            return self._use(VALUES, _FRIENDLY[field.type_name])
        message = self._python(self._contract.messages[field.type_name].python)
        return f"{message} | {self._use('collections.abc', 'Mapping')}[str, object]" if given else message


def _import_group(package: str) -> int:
    return 2 if package.startswith("groundswell") else 1 if package.startswith("google") else 0


def _constant_name(call: Call) -> str:
    return snake_case(call.name).upper()


def _identifier(name: str) -> str:
    """`name`, with an underscore behind it where Python or the client itself uses it."""
    return f"{name}_" if keyword.iskeyword(name) or name in TAKEN else name


def _arguments(fields: Iterable[Field], call: Call) -> Iterator[tuple[str, str]]:
    if call.proto.client_streaming:
        yield "requests", "The messages to send, in order. A mapping of fields stands for a message."
    else:
        yield "request", "The whole request. Fields that are given by name as well go before its own."
    for field in fields:
        yield _identifier(field.name), field.comment
    yield "timeout", "Seconds until the call is given up; the client's own for this call when not given."
    yield "metadata", "Further metadata to send."


def docstring(comment: str, arguments: Iterable[tuple[str, str]], indent: int) -> Iterator[str]:
    """A docstring with `comment` as it stands and the arguments wrapped under it."""
    margin = " " * indent
    lines = [f'"""{comment}'.replace("\\", "\\\\")]
    described = list(arguments)
    if described:
        lines += ["", "Args:"]
        for name, text in described:
            wrapped = textwrap.wrap(f"{name}: {' '.join(text.split())}", WIDTH - indent - 8, subsequent_indent="    ")
            lines += [f"    {line}" for line in wrapped]
    text = "\n".join(lines)
    opening, body = text[:3], text[3:].replace('"""', "'''")
    body = f"{body}\n" if "\n" in body or len(body) > WIDTH - indent - 6 or body.endswith('"') else body
    for line in f'{opening}{body}"""'.splitlines():
        yield f"{margin}{line}".rstrip()

"""The contract as the client generator and the reference of calls see it: services, calls and fields with comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast

from google.longrunning import operations_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    MethodOptions,
)

if TYPE_CHECKING:
    from google.protobuf.internal.extension_dict import _ExtensionFieldDescriptor

PACKAGE = "groundswell.v1"
OPERATION = "google.longrunning.Operation"

# Its own type stub says less than it is.
_OPERATION_INFO = cast(
    "_ExtensionFieldDescriptor[MethodOptions, operations_pb2.OperationInfo]", operations_pb2.operation_info
)

# Numbers of fields in descriptor.proto: a comment is found by the path of numbers and indices to what it is about.
_FILE_MESSAGE, _FILE_SERVICE = 4, 6
_MESSAGE_FIELD, _MESSAGE_NESTED = 2, 3
_SERVICE_METHOD = 2


@dataclass(frozen=True, slots=True)
class PythonName:
    """Where a message or an enum stands in generated Python: `from {package} import {module}`, then `{qualified}`."""

    package: str
    module: str
    qualified: str

    def __str__(self) -> str:
        return f"{self.module}.{self.qualified}"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message. `type_name` is the full name of its message or enum, empty for a scalar."""

    name: str
    proto: FieldDescriptorProto
    comment: str

    @property
    def repeated(self) -> bool:
        return self.proto.label == FieldDescriptorProto.LABEL_REPEATED

    @property
    def type_name(self) -> str:
        return self.proto.type_name.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Message:
    """A message with its fields in the order of the contract."""

    full_name: str
    python: PythonName
    comment: str
    proto: DescriptorProto
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The field called `name`, or None."""
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a service."""

    name: str
    path: str
    comment: str
    proto: MethodDescriptorProto
    request: Message
    response: Message
    operation_result: Message | None

    @property
    def page_field(self) -> Field | None:
        """The repeated message field that a list call is about; None for any other call."""
        if self.request.field("page_token") is None or self.response.field("next_page_token") is None:
            return None
        items = [field for field in self.response.fields if field.repeated]
        if len(items) != 1:
            raise ValueError(f"{self.response.full_name}: a page has exactly one repeated field")
        return items[0]


@dataclass(frozen=True, slots=True)
class Service:
    """A service and its calls."""

    base_name: str
    """Its name without the ending, such as "Engagement"."""
    full_name: str
    package: str
    """The Python package of its module, such as "groundswell.v1"."""
    module: str
    """The generated module with its messages, such as "engagement_pb2"."""
    comment: str
    calls: tuple[Call, ...]


class Contract:
    """Reads a descriptor set that protoc wrote with imports and source info."""

    def __init__(self, files: FileDescriptorSet) -> None:
        self._files = files

    @cached_property
    def messages(self) -> dict[str, Message]:
        """All messages by full name, imported and nested ones included."""
        return {message.full_name: message for file in self._files.file for message in _messages(file)}

    @cached_property
    def enums(self) -> dict[str, PythonName]:
        """Python names of all enums by full name, imported and nested ones included."""
        return {name: python for file in self._files.file for name, python in _enums(file)}

    @cached_property
    def services(self) -> tuple[Service, ...]:
        """The services of the contract's own package, in the order of their files."""
        own = (file for file in self._files.file if file.package == PACKAGE)
        return tuple(service for file in own for service in self._services(file))

    @cached_property
    def imported_services(self) -> tuple[Service, ...]:
        """The services of imported files, such as the standard Operations service."""
        imported = (file for file in self._files.file if file.package != PACKAGE)
        return tuple(service for file in imported for service in self._services(file))

    @cached_property
    def file_names(self) -> tuple[str, ...]:
        """The files of the contract's own package."""
        return tuple(file.name for file in self._files.file if file.package == PACKAGE)

    def is_map(self, field: Field) -> bool:
        """True for `map<...>`, which a descriptor shows as a repeated message with a key and a value."""
        return field.type_name in self.messages and self.messages[field.type_name].proto.options.map_entry

    def _services(self, file: FileDescriptorProto) -> Iterator[Service]:
        comments = _comments(file)
        for index, service in enumerate(file.service):
            full_name = f"{file.package}.{service.name}"
            place = (_FILE_SERVICE, index)
            calls = tuple(
                self._call(full_name, method, comments.get((*place, _SERVICE_METHOD, number), ""))
                for number, method in enumerate(service.method)
            )
            yield Service(
                base_name=service.name.removesuffix("Service"),
                full_name=full_name,
                package=".".join(PurePosixPath(file.name).parent.parts),
                module=f"{PurePosixPath(file.name).stem}_pb2",
                comment=comments.get(place, ""),
                calls=calls,
            )

    def _call(self, service: str, method: MethodDescriptorProto, comment: str) -> Call:
        return Call(
            name=method.name,
            path=f"/{service}/{method.name}",
            comment=comment,
            proto=method,
            request=self.messages[method.input_type.removeprefix(".")],
            response=self.messages[method.output_type.removeprefix(".")],
            operation_result=self._operation_result(service, method),
        )

    def _operation_result(self, service: str, method: MethodDescriptorProto) -> Message | None:
        """What the operation in the answer of `method` results in; None when the answer has no operation."""
        response = self.messages[method.output_type.removeprefix(".")]
        if not any(field.type_name == OPERATION for field in response.fields) or len(response.fields) > 1:
            return None
        info = method.options.Extensions[_OPERATION_INFO]
        package = service.rpartition(".")[0]
        for name in (info.response_type, f"{package}.{info.response_type}"):
            if name in self.messages:
                return self.messages[name]
        raise ValueError(
            f"{service}.{method.name}: operation_info names no known response_type: {info.response_type!r}"
        )


def snake_case(name: str) -> str:
    """`BatchScoreContent` -> `batch_score_content`, `GetROCCurve` -> `get_roc_curve`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _messages(file: FileDescriptorProto) -> Iterator[Message]:
    comments = _comments(file)

    def walk(messages: list[DescriptorProto], path: tuple[int, ...], outer: str) -> Iterator[Message]:
        for index, proto in enumerate(messages):
            place = (*path, index)
            qualified = f"{outer}{proto.name}"
            fields = tuple(
                Field(field.name, field, comments.get((*place, _MESSAGE_FIELD, number), ""))
                for number, field in enumerate(proto.field)
            )
            name = f"{file.package}.{qualified}"
            yield Message(name, _python_name(file, qualified), comments.get(place, ""), proto, fields)
            yield from walk(list(proto.nested_type), (*place, _MESSAGE_NESTED), f"{qualified}.")

    yield from walk(list(file.message_type), (_FILE_MESSAGE,), "")


def _enums(file: FileDescriptorProto) -> Iterator[tuple[str, PythonName]]:
    def walk(scope: FileDescriptorProto | DescriptorProto, outer: str) -> Iterator[tuple[str, PythonName]]:
        for enum in scope.enum_type:
            qualified = f"{outer}{enum.name}"
            yield f"{file.package}.{qualified}", _python_name(file, qualified)
        for nested in scope.message_type if isinstance(scope, FileDescriptorProto) else scope.nested_type:
            yield from walk(nested, f"{outer}{nested.name}.")

    yield from walk(file, "")


def _comments(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    """Comments by the path to what they are about, without the margin that `//` leaves."""
    return {
        tuple(location.path): "\n".join(line.strip() for line in location.leading_comments.strip().splitlines())
        for location in file.source_code_info.location
        if location.leading_comments
    }


def _python_name(file: FileDescriptorProto, qualified: str) -> PythonName:
    path = PurePosixPath(file.name)
    return PythonName(".".join(path.parent.parts), f"{path.stem}_pb2", qualified)

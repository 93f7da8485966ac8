"""The calls of the contract with their comments and the names of their commands.

Everything is read from `contract.binpb`, which is part of the package, so that `--help` needs neither gRPC nor the
generated modules.

The name of a call gives the command. The verb is the first word, or the first two in `RollBack...` and `Batch...`. The
rest is the resource, in the plural where the contract has a call with that plural:

>>> command_name("RollBackModel", {"Models"}), command_name("BatchScoreContent", set())
(('models', 'roll-back'), ('content', 'batch-score'))
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from typing import Any, cast

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto

PACKAGE = "groundswell.v1"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*")
_PARTICLES = frozenset({"Back", "Down", "Off", "On", "Out", "Up"})
# Field numbers in descriptor.proto, which make up the paths of source locations.
_FILE_MESSAGE, _FILE_ENUM, _FILE_SERVICE = 4, 5, 6
_SERVICE_METHOD, _MESSAGE_FIELD, _MESSAGE_NESTED = 2, 2, 3


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a service and the command that sends it."""

    resource: str
    """First word of the command, such as "posts"."""
    verb: str
    """Second word of the command, such as "list"."""
    name: str
    """Name in the contract, such as "ListPosts"."""
    service: str
    """Full name of its service, such as "groundswell.v1.EngagementService"."""
    comment: str
    """The comment in the contract."""
    file: FileDescriptorProto
    """The file that declares it."""
    proto: MethodDescriptorProto

    @property
    def full_name(self) -> str:
        """Service and call, such as "groundswell.v1.EngagementService.ListPosts"."""
        return f"{self.service}.{self.name}"

    @property
    def descriptor(self) -> MethodDescriptor:
        """The descriptor of the call. Imports the generated module."""
        module = import_module(f"{self.file.name.removesuffix('.proto').replace('/', '.')}_pb2")
        service = module.DESCRIPTOR.services_by_name[self.service.rpartition(".")[2]]
        return cast("MethodDescriptor", service.methods_by_name[self.name])

    @property
    def method(self) -> Any:
        """The constant of the generated client that describes the call. Imports that client."""
        stem = self.file.name.rpartition("/")[2].removesuffix(".proto")
        generated = self.file.package == PACKAGE
        module = import_module(f"{PACKAGE}.{stem}_client" if generated else "groundswell.operations_client")
        return getattr(module, "_".join(_words(self.name)).upper())


@cache
def calls() -> tuple[Call, ...]:
    """All calls, service by service in the order of the contract."""
    services = [(file, number, service) for file in files() for number, service in enumerate(file.service)]
    nouns = {"".join(_split(method.name)[1]) for _, _, service in services for method in service.method}
    found = []
    for file, number, service in services:
        comments = comments_of(file.name)
        for index, method in enumerate(service.method):
            resource, verb = command_name(method.name, nouns)
            comment = comments.get((_FILE_SERVICE, number, _SERVICE_METHOD, index), "")
            found.append(Call(resource, verb, method.name, f"{file.package}.{service.name}", comment, file, method))
    return tuple(found)


@cache
def commands() -> Mapping[str, Mapping[str, Call]]:
    """The calls by resource and verb. Raises ValueError when two calls have the same command."""
    found: dict[str, dict[str, Call]] = defaultdict(dict)
    for call in calls():
        other = found[call.resource].setdefault(call.verb, call)
        if other is not call:
            raise ValueError(f"{other.full_name} and {call.full_name} are both `{call.resource} {call.verb}`")
    return found


def command_name(name: str, nouns: Collection[str]) -> tuple[str, str]:
    """Returns resource and verb of the call `name`; `nouns` are the nouns of all calls of the contract."""
    verb, noun = _split(name)
    plural = next((each for each in _plurals("".join(noun)) if each in nouns), "".join(noun))
    return "-".join(_words(plural)).lower(), "-".join(verb).lower()


def comment_of(file: str, message: str, field: str) -> str:
    """The comment of a field, by the name of its file, the name of its message within that file, and its own."""
    return _field_comments(file).get((message, field), "")


@cache
def files() -> tuple[FileDescriptorProto, ...]:
    """The files of the contract, with those that it imports."""
    image = (resources.files(PACKAGE) / "contract.binpb").read_bytes()
    return tuple(FileDescriptorSet.FromString(image).file)


@cache
def comments_of(file: str) -> Mapping[tuple[int, ...], str]:
    """The comments in a file by the path of what they are about."""
    (found,) = (each for each in files() if each.name == file)
    return {
        tuple(location.path): "\n".join(line.strip() for line in location.leading_comments.strip().splitlines())
        for location in found.source_code_info.location
        if location.leading_comments
    }


@cache
def _field_comments(file: str) -> Mapping[tuple[str, str], str]:
    comments = comments_of(file)
    (found,) = (each for each in files() if each.name == file)

    def walk(messages: Any, path: tuple[int, ...], outer: str) -> Iterator[tuple[tuple[str, str], str]]:
        for index, message in enumerate(messages):
            place, name = (*path, index), f"{outer}{message.name}"
            for number, field in enumerate(message.field):
                yield (name, field.name), comments.get((*place, _MESSAGE_FIELD, number), "")
            yield from walk(message.nested_type, (*place, _MESSAGE_NESTED), f"{name}.")

    return dict(walk(found.message_type, (_FILE_MESSAGE,), ""))


def _words(name: str) -> list[str]:
    return _WORD.findall(name)


def _split(name: str) -> tuple[list[str], list[str]]:
    """The words of the verb and those of the noun."""
    words = _words(name)
    length = 2 if words[0] == "Batch" or (words[1:2] and words[1] in _PARTICLES) else 1
    return words[:length], words[length:]


def _plurals(noun: str) -> Iterator[str]:
    if noun.endswith("y"):
        yield f"{noun[:-1]}ies"
    yield f"{noun}s"
    yield f"{noun}es"

"""Writes the reference from the contract's comments while the documentation is built.

The comments in protos/ are the one source: reflection, the SDK's docstrings and these pages all come from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pb2

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

IMAGE = Path(__file__).parents[2] / "client/groundswell/v1/contract.binpb"
PACKAGE = "groundswell.v1"
FIELD = descriptor_pb2.FieldDescriptorProto
SCALARS = {number: name.removeprefix("TYPE_").lower() for name, number in FIELD.Type.items()}
# Numbers of the fields by which source locations name their subject, from descriptor.proto.
MESSAGE, ENUM, SERVICE, FIELD_OF, NESTED_IN, VALUE, METHOD = 4, 5, 6, 2, 3, 2, 2


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds a page for each file of the contract, and their index."""
    from mkdocs.structure.files import File

    contract = _contract()
    pages = {f"reference/{_stem(file)}.md": "\n".join(_page(file)) for file in contract}
    pages["reference/index.md"] = "\n".join(_index(contract))
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def _index(contract: list[descriptor_pb2.FileDescriptorProto]) -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Generated from the comments of the contract in `protos/`. `grpcurl ... describe` shows the same."
    yield ""
    for file in contract:
        comments = _comments(file)
        names = [f"**{service.name}**: {comments.get((SERVICE, i), '')}" for i, service in enumerate(file.service)]
        yield f"- [{_stem(file)}]({_stem(file)}.md) {' '.join(names)}"


def _page(file: descriptor_pb2.FileDescriptorProto) -> Iterator[str]:
    comments = _comments(file)
    yield f"# {_stem(file)}.proto"
    for number, service in enumerate(file.service):
        yield f"\n## {service.name}\n\n{comments.get((SERVICE, number), '')}\n"
        for index, method in enumerate(service.method):
            yield f"### {method.name}\n\n{comments.get((SERVICE, number, METHOD, index), '')}\n"
            yield f"{_streamed(method.client_streaming)}{_link(method.input_type)} → "
            yield f"{_streamed(method.server_streaming)}{_link(method.output_type)}\n"
            yield f"{_requirement(f'{PACKAGE}.{service.name}', method.name)}\n"
    for number, message in enumerate(file.message_type):
        yield from _message(message, message.name, (MESSAGE, number), comments)
    for number, enum in enumerate(file.enum_type):
        yield f"\n## {enum.name}\n\n{comments.get((ENUM, number), '')}\n"
        yield "| value | number | meaning |\n|---|---|---|"
        for index, value in enumerate(enum.value):
            yield f"| `{value.name}` | {value.number} | {_cell(comments.get((ENUM, number, VALUE, index), ''))} |"


def _requirement(service: str, method: str) -> str:
    """Returns the role and scope that a call needs, and the command that sends it."""
    from groundswell.call_options import options_of
    from groundswell.cli.contract import calls

    (call,) = (each for each in calls() if each.full_name == f"{service}.{method}")
    return f"{options_of(call.descriptor).requirement} Command: `groundswell {call.resource} {call.verb}`."


def _message(
    message: descriptor_pb2.DescriptorProto, name: str, path: tuple[int, ...], comments: dict[tuple[int, ...], str]
) -> Iterator[str]:
    yield f"\n## {name}\n\n{comments.get(path, '')}\n"
    if message.field:
        yield "| field | type | meaning |\n|---|---|---|"
    for index, field in enumerate(message.field):
        meaning = _cell(comments.get((*path, FIELD_OF, index), ""))
        yield f"| `{field.name}` | {_type(field, message)} | {meaning} |"
    for index, nested in enumerate(message.nested_type):
        if not nested.options.map_entry:
            yield from _message(nested, f"{name}.{nested.name}", (*path, NESTED_IN, index), comments)


def _type(field: descriptor_pb2.FieldDescriptorProto, message: descriptor_pb2.DescriptorProto) -> str:
    entry = next((nested for nested in message.nested_type if field.type_name.endswith(f".{nested.name}")), None)
    if entry is not None and entry.options.map_entry:
        return f"map of {_type(entry.field[0], entry)} to {_type(entry.field[1], entry)}"
    name = _link(field.type_name) if field.type_name else SCALARS[field.type]
    if field.label == FIELD.LABEL_REPEATED:
        return f"repeated {name}"
    return f"optional {name}" if field.proto3_optional else name


def _link(type_name: str) -> str:
    name = type_name.removeprefix(".")
    if not name.startswith(f"{PACKAGE}."):
        return f"`{name}`"
    short = name.removeprefix(f"{PACKAGE}.")
    return f"[{short}]({_pages()[short]}#{short.lower().replace('.', '')})"


@cache
def _pages() -> dict[str, str]:
    """The page that each type stands on."""
    found = {}
    for file in _contract():
        page = f"{_stem(file)}.md"
        found |= {enum.name: page for enum in file.enum_type}
        found |= {name: page for message in file.message_type for name in _names(message, message.name)}
    return found


def _names(message: descriptor_pb2.DescriptorProto, name: str) -> Iterator[str]:
    yield name
    for nested in message.nested_type:
        yield from _names(nested, f"{name}.{nested.name}")


@cache
def _contract() -> list[descriptor_pb2.FileDescriptorProto]:
    image = descriptor_pb2.FileDescriptorSet.FromString(IMAGE.read_bytes())
    return [file for file in image.file if file.package == PACKAGE]


def _comments(file: descriptor_pb2.FileDescriptorProto) -> dict[tuple[int, ...], str]:
    return {
        tuple(location.path): " ".join(location.leading_comments.split()) for location in file.source_code_info.location
    }


def _stem(file: descriptor_pb2.FileDescriptorProto) -> str:
    return Path(file.name).stem


def _streamed(streaming: bool) -> str:
    return "stream of " if streaming else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

"""Checks that every call of the contract declares its options, and that they do not contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto, MethodOptions
from google.protobuf.descriptor_pool import DescriptorPool

from contract import PACKAGE

_NAME = f"{PACKAGE}.call"
_ANYBODY, _AUDIT_RUNTIME = 1, 1


def check_call_options(files: FileDescriptorSet) -> None:
    """Raises SystemExit with one line for each call whose options are missing or contradict each other."""
    # The generated module of the options does not exist yet: a pool of its own reads them from the descriptors.
    pool = DescriptorPool()
    for file in files.file:
        pool.Add(file)
    options_class: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.MethodOptions"))
    extension = pool.FindExtensionByName(_NAME)
    messages = {f".{file.package}.{message.name}": message for file in files.file for message in file.message_type}
    problems = []
    for file in files.file:
        for service in file.service if file.package == PACKAGE else ():
            for method in service.method:
                options = options_class.FromString(method.options.SerializeToString())
                call = options.Extensions[extension] if options.HasExtension(extension) else None
                fields = {field.name for field in messages[method.input_type].field}
                problems += [f"{service.name}.{method.name}: {text}" for text in _problems(method, call, fields)]
    if problems:
        raise SystemExit("\n".join(problems))


def _problems(method: MethodDescriptorProto, call: Any, fields: set[str]) -> Iterator[str]:
    if call is None:
        yield f"has no option ({_NAME}): add role, scope and audit"
        return
    reads = method.options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    if not call.role:
        yield "names no role"
    if not call.scope and call.role != _ANYBODY:
        yield "names no scope; only a call for ROLE_ANYBODY may do without"
    if reads and call.audit:
        yield "has no side effects, so it must not name an audit"
    if not reads and not call.audit:
        yield "changes data, so it must name an audit; a read has `option idempotency_level = NO_SIDE_EFFECTS`"
    if reads and "request_id" in fields:
        yield "has no side effects, so its request must not have a request_id"
    if call.audit == _AUDIT_RUNTIME and (method.client_streaming or method.server_streaming):
        yield "is a stream, which the runtime cannot audit: name AUDIT_DOMAIN or AUDIT_NONE"

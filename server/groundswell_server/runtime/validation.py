"""A stage: the constraints of the contract, enforced by protovalidate on every request message."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from protovalidate import Validator, Violation

from buf.validate import validate_pb2
from groundswell_server.runtime import violation_messages
from groundswell_server.runtime.call import Call, Handler
from groundswell_server.runtime.methods import FastAccept, Method, Mode
from groundswell_server.runtime.nul_characters import nul_violations
from groundswell_server.runtime.request_decoder import Unreadable
from groundswell_storage.errors import FieldViolation, InvalidArgument

_validator = Validator()
_FIELD_OF_THIS = re.compile(r"\bthis\.(\w+)")


def violations(message: Message) -> list[FieldViolation]:
    """Returns the first constraint of the contract that each field of a message violates."""
    found: dict[str, FieldViolation] = {}
    for violation in _validator.collect_violations(message):
        described = _field_violation(message, violation)
        found.setdefault(described.field, described)
    return list(found.values())


def check(message: Message) -> None:
    """Raises InvalidArgument naming every field that violates a constraint."""
    found = [*violations(message), *nul_violations(message)]
    if found:
        raise InvalidArgument(found, reason="VALIDATION_FAILED")


def stage(method: Method, proceed: Handler) -> Handler:
    """Refuses requests that cannot be read or violate a constraint."""
    foreign = method.mode is Mode.FOREIGN
    # The first call compiles its rules: to compile all would delay the start. A test compiles every rule.
    accepts: FastAccept = _accepts_all if foreign else method.rpc.accepts or _accepts_none

    def check_one(request: Any) -> None:
        if type(request) is Unreadable:
            raise request.error
        if not accepts(request):
            check(request)

    async def unary(request: Any, call: Call) -> Any:
        check_one(request)
        return await proceed(request, call)

    async def checked(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for request in requests:
            check_one(request)
            yield request

    async def stream(requests: AsyncIterator[Any], call: Call) -> Any:
        return await proceed(checked(requests), call)

    return stream if method.client_streaming else unary


def _accepts_all(request: Any) -> bool:
    """Accepts requests of a standard service, whose contract has no constraints."""
    return True


def _accepts_none(request: Any) -> bool:
    return False


def _field_violation(message: Message, violation: Violation) -> FieldViolation:
    proto = violation.proto
    kind: Any = message.DESCRIPTOR
    path, oneof = "", False
    for element in proto.field.elements if proto.field else ():
        path += f".{element.field_name}" if path else element.field_name
        if element.subscript is not None:
            path += f"[{element.subscript.value}]"
        oneof = element.field_name in kind.oneofs_by_name
        if not oneof:
            kind = kind.fields_by_name[element.field_name].message_type or kind
    if proto.rule is None and not oneof:  # a rule about several fields
        path += f".{_first_field(kind, proto.rule_id)}" if path else _first_field(kind, proto.rule_id)
    return FieldViolation(field=path, description=violation_messages.description(violation))


def _first_field(kind: Descriptor, rule_id: str) -> str:
    """Returns the field that a rule of a whole message names first, as the one to correct."""
    rules = kind.GetOptions().Extensions[validate_pb2.message].cel
    expression = next(rule.expression for rule in rules if rule.id == rule_id)
    found = _FIELD_OF_THIS.search(expression)
    return found[1] if found else ""

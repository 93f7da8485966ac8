"""Requests that break one constraint of the contract each, made from the descriptors and protovalidate's rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from protovalidate import Validator

from buf.validate import validate_pb2
from groundswell_server.runtime import validation

DEEPEST = 5
"""Levels of messages in messages that are tried."""
_TEXTS = (" ", "a b", "\u00e9", "#", "@@", "A", "lower", "x" * 400, "0-", "..")
"""Texts of which at least one matches no pattern of the contract."""
_KEY = "key"

Put = Callable[[Message], None]
"""Puts a value into a message that otherwise has nothing."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A way to break one rule of one field."""

    field: str
    """Path of the field, as a refusal names it."""
    rule: str
    request: Message


def violations(method: MethodDescriptor) -> Iterator[Violation]:
    """A request for every standard rule of every field that a request of the call can have."""
    for place in _places(method.input_type, (), "", ()):
        for rule, field, put in _broken(place):
            request: Message = message_factory.GetMessageClass(method.input_type)()
            put(_open(request, place.steps))
            yield Violation(field, rule, request)


def rule_ids(method: MethodDescriptor) -> set[str]:
    """Ids of the rules in CEL, over several fields, that a request of the call can break: only people find out how."""
    return {
        rule.id
        for place in _places(method.input_type, (), "", ())
        for rule in place.kind.GetOptions().Extensions[validate_pb2.message].cel
    }


def broken_rules(request: Message) -> set[str]:
    """Ids of the rules that a request breaks."""
    return {violation.proto.rule_id for violation in Validator().collect_violations(request)}


@dataclass(frozen=True, slots=True)
class _Place:
    """A message somewhere in a request."""

    kind: Descriptor
    steps: tuple[FieldDescriptor, ...]
    """The fields that lead to it."""
    path: str
    """Its path with a point behind it; empty for the request itself."""


def _places(
    kind: Descriptor, steps: tuple[FieldDescriptor, ...], path: str, above: tuple[Descriptor, ...]
) -> Iterator[_Place]:
    yield _Place(kind, steps, path)
    if len(steps) == DEEPEST:
        return
    for field in kind.fields:
        inner = field.message_type
        if inner is None or inner in (kind, *above) or inner.full_name.startswith("google.") or _is_ignored(field):
            continue
        if _is_map(field):
            value = inner.fields_by_name["value"]
            if value.message_type is not None:
                step = f"{path}{field.name}[{_KEY}]."
                yield from _places(value.message_type, (*steps, field), step, (kind, *above))
            continue
        step = f"{path}{field.name}{'[0]' if field.is_repeated else ''}."
        yield from _places(inner, (*steps, field), step, (kind, *above))


def _open(message: Any, steps: tuple[FieldDescriptor, ...]) -> Any:
    """The message that fields lead to, there from now on."""
    for step in steps:
        inner = getattr(message, step.name)
        if _is_map(step):
            message = inner[_KEY]
        elif step.is_repeated:
            message = inner.add()
        else:
            inner.SetInParent()
            message = inner
    return message


def _broken(place: _Place) -> Iterator[tuple[str, str, Put]]:
    """Rules of a message's fields and oneofs, the path at fault, and how to break them."""
    for oneof in place.kind.oneofs:
        if oneof.GetOptions().Extensions[validate_pb2.oneof].required:
            yield "required", f"{place.path}{oneof.name}", _nothing
    for field in place.kind.fields:
        if not _is_ignored(field):
            yield from _broken_field(field, _rules(field), f"{place.path}{field.name}")


def _broken_field(field: FieldDescriptor, rules: Any, path: str) -> Iterator[tuple[str, str, Put]]:
    if rules.required:
        yield "required", path, _nothing
    may_be_zero = rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE or field.has_presence
    match rules.WhichOneof("type"):
        case "repeated":
            yield from _broken_list(field, rules.repeated, path)
        case "map":
            yield from _broken_map(field, rules.map, path)
        case None:
            return
        case kind:
            for rule, value in _bad_values(field, kind, getattr(rules, kind)):
                # A field without presence that must not be checked at zero is not at fault there.
                if not (may_be_zero and not field.has_presence and not value):
                    yield rule, path, _setter(field, value)


def _broken_list(field: FieldDescriptor, rules: Any, path: str) -> Iterator[tuple[str, str, Put]]:
    if rules.min_items:
        yield "min_items", path, _nothing
    if rules.HasField("max_items"):
        yield "max_items", path, _items(field, [_some(field)] * (rules.max_items + 1))
    if rules.unique:
        yield "unique", path, _items(field, [_some(field)] * 2)
    kind = rules.items.WhichOneof("type")
    if kind is not None:
        for rule, value in _bad_values(field, kind, getattr(rules.items, kind)):
            yield f"items.{rule}", f"{path}[0]", _items(field, [value])


def _broken_map(field: FieldDescriptor, rules: Any, path: str) -> Iterator[tuple[str, str, Put]]:
    key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
    good = {_KEY: _some(value)}
    if rules.min_pairs:
        yield "min_pairs", path, _nothing
    if rules.HasField("max_pairs"):
        yield "max_pairs", path, _pairs(field, {f"k{number}": _some(value) for number in range(rules.max_pairs + 1)})
    if (kind := rules.keys.WhichOneof("type")) is not None:
        for rule, bad in _bad_values(key, kind, getattr(rules.keys, kind)):
            yield f"keys.{rule}", f"{path}[{bad}]", _pairs(field, {bad: good[_KEY]})
    if (kind := rules.values.WhichOneof("type")) is not None and value.message_type is None:
        for rule, bad in _bad_values(value, kind, getattr(rules.values, kind)):
            yield f"values.{rule}", f"{path}[{_KEY}]", _pairs(field, {_KEY: bad})


def _bad_values(field: FieldDescriptor, kind: str, rules: Any) -> Iterator[tuple[str, Any]]:
    """Values that break one rule each."""
    for rule, wanted in rules.ListFields():
        breaks = _BREAKS.get((kind, rule.name)) or _BREAKS.get(("", rule.name))
        if breaks is None:
            raise NotImplementedError(f"{field.full_name}: no way to break {kind}.{rule.name} is known")
        yield rule.name, breaks(wanted, field)


def _enum_value(field: FieldDescriptor, unwanted: Any) -> int:
    return next(value.number for value in field.enum_type.values if value.number not in unwanted)


def _second_beyond(seconds: int) -> Callable[[Any, FieldDescriptor], timedelta]:
    return lambda bound, field: bound.ToTimedelta() + timedelta(seconds=seconds)


def _day_from_now(days: int) -> Callable[[Any, FieldDescriptor], datetime]:
    return lambda bound, field: datetime.now(UTC) + timedelta(days=days)


def _step(bound: float) -> float:
    return 1 if isinstance(bound, int) else max(abs(bound) / 1000, 1e-9)


_BREAKS: dict[tuple[str, str], Callable[[Any, FieldDescriptor], Any]] = {
    ("string", "min_len"): lambda length, field: "x" * (length - 1),
    ("string", "max_len"): lambda length, field: "x" * (length + 1),
    ("string", "max_bytes"): lambda length, field: "x" * (length + 1),
    ("string", "pattern"): lambda pattern, field: next(text for text in _TEXTS if not re.search(pattern, text)),
    ("string", "uuid"): lambda wanted, field: "not-a-uuid",
    ("bytes", "max_len"): lambda length, field: b"x" * (length + 1),
    ("enum", "defined_only"): lambda wanted, field: max(value.number for value in field.enum_type.values) + 1,
    ("enum", "in"): lambda wanted, field: _enum_value(field, wanted),
    ("enum", "not_in"): lambda unwanted, field: unwanted[0],
    ("timestamp", "lt_now"): _day_from_now(1),
    ("timestamp", "gt_now"): _day_from_now(-1),
    ("duration", "gte"): _second_beyond(-1),
    ("duration", "gt"): _second_beyond(-1),
    ("duration", "lte"): _second_beyond(1),
    ("duration", "lt"): _second_beyond(1),
    ("", "finite"): lambda wanted, field: float("nan"),
    ("", "gt"): lambda bound, field: bound,
    ("", "lt"): lambda bound, field: bound,
    ("", "gte"): lambda bound, field: bound - _step(bound),
    ("", "lte"): lambda bound, field: bound + _step(bound),
}
"""By type and rule, or by rule alone: a value that breaks the rule, from its bound and the field."""


def _setter(field: FieldDescriptor, value: Any) -> Put:
    def put(message: Any) -> None:
        if field.message_type is None:
            setattr(message, field.name, value)
        elif isinstance(value, timedelta):
            getattr(message, field.name).FromTimedelta(value)
        else:
            getattr(message, field.name).FromDatetime(value)

    return put


def _items(field: FieldDescriptor, values: list[Any]) -> Put:
    return lambda message: getattr(message, field.name).extend(values)


def _pairs(field: FieldDescriptor, values: dict[Any, Any]) -> Put:
    def put(message: Any) -> None:
        for key, value in values.items():
            if isinstance(value, Message):
                getattr(message, field.name)[key].CopyFrom(value)
            else:
                getattr(message, field.name)[key] = value

    return put


def _some(field: FieldDescriptor) -> Any:
    """A value of the field's type."""
    if field.message_type is not None:
        return message_factory.GetMessageClass(field.message_type)()
    if field.type == FieldDescriptor.TYPE_BYTES:
        return b"x"
    return "x" if field.type == FieldDescriptor.TYPE_STRING else 1


def _nothing(message: Message) -> None:
    """Leaves a field out that has to be there."""


def _rules(field: FieldDescriptor) -> Any:
    return field.GetOptions().Extensions[validate_pb2.field]


def _is_ignored(field: FieldDescriptor) -> bool:
    return bool(_rules(field).ignore == validate_pb2.IGNORE_ALWAYS)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


_GOOD_TEXTS = ("a", "A", "01890a5d-ac96-774b-bcce-b302099a8057", "PT", "25-34", "TEXT_GENERATION", "a" * 20)


def smallest_request(method: MethodDescriptor) -> Message:
    """A request that breaks no rule and has nothing but what the rules ask for.

    Raises StopIteration where the rules ask for more than one value can give.
    """
    request: Message = message_factory.GetMessageClass(method.input_type)()
    while found := validation.violations(request):
        *steps, last = found[0].field.split(".")
        message: Any = request
        for step in steps:
            name, _, index = step.partition("[")
            inner = getattr(message, name)
            message = inner[int(index.removesuffix("]"))] if index else inner
        kind = message.DESCRIPTOR
        oneof = kind.oneofs_by_name.get(last)
        _fill(message, oneof.fields[0] if oneof else kind.fields_by_name[last])
    return request


def _fill(message: Any, field: FieldDescriptor) -> None:
    """Gives a field the first value with which it is at fault no longer."""
    if field.message_type is not None:
        inner = getattr(message, field.name)
        inner.add() if field.is_repeated else inner.SetInParent()
        return
    candidates: Any = _GOOD_TEXTS if field.type == FieldDescriptor.TYPE_STRING else (1, 2, 3, 0.5, 10)
    if field.is_repeated:
        getattr(message, field.name).append(candidates[0])
        return
    for candidate in candidates:
        setattr(message, field.name, candidate)
        if field.name not in {each.field for each in validation.violations(message)}:
            return
    raise StopIteration(field.full_name)

"""Random and hostile messages of any type, made from its descriptor."""

from __future__ import annotations

from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

DEEPEST = 4
"""Levels of messages in messages; structs can be built without end."""

_32 = 2**31
_64 = 2**63
_HOSTILE_TEXTS = [
    "",
    "\0",
    "a\0b",
    " ",
    "' OR 1=1 --",
    "%s%n{0}{}",
    "../../etc/passwd",
    "\u202e\u200b\ufeff",
    "\U0001f525" * 40,
    "a" * 5000,
    "not-a-uuid",
    "01890a5d-ac96-774b-bcce-b302099a8057",
    "operations/01890a5d-ac96-774b-bcce-b302099a8057",
    "TEXT_GENERATION",
    "Europe/Berlin",
    "create_time",
    "*",
]
_texts = st.one_of(st.sampled_from(_HOSTILE_TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
_numbers = {
    FieldDescriptor.CPPTYPE_INT32: st.one_of(st.sampled_from([0, 1, -1, _32 - 1, -_32]), st.integers(-_32, _32 - 1)),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2 * _32 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.one_of(
        st.sampled_from([0, 1, -1, _64 - 1, -_64, 2**53, -62135596800, 253402300799]), st.integers(-_64, _64 - 1)
    ),
    FieldDescriptor.CPPTYPE_UINT64: st.integers(0, 2 * _64 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
}


def messages(descriptor: Descriptor, texts: st.SearchStrategy[str] = _texts) -> st.SearchStrategy[Message]:
    """Messages of this type with any of their fields set to anything their wire format can carry."""
    return st.builds(_built, st.just(descriptor), _fields(descriptor, texts, DEEPEST))


def texts_with(*known: str) -> st.SearchStrategy[str]:
    """Hostile texts, and often one of those that mean something, such as an id of a post."""
    return st.one_of(st.sampled_from(known), st.sampled_from(known), _texts)


def _built(descriptor: Descriptor, values: dict[str, Any]) -> Message:
    built: Message = message_factory.GetMessageClass(descriptor)(**values)
    return built


def _fields(descriptor: Descriptor, texts: st.SearchStrategy[str], depth: int) -> st.SearchStrategy[dict[str, Any]]:
    chosen = {field.name: _field(field, texts, depth) for field in descriptor.fields if _fits(field, depth)}
    # Of a oneof the last one set is the one that counts, as on the wire.
    return st.fixed_dictionaries({}, optional=chosen)


def _fits(field: FieldDescriptor, depth: int) -> bool:
    return depth > 0 or field.message_type is None


def _field(field: FieldDescriptor, texts: st.SearchStrategy[str], depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        return st.dictionaries(_one(key, texts, depth), _one(value, texts, depth - 1), max_size=2)
    one = _one(field, texts, depth)
    return st.lists(one, max_size=3) if field.is_repeated else one


def _one(field: FieldDescriptor, texts: st.SearchStrategy[str], depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return st.deferred(lambda: messages_at(field.message_type, texts, depth - 1))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=30)
    if field.type == FieldDescriptor.TYPE_STRING:
        return texts
    if field.enum_type is not None:
        numbers = [value.number for value in field.enum_type.values]
        return st.one_of(st.sampled_from(numbers), st.sampled_from([-1, 99, _32 - 1, -_32]))
    return _numbers[field.cpp_type]


def messages_at(descriptor: Descriptor, texts: st.SearchStrategy[str], depth: int) -> st.SearchStrategy[Message]:
    """The same at a level of its own."""
    return st.builds(_built, st.just(descriptor), _fields(descriptor, texts, depth))

"""Who takes part: a condition over a unit's attributes, compiled once into a function that answers in microseconds.

An attribute is a string, a number, a boolean or a list of these; a dot reaches into nested ones ("device.os"). An
attribute that is missing, or of a kind that can't be compared, fulfils no condition about it but `Negation` and
`Exists(present=False)`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from groundswell_server.experiments.design.semantic_versions import precedence

Scalar = str | float | bool
Attributes = Mapping[str, Any]
Predicate = Callable[[Attributes], bool]

DEEPEST = 32
"""Levels to which conditions nest; a deeper one is refused."""


class Operator(IntEnum):
    """How a value is compared; names and numbers are those of the contract."""

    UNSPECIFIED = 0
    LESS = 1
    LESS_OR_EQUAL = 2
    GREATER = 3
    GREATER_OR_EQUAL = 4
    EQUAL = 5
    NOT_EQUAL = 6


_OPERATORS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
}


@dataclass(frozen=True, slots=True)
class Equals:
    """The attribute is this value; true is not 1."""

    attribute: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """The attribute is one of these values, or a list with one of them in it."""

    attribute: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """The attribute is less or greater than this: numbers with numbers, strings with strings by their characters."""

    attribute: str
    operator: Operator
    value: str | float


@dataclass(frozen=True, slots=True)
class Contains:
    """The attribute is a list with this value in it, or a string with this string in it."""

    attribute: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Version:
    """The attribute is a version that stands so to this one: 1.10 is greater than 1.9."""

    attribute: str
    operator: Operator
    version: str


@dataclass(frozen=True, slots=True)
class Exists:
    """The attribute is there and not null; or, with `present` false, it isn't."""

    attribute: str
    present: bool = True


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these; true when there is none."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these; false when there is none."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """Not this."""

    condition: Condition


Condition = Equals | In | Compare | Contains | Version | Exists | AllOf | AnyOf | Negation


def compile_condition(condition: Condition, depth: int = 1) -> Predicate:
    """The function that says whether a unit's attributes fulfil the condition. ValueError: nested beyond `DEEPEST`."""
    if depth > DEEPEST:
        raise ValueError(f"conditions nest to {DEEPEST} levels")
    match condition:
        case AllOf(conditions):
            every = tuple(compile_condition(inner, depth + 1) for inner in conditions)
            return lambda attributes: all(holds(attributes) for holds in every)
        case AnyOf(conditions):
            some = tuple(compile_condition(inner, depth + 1) for inner in conditions)
            return lambda attributes: any(holds(attributes) for holds in some)
        case Negation(inner):
            holds = compile_condition(inner, depth + 1)
            return lambda attributes: not holds(attributes)
        case _:
            read, accepts = _reader(condition.attribute), _test(condition)
            return lambda attributes: accepts(read(attributes))


def _test(condition: Equals | In | Compare | Contains | Version | Exists) -> Callable[[Any], bool]:
    """What the value of the attribute, None where it is missing, has to pass."""
    match condition:
        case Equals(_, value):
            wanted = _key(value)
            return lambda found: _key(found) == wanted
        case In(_, values):
            allowed = frozenset(map(_key, values))
            return lambda found: (
                any(_key(entry) in allowed for entry in found)
                if isinstance(found, list | tuple)
                else _key(found) in allowed
            )
        case Compare(_, sign, value):
            compare, kind = _OPERATORS[sign], _kind(value)
            return lambda found: _kind(found) is kind and compare(found, value)
        case Contains(_, value):
            return _containing(value)
        case Version(_, sign, version):
            compare, bound = _OPERATORS[sign], precedence(version)
            return lambda found: isinstance(found, str) and compare(precedence(found), bound)
        case Exists(_, present):
            return lambda found: (found is not None) is present


def _containing(value: Scalar) -> Callable[[Any], bool]:
    wanted = _key(value)

    def accepts(found: Any) -> bool:
        if isinstance(found, str):
            return isinstance(value, str) and value in found
        return isinstance(found, list | tuple) and any(_key(entry) == wanted for entry in found)

    return accepts


def _reader(attribute: str) -> Callable[[Attributes], Any]:
    """Reads an attribute: by its name, or step by step where the name has dots."""
    first, *deeper = attribute.split(".")
    if not deeper:
        return lambda attributes: attributes.get(attribute)

    def read(attributes: Attributes) -> Any:
        found = attributes.get(first)
        for name in deeper:
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    return read


def _kind(value: Any) -> type | None:
    """What may be compared with each other: numbers, or strings."""
    if isinstance(value, str):
        return str
    return float if isinstance(value, int | float) and not isinstance(value, bool) else None


def _key(value: Any) -> tuple[type, Any] | None:
    """Equal for equal values of one kind, so that true is not 1; None for what is no scalar."""
    if isinstance(value, bool):
        return bool, value
    kind = _kind(value)
    return (kind, value) if kind is not None else None

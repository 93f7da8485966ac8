"""Targeting: conditions over a unit's attributes, each compiled once into a predicate that takes microseconds.

An attribute is a string, a number, a boolean or a list of these. A dot in a name reads a nested attribute
("device.os"). An attribute that is missing, or that has a type which cannot be compared, satisfies no condition except
`Negation` and `Exists(present=False)`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from groundswell_server.experiments.design.semantic_versions import precedence

Scalar = str | float | bool
Attributes = Mapping[str, Any]
Predicate = Callable[[Attributes], bool]

MAX_DEPTH = 32
"""The deepest nesting of conditions that is accepted."""


class Operator(IntEnum):
    """The comparison operators; names and numbers are those of the contract."""

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
    """The attribute equals this value. The boolean true does not equal the number 1."""

    tag: ClassVar[str] = "equals"

    attribute: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """The attribute is one of these values, or a list that contains one of them."""

    tag: ClassVar[str] = "in"

    attribute: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """The attribute compares with this value: numbers with numbers, strings with strings by code point."""

    tag: ClassVar[str] = "compare"

    attribute: str
    operator: Operator
    value: str | float


@dataclass(frozen=True, slots=True)
class Contains:
    """The attribute is a list that contains this value, or a string that contains this string."""

    tag: ClassVar[str] = "contains"

    attribute: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Version:
    """The attribute is a version that compares with this one: 1.10 is greater than 1.9."""

    tag: ClassVar[str] = "version"

    attribute: str
    operator: Operator
    version: str


@dataclass(frozen=True, slots=True)
class Exists:
    """The attribute exists and is not null; with `present` false, it is missing or null."""

    tag: ClassVar[str] = "exists"

    attribute: str
    present: bool = True


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these conditions hold; true without any."""

    tag: ClassVar[str] = "all"

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these conditions holds; false without any."""

    tag: ClassVar[str] = "any"

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """This condition does not hold."""

    tag: ClassVar[str] = "negation"

    condition: Condition


Condition = Equals | In | Compare | Contains | Version | Exists | AllOf | AnyOf | Negation


def compile_condition(condition: Condition, depth: int = 1) -> Predicate:
    """Returns the predicate of a condition over attributes; raises ValueError for nesting beyond `MAX_DEPTH`."""
    if depth > MAX_DEPTH:
        raise ValueError(f"must nest conditions at most {MAX_DEPTH} levels deep")
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
    """Returns the test of the attribute's value, which is None for a missing attribute."""
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
    """Returns the reader of an attribute; a name with dots is read step by step."""
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
    """Returns the type by which a value is ordered: float for numbers, str for strings, None for everything else."""
    if isinstance(value, str):
        return str
    return float if isinstance(value, int | float) and not isinstance(value, bool) else None


def _key(value: Any) -> tuple[type, Any] | None:
    """Returns a key that is equal for equal values of one type, so that true is not 1; None for other values."""
    if isinstance(value, bool):
        return bool, value
    kind = _kind(value)
    return (kind, value) if kind is not None else None

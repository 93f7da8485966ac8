"""Messages of targeting conditions."""

from __future__ import annotations

from typing import Any

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.experiments.design.design import invalid
from groundswell_server.experiments.design.targeting_conditions import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Equals,
    Exists,
    In,
    Negation,
    Operator,
    Scalar,
    Version,
)


def condition_in(message: pb.Condition) -> Condition:
    """Returns the condition of a message that is valid under the contract."""
    which = message.WhichOneof("kind") or ""
    found = getattr(message, which)
    match which:
        case "equals":
            return Equals(found.attribute, _scalar_in(found.value))
        case "in":
            return In(found.attribute, tuple(map(_scalar_in, found.values)))
        case "compare":
            return Compare(found.attribute, Operator(found.operator), _ordered_in(found.value))
        case "contains":
            return Contains(found.attribute, _scalar_in(found.value))
        case "version":
            return Version(found.attribute, Operator(found.operator), found.version)
        case "exists":
            return Exists(found.attribute, found.present if found.HasField("present") else True)
        case "negation":
            return Negation(condition_in(found))
        case _:
            kind = AllOf if which == "all" else AnyOf
            return kind(tuple(map(condition_in, found.conditions)))


def _scalar_in(message: pb.AttributeValue) -> Scalar:
    value: Scalar = getattr(message, message.WhichOneof("value") or "text")
    return value


def _ordered_in(message: pb.AttributeValue) -> str | float:
    if message.WhichOneof("value") == "flag":
        raise invalid("targeting", "must compare with a number or a text: flags have no order")
    return message.text if message.WhichOneof("value") == "text" else message.number


def fill_condition(message: pb.Condition, condition: Condition) -> None:
    """Fills a message from a condition."""
    match condition:
        case AllOf(conditions) | AnyOf(conditions):
            group = message.all if isinstance(condition, AllOf) else message.any
            for one in conditions:
                fill_condition(group.conditions.add(), one)
        case Negation(inner):
            fill_condition(message.negation, inner)
        case _:
            _fill_test(getattr(message, condition.tag), condition)


def _fill_test(found: Any, condition: Equals | In | Compare | Contains | Version | Exists) -> None:
    found.attribute = condition.attribute
    match condition:
        case In(_, values):
            for one in values:
                _fill_scalar(found.values.add(), one)
        case Exists(_, present):
            found.present = present
        case Version(_, operator, version):
            found.operator, found.version = operator.value, version
        case Compare(_, operator, value):
            found.operator = operator.value
            _fill_scalar(found.value, value)
        case _:
            _fill_scalar(found.value, condition.value)


def _fill_scalar(message: pb.AttributeValue, value: Scalar) -> None:
    # A bool is also an int in Python, so it is tested first.
    if isinstance(value, bool):
        message.flag = value
    elif isinstance(value, str):
        message.text = value
    else:
        message.number = value

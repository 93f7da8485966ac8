"""Messages for people about violated constraints, in place of regular expressions and numbers of enums."""

from __future__ import annotations

from collections.abc import Mapping

from protovalidate import Violation

PATTERNS: Mapping[str, str] = {
    r"^\S+$": "must not hold spaces",
    r"^\w+$": "must be letters, digits and underscores",
    r"^[!-~]+$": "must be visible ASCII without spaces",
    r"^[A-Z][A-Z0-9_]*$": "must be capital letters, digits and underscores, such as TEXT_GENERATION",
    r"^#?[^\s#]+$": "must be one hashtag, without spaces",
    r"^@?[^\s@]+$": "must be one handle, without spaces",
    r"^[A-Z]{2}$": "must be a country's code of two capital letters, such as PT",
    r"^(\d{1,3}-\d{1,3}|\d{1,3}\+)$": "must be a span of ages, such as 25-34 or 65+",
    r"^[a-z][a-z_-]{0,29}$": "must be small letters, underscores and hyphens, at most 30",
    r"^[a-z][a-z0-9_]*$": "must be small letters, digits and underscores, such as conversion_rate",
    r"^[A-Za-z0-9_.:-]+$": "must be letters, digits and the characters _ . : -",
    r"^[A-Za-z0-9_.:/-]+$": "must be letters, digits and the characters _ . : / -",
}
"""A message for each pattern of the contract. A test fails on a pattern without one."""

_BOUNDS: Mapping[str, str] = {
    "must be greater than or equal to": "must be at least",
    "less than or equal to": "at most",
}
"""Phrases of protovalidate with shorter ones."""

_RULES: Mapping[str, str] = {
    "timestamp.lt_now": "must be in the past",
    "timestamp.gt_now": "must be in the future",
    "enum.defined_only": "must be a value of the contract",
    "enum.not_in": "must be given",
    "string.uuid_empty": "must be given",
}


def description(violation: Violation) -> str:
    """Returns the description of a violation for people."""
    rule = violation.proto.rule_id
    if rule == "string.pattern":
        return PATTERNS.get(violation.rule_value, violation.proto.message)
    if rule == "string.min_len" and violation.rule_value == 1:
        return "must be given"
    return _RULES.get(rule) or _in_short(violation.proto.message) or rule


def _in_short(message: str) -> str:
    for long, short in _BOUNDS.items():
        message = message.replace(long, short)
    return message

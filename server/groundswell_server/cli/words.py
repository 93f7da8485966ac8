"""Values of enums as people read them."""

from __future__ import annotations

from typing import Any


def word(enum: Any, number: int) -> str:
    """The name of a value without the prefix that all of its enum share: METRIC_ROLE_GUARDRAIL is `guardrail`."""
    prefix = enum.Name(0).removesuffix("UNSPECIFIED")
    name: str = enum.Name(number)
    return name.removeprefix(prefix).lower()

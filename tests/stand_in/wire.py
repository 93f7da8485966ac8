"""What goes over the wire, before and after HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that was made."""

    method: str
    path: str
    parameters: Mapping[str, str]
    token: str
    """From the header or the parameters."""
    body: Any
    time: float
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What it is answered."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

"""What the generated clients say about a call: constants that the runtime reads, one a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

Req = TypeVar("Req", bound=Message)
Res = TypeVar("Res", bound=Message)
Item = TypeVar("Item")
Result = TypeVar("Result", bound=Message)

Metadata = Sequence[tuple[str, str | bytes]]
"""Metadata of a call: pairs of a lower-case name and a value; bytes only under names that end with `-bin`."""


@dataclass(frozen=True, slots=True)
class Method(Generic[Req, Res]):
    """A call of a service."""

    path: str
    """Full name of the call, such as `/groundswell.v1.LearningService/GetModel`."""

    request_type: type[Req]
    """Class of its request, or of each message of the stream that is sent."""

    response_type: type[Res]
    """Class of its response, or of each message of the stream that comes back."""

    changes: bool = False
    """True when its request has a `request_id`: it changes something and may be repeated under the same id."""

    resumes: bool = False
    """True when its stream can go on after the `cursor` of the last message that came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagedMethod(Method[Req, Res], Generic[Req, Res, Item]):
    """A list call: its request has a `page_token`, its response a `next_page_token`."""

    item_type: type[Item]
    """Class of the items."""

    item_field: str
    """Name of the field of the response that holds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationMethod(Method[Req, Res], Generic[Req, Res, Result]):
    """A call that begins long work: its response has nothing but an `operation`."""

    result_type: type[Result]
    """Class of what the operation results in."""

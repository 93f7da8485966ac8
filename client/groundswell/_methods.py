"""Descriptions of calls: the constants of the generated clients, one per call."""

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
    """Full path of the call, such as `/groundswell.v1.LearningService/GetModel`."""

    request_type: type[Req]
    """Class of its request, or of each message of the stream that is sent."""

    response_type: type[Res]
    """Class of its response, or of each message of the stream that comes back."""

    changes: bool = False
    """True when its request has a `request_id`, under which a change can be repeated safely."""

    resumes: bool = False
    """True when its stream can resume after the `cursor` of the last message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagedMethod(Method[Req, Res], Generic[Req, Res, Item]):
    """A list call: its request has a `page_token`, its response a `next_page_token`."""

    item_type: type[Item]
    """Class of the items."""

    item_field: str
    """Name of the field of the response that holds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationMethod(Method[Req, Res], Generic[Req, Res, Result]):
    """A call that starts a long-running operation: its response has only an `operation`."""

    result_type: type[Result]
    """Class of the operation's result."""

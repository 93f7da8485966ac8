"""Bytes into requests. What cannot be read is passed on as such, to be refused with details by the validation stage.

Raised here, it would come before all stages: the caller would get UNKNOWN without a reason, and nobody would count it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message

from groundswell_storage.errors import GroundswellError, InvalidArgument, ResourceExhausted


@dataclass(frozen=True, slots=True)
class Unreadable:
    """In place of a request that cannot be read."""

    error: GroundswellError


def decoder(message_class: type[Message], max_bytes: int) -> Callable[[bytes], Any]:
    """A deserializer for grpc.aio that never raises."""
    parse = message_class.FromString

    def decode(data: bytes) -> Any:
        if len(data) > max_bytes:
            return Unreadable(_too_large(len(data), max_bytes))
        try:
            return parse(data)
        except DecodeError:
            message = f"the request is no {message_class.DESCRIPTOR.full_name}"
            return Unreadable(InvalidArgument([], message=message, reason="VALIDATION_FAILED"))

    return decode


def _too_large(size: int, max_bytes: int) -> ResourceExhausted:
    return ResourceExhausted(
        f"the message has {size} bytes, {max_bytes} are accepted: send less at once",
        reason="MESSAGE_TOO_LARGE",
        metadata={"size": str(size), "limit": str(max_bytes)},
    )

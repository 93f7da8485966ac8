"""The decoder of requests. It passes on a request that cannot be read, which the validation stage refuses.

An error raised here would precede all stages: the caller would get UNKNOWN without a reason, and no metric would count
the call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message

from groundswell_storage.errors import GroundswellError, InvalidArgument, ResourceExhausted


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Replaces a request that cannot be read."""

    error: GroundswellError


def decoder(message_class: type[Message], max_bytes: int) -> Callable[[bytes], Any]:
    """Returns a deserializer for grpc.aio that never raises."""
    parse = message_class.FromString

    def decode(data: bytes) -> Any:
        if len(data) > max_bytes:
            return Unreadable(_too_large(len(data), max_bytes))
        try:
            return parse(data)
        except DecodeError:
            message = f"the request cannot be decoded as {message_class.DESCRIPTOR.full_name}"
            return Unreadable(InvalidArgument([], message=message, reason="VALIDATION_FAILED"))

    return decode


def _too_large(size: int, max_bytes: int) -> ResourceExhausted:
    return ResourceExhausted(
        f"a message must be at most {max_bytes} bytes, got {size}: send less at once",
        reason="MESSAGE_TOO_LARGE",
        metadata={"size": str(size), "limit": str(max_bytes)},
    )

"""Bytes into requests. What cannot be read is passed on as such, to be refused with details by the validation stage.

Raised here, it would come before all stages: the caller would get UNKNOWN without a reason, and nobody would count it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from google.protobuf.message import DecodeError, Message

MALFORMED: Final = object()
"""In place of a request whose bytes are no message of its type."""


def decoder(message_class: type[Message]) -> Callable[[bytes], Any]:
    """A deserializer for grpc.aio that never raises."""
    parse = message_class.FromString

    def decode(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            return MALFORMED

    return decode

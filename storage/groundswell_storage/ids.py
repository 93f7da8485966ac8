"""Identifiers: UUIDs of version 7 (RFC 9562), which sort by their time of creation."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from datetime import datetime

from groundswell_storage.fields import to_micros

_STEPS_PER_MILLISECOND = 4096
"""The 12 bits after the millisecond hold its fraction (RFC 9562, section 6.2, method 3): steps of 244 ns."""


class _Steps:
    """A clock whose steps never repeat, even when the system's clock stops or is set back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        milliseconds, rest = divmod(time.time_ns(), 1_000_000)
        step = milliseconds * _STEPS_PER_MILLISECOND + rest * _STEPS_PER_MILLISECOND // 1_000_000
        with self._lock:
            self._last = step = max(step, self._last + 1)
        return step


_steps = _Steps()


def uuid7() -> str:
    """Returns a new identifier of the usual 36 characters.

    Ids of one process are strictly increasing, across its threads too. Inserting them touches one edge of an index;
    random ids halve the speed of inserts.
    """
    milliseconds, fraction = divmod(_steps.next(), _STEPS_PER_MILLISECOND)
    return _written(milliseconds, fraction, int.from_bytes(os.urandom(8), "big"))


def derived_uuid7(time: datetime, *names: str) -> str:
    """Returns the identifier derived from a time and names: always the same for the same ones.

    74 bits of SHA-256 take the place of random bits.
    """
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    milliseconds = to_micros(time) // 1000
    return _written(milliseconds, int.from_bytes(digest[8:10], "big") & 0xFFF, int.from_bytes(digest[:8], "big"))


def _written(milliseconds: int, fraction: int, tail: int) -> str:
    digits = f"{milliseconds:012x}7{fraction:03x}{tail & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

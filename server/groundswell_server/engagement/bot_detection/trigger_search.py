"""Searches many texts at once for the words of a table.

The texts are concatenated as bytes. At each beginning of a word the next 8 bytes are read as one number, and NumPy
looks the numbers up in a hash table: some 10 ns for a character, where a regular expression takes 80.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.text_normalization import SEPARATOR

TRIGGER_BYTES: Final = 8
"""Bytes of a trigger that are compared."""

_LOWER_AND_SPACES: Final = bytes(
    ord(" ") if chr(byte).isspace() and byte < 128 and byte != 0x1E else byte + 32 if 65 <= byte <= 90 else byte
    for byte in range(256)
)
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_HASH_BITS: Final = 16


class TriggerTable:
    """Words, each with the set of tasks (bits of a number) that examine the texts with this word.

    A trigger matches where a word of a text begins with it, in any case. It may contain single spaces; one that begins
    with a dot matches anywhere. A trigger has at least 2 bytes, and only its first 8 are compared.
    """

    __slots__ = ("_beginnings", "_groups")

    def __init__(self, tasks_of: Mapping[str, int]) -> None:
        cut: dict[bytes, int] = {}
        for word, tasks in tasks_of.items():
            begin = word.encode()[:TRIGGER_BYTES]
            cut[begin] = cut.get(begin, 0) | tasks
        numbers = {int.from_bytes(word, "little"): tasks for word, tasks in cut.items()}
        self._beginnings = np.zeros(1 << 16, np.bool_)
        self._beginnings[[number & 0xFFFF for number in numbers]] = True
        lengths = sorted(set(map(len, cut)))
        self._groups = [
            _Group(length, {number: tasks for number, tasks in numbers.items() if number.bit_length() > 8 * length - 8})
            for length in lengths
        ]

    def find(self, texts: ConcatenatedTexts) -> list[tuple[int, int]]:
        """Returns (position of the text, tasks) of each text with a trigger, by position."""
        starts = _word_starts(texts.data)
        words = _eight_bytes(texts.data, starts)
        likely = self._beginnings[(words & np.uint64(0xFFFF)).astype(np.int64)]
        starts, words = starts[likely], words[likely]
        tasks = np.zeros(len(starts), np.int64)
        for group in self._groups:
            group.mark(words, tasks)
        rows, tasks = np.searchsorted(texts.ends, starts[tasks > 0], side="right"), tasks[tasks > 0]
        if not len(rows):
            return []
        edges = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
        return list(zip(rows[edges].tolist(), np.bitwise_or.reduceat(tasks, edges).tolist(), strict=True))


class _Group:
    """Triggers of one length."""

    __slots__ = ("_mask", "_maybe", "_tasks", "_words")

    def __init__(self, length: int, tasks_of: Mapping[int, int]) -> None:
        ascending = sorted(tasks_of)
        self._mask = np.uint64((1 << 8 * length) - 1)
        self._words = np.array(ascending, np.uint64)
        self._tasks = np.array([tasks_of[word] for word in ascending], np.int64)
        self._maybe = np.zeros(1 << _HASH_BITS, np.bool_)
        self._maybe[_hash(self._words)] = True

    def mark(self, words: NDArray[np.uint64], tasks: NDArray[np.int64]) -> None:
        """Adds the tasks of the triggers with which `words` begin."""
        begin = words & self._mask
        at = np.flatnonzero(self._maybe[_hash(begin)])
        near = np.minimum(np.searchsorted(self._words, begin[at]), len(self._words) - 1)
        tasks[at] |= np.where(self._words[near] == begin[at], self._tasks[near], 0)


class ConcatenatedTexts:
    """Texts concatenated as bytes: ASCII in lower case, white space as single spaces."""

    __slots__ = ("_joined", "data", "ends")

    def __init__(self, texts: Sequence[str]) -> None:
        encoded = [text.encode() if SEPARATOR not in text else text.replace(SEPARATOR, " ").encode() for text in texts]
        joined = SEPARATOR.encode().join(encoded).translate(_LOWER_AND_SPACES)
        while b"  " in joined:
            joined = joined.replace(b"  ", b" ")
        self._joined = joined
        self.data: NDArray[np.uint8] = np.frombuffer(joined, np.uint8)
        self.ends: NDArray[np.int64] = np.r_[np.flatnonzero(self.data == ord(SEPARATOR)), len(self.data)]
        """The end of each text in `data`."""

    def text(self, position: int) -> str:
        """Returns one of the texts, in lower case (ASCII) and with single spaces."""
        return self._joined[self.ends[position - 1] + 1 if position else 0 : self.ends[position]].decode()

    def count(self, found: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Returns the number of bytes of each text for which `found` is true."""
        total = np.zeros(len(found) + 1, np.int64)
        np.cumsum(found, out=total[1:])
        return np.diff(total[self.ends], prepend=0)


def _hash(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    return ((words * _MULTIPLIER) >> np.uint64(64 - _HASH_BITS)).astype(np.int64)


def _word_starts(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Returns the positions of ASCII letters and digits that begin a word, and of dots."""
    word = _IN_WORD[data]
    starts = word.copy()
    starts[1:] &= ~word[:-1]
    return np.flatnonzero(starts | (data == ord(".")))


def _eight_bytes(data: NDArray[np.uint8], starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Returns the 8 bytes from each position on as a little-endian number, padded with zeros."""
    padded = np.r_[data, np.zeros(2 * TRIGGER_BYTES - len(data) % TRIGGER_BYTES, np.uint8)]
    shifted = np.stack(
        [padded[shift : len(padded) - TRIGGER_BYTES + shift].view("<u8") for shift in range(TRIGGER_BYTES)]
    )
    found: NDArray[np.uint64] = shifted[starts % TRIGGER_BYTES, starts // TRIGGER_BYTES]
    return found


def _character_table(characters: Iterable[str]) -> NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[[ord(character) for character in characters]] = True
    return table


_IN_WORD: Final = _character_table("abcdefghijklmnopqrstuvwxyz0123456789_")

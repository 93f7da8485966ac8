"""A batch of events in columns, and its outcome. A column is read or written in one step, regardless of its length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple, Self

_ID_BYTES = 16
_VERSION_7 = bytes(byte >> 4 == 7 for byte in range(256))
"""For each byte that can hold the version, 1 when the version is 7."""
_VARIANT = bytes(byte >> 6 == 2 for byte in range(256))
"""For each byte that can hold the variant, 1 when it is the variant of RFC 9562."""
_HYPHENS = (8, 13, 18, 23)
_TEXT_LENGTH = 36


class Events(NamedTuple):
    """Events in columns: the values at the same position of every column belong to one event."""

    ids: Sequence[bytes]
    """16 bytes each; empty for an id that is not a UUID."""
    experiment_keys: Sequence[str]
    units: Sequence[str]
    names: Sequence[str]
    values: Sequence[float]
    times: Sequence[int]
    """Microseconds since 1970."""
    places: Sequence[int]
    """Positions in the batch as sent, from 0."""
    unreadable: Mapping[int, str] = {}
    """Descriptions of the events that could not be read, by their position in the batch."""

    def at(self, positions: Sequence[int]) -> Self:
        """Returns the events at these positions, in this order."""
        columns: dict[str, Any] = {
            name: [column[position] for position in positions]
            for name, column in zip(self._fields[:-1], self[:-1], strict=True)
        }
        return self._replace(**columns)

    def kinds(self) -> set[tuple[str, str]]:
        """Returns the pairs of experiment key and event name that occur in the batch."""
        keys, names = set(self.experiment_keys), set(self.names)
        if len(keys) == 1 or len(names) == 1:
            return set(product(keys, names))
        return set(zip(self.experiment_keys, self.names, strict=True))

    def by_experiment(self) -> dict[str, Self]:
        """Returns the events of each experiment, by its key."""
        keys = set(self.experiment_keys)
        if len(keys) == 1:
            return {keys.pop(): self}
        positions: dict[str, list[int]] = {key: [] for key in keys}
        for position, key in enumerate(self.experiment_keys):
            positions[key].append(position)
        return {key: self.at(mine) for key, mine in positions.items()}

    def by_id(self) -> Self:
        """Returns the events in the order of their ids, which is nearly always the order in which they were sent."""
        ordered = sorted(self.ids)
        if self.ids == ordered:
            return self
        return self.at(sorted(range(len(ordered)), key=self.ids.__getitem__))


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that was not recorded."""

    index: int
    """The position of the event in the batch, from 0."""
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of recording a batch."""

    recorded_count: int
    duplicate_count: int
    refused: tuple[Refusal, ...]


def ids_of_texts(texts: Sequence[str]) -> list[bytes]:
    """Returns the 16 bytes of each UUID in its usual 36 characters; empty bytes for a text that is not a UUID."""
    joined = "".join(texts)
    if _are_canonical(texts, joined):
        try:
            ids = ids_of_bytes(bytes.fromhex(joined.replace("-", "")))
        except ValueError:
            pass
        else:
            if len(ids) == len(texts):
                return ids
    return [b""] if len(texts) == 1 else [id for text in texts for id in ids_of_texts([text])]


def ids_of_bytes(joined: bytes) -> list[bytes]:
    """Splits a byte string into the ids that it consists of."""
    return [joined[start : start + _ID_BYTES] for start in range(0, len(joined), _ID_BYTES)]


def id_at(joined: bytes, position: int) -> bytes:
    """Returns the id at a position of such a byte string."""
    return joined[position * _ID_BYTES : (position + 1) * _ID_BYTES]


def are_uuid7(ids: Sequence[bytes]) -> bool:
    """Returns True when all ids are UUIDs of version 7 (RFC 9562)."""
    joined = b"".join(ids)
    return (
        len(joined) == _ID_BYTES * len(ids)
        and set(map(len, ids)) <= {_ID_BYTES}
        and 0 not in joined[6::_ID_BYTES].translate(_VERSION_7)
        and 0 not in joined[8::_ID_BYTES].translate(_VARIANT)
    )


def _are_canonical(texts: Sequence[str], joined: str) -> bool:
    """Returns True when all texts have 36 characters with hyphens exactly where a UUID has them."""
    hyphens = "-" * len(texts)
    return (
        set(map(len, texts)) == {_TEXT_LENGTH}
        and all(joined[place::_TEXT_LENGTH] == hyphens for place in _HYPHENS)
        and joined.count("-") == len(_HYPHENS) * len(texts)
    )

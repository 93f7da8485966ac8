"""A batch of events, column by column: a column is read and written in one step, whatever its length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple, Self

_ID_BYTES = 16
_VERSION_7 = bytes(byte >> 4 == 7 for byte in range(256))
"""By the byte that holds it, whether the version is 7."""
_VARIANT = bytes(byte >> 6 == 2 for byte in range(256))
"""By the byte that holds it, whether the variant is that of RFC 9562."""
_HYPHENS = (8, 13, 18, 23)
_TEXT_LENGTH = 36


class Events(NamedTuple):
    """Events as they were sent, those at the same place of every column belonging together."""

    ids: Sequence[bytes]
    """16 bytes; none for an id that is no UUID."""
    experiment_keys: Sequence[str]
    units: Sequence[str]
    names: Sequence[str]
    values: Sequence[float]
    times: Sequence[int]
    """Microseconds since 1970."""
    places: Sequence[int]
    """In the batch, from 0."""
    astray: Mapping[int, str] = {}
    """What is wrong with events that could not be read, by their place in the batch."""

    def at(self, positions: Sequence[int]) -> Self:
        """The events at some positions, in their order."""
        columns: dict[str, Any] = {
            name: [column[position] for position in positions]
            for name, column in zip(self._fields[:-1], self[:-1], strict=True)
        }
        return self._replace(**columns)

    def kinds(self) -> set[tuple[str, str]]:
        """Experiments' keys with the names of their events."""
        keys, names = set(self.experiment_keys), set(self.names)
        if len(keys) == 1 or len(names) == 1:
            return set(product(keys, names))
        return set(zip(self.experiment_keys, self.names, strict=True))

    def by_experiment(self) -> dict[str, Self]:
        """The events of each experiment."""
        keys = set(self.experiment_keys)
        if len(keys) == 1:
            return {keys.pop(): self}
        positions: dict[str, list[int]] = {key: [] for key in keys}
        for position, key in enumerate(self.experiment_keys):
            positions[key].append(position)
        return {key: self.at(mine) for key, mine in positions.items()}

    def by_id(self) -> Self:
        """The events in the order of their ids, as they were nearly always sent."""
        ordered = sorted(self.ids)
        if self.ids == ordered:
            return self
        return self.at(sorted(range(len(ordered)), key=self.ids.__getitem__))


def ids_of_texts(texts: Sequence[str]) -> list[bytes]:
    """The 16 bytes of UUIDs in their usual 36 characters; none of what is no UUID."""
    joined = "".join(texts)
    if _are_written_as_usual(texts, joined):
        try:
            ids = ids_of_bytes(bytes.fromhex(joined.replace("-", "")))
        except ValueError:
            pass
        else:
            if len(ids) == len(texts):
                return ids
    return [b""] if len(texts) == 1 else [id for text in texts for id in ids_of_texts([text])]


def ids_of_bytes(joined: bytes) -> list[bytes]:
    """Ids that were sent one after the other."""
    return [joined[start : start + _ID_BYTES] for start in range(0, len(joined), _ID_BYTES)]


def id_at(joined: bytes, position: int) -> bytes:
    """One of these."""
    return joined[position * _ID_BYTES : (position + 1) * _ID_BYTES]


def are_uuid7(ids: Sequence[bytes]) -> bool:
    """Whether all ids are UUIDs of version 7 (RFC 9562)."""
    joined = b"".join(ids)
    return (
        len(joined) == _ID_BYTES * len(ids)
        and set(map(len, ids)) <= {_ID_BYTES}
        and 0 not in joined[6::_ID_BYTES].translate(_VERSION_7)
        and 0 not in joined[8::_ID_BYTES].translate(_VARIANT)
    )


def _are_written_as_usual(texts: Sequence[str], joined: str) -> bool:
    """Whether all texts have 36 characters with hyphens where a UUID has them, and nowhere else."""
    hyphens = "-" * len(texts)
    return (
        set(map(len, texts)) == {_TEXT_LENGTH}
        and all(joined[place::_TEXT_LENGTH] == hyphens for place in _HYPHENS)
        and joined.count("-") == len(_HYPHENS) * len(texts)
    )

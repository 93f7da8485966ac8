"""Detects nearly equal texts with MinHash and locality-sensitive hashing.

A. Broder, "On the resemblance and containment of documents", 1997; J. Leskovec, A. Rajaraman, J. Ullman, "Mining of
Massive Datasets", chapter 3 (shingles, bands). NumPy computes the sketches of many texts at once, in a tenth of the
time of `datasketch`, which computes one after another and imports SciPy. A test compares the two.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS: Final = 64
"""Hash functions of a sketch."""
BANDS: Final = 16
ROWS: Final = 4
"""Rows of a band. With 16 bands, a pair of similarity 0.8 shares a band with probability 99.98%, a pair of 0.3 with
12%. Pairs that share a band are compared exactly."""
SIMILARITY: Final = 0.8
"""Jaccard similarity of the shingles from which two texts are near duplicates."""
SHINGLE: Final = 4
"""Bytes of a shingle. It is short enough that one changed word of ten leaves most shingles of a comment unchanged."""
_MAX_COMPARED: Final = 32
"""Candidates that a new text is compared with."""
_CHUNK: Final = 64
"""Texts that are sketched at once; more do not fit the cache."""
_GAP: Final = bytes(SHINGLE - 1)
"""Padding behind the last text, so that there are as many shingles as bytes."""

_RANDOM: Final = np.random.default_rng(1)
_FACTORS: Final = _RANDOM.integers(0, 1 << 32, (PERMUTATIONS, 1), np.uint32) | np.uint32(1)
_OFFSETS: Final = _RANDOM.integers(0, 1 << 32, (PERMUTATIONS, 1), np.uint32)
"""`factor * hash + offset` modulo 2^32 with an odd factor is a permutation of all 32-bit numbers."""
_BAND_FACTORS: Final = _RANDOM.integers(0, 1 << 64, (BANDS, ROWS), np.uint64)
_BAND_OFFSETS: Final = _RANDOM.integers(0, 1 << 64, BANDS, np.uint64)
"""Hash a band and its position to one number; collisions are resolved by the exact comparison."""


Sketches = Mapping[int, NDArray[np.uint32]]
"""Sketches of texts, by their keys."""
NONE_SKETCHED: Final[Sketches] = MappingProxyType({})


def sketch(texts: Sequence[str]) -> NDArray[np.uint32]:
    """Returns MinHash sketches, (n, PERMUTATIONS): the share of equal hashes estimates the Jaccard similarity.

    A shingle is `SHINGLE` consecutive bytes of the text in UTF-8; a shorter text is one shingle.
    """
    chunks = [_sketch_chunk(texts[start : start + _CHUNK]) for start in range(0, len(texts), _CHUNK)]
    return np.concatenate(chunks) if chunks else np.empty((0, PERMUTATIONS), np.uint32)


class NearDuplicates:
    """A bounded index of groups of nearly equal texts. The oldest texts are dropped first."""

    __slots__ = ("_capacity", "_first", "_group_of", "_others", "_texts")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._first: dict[int, int] = {}
        """The first text of a band. Most bands have one text only; the further ones are in `_others`."""
        self._others: dict[int, list[int]] = {}
        self._texts: OrderedDict[int, tuple[str, list[int]]] = OrderedDict()
        self._group_of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def __contains__(self, key: int) -> bool:
        return key in self._group_of

    def group_of(self, key: int) -> int | None:
        """Returns the group of a text, None for an unknown one."""
        return self._group_of.get(key)

    def like(self, key: int) -> set[int]:
        """Returns the texts of the same group."""
        group = self._group_of.get(key)
        return {other for other, its_group in self._group_of.items() if its_group == group}

    def groups_of(self, texts: Mapping[int, str], sketches: Sketches = NONE_SKETCHED) -> dict[int, int]:
        """Returns the group of each text (key to letters), which is the key of the group's first text.

        `sketches` are those that exist already.
        """
        new = [key for key in texts if key not in self._group_of]
        unknown = [key for key in new if key not in sketches]
        made = {**sketches, **dict(zip(unknown, sketch([texts[key] for key in unknown]), strict=True))}
        for key, bands in zip(new, _bands_of([made[key] for key in new]), strict=True):
            self._add(key, texts[key], bands)
        # A batch larger than the capacity is kept whole, because all its texts are counted.
        while len(self._texts) > max(self._capacity, len(texts)):
            self._forget(*self._texts.popitem(last=False))
        return {key: self._group_of.get(key, key) for key in texts}

    def _add(self, key: int, letters: str, bands: list[int]) -> None:
        first, others = self._first, self._others
        self._texts[key] = letters, bands
        if first.keys().isdisjoint(bands):  # most texts share no band
            self._group_of[key] = key
            first.update(dict.fromkeys(bands, key))
            return
        met = [text for band in bands if band in first for text in (first[band], *others.get(band, ()))]
        original = self._original_of(letters, met)
        self._group_of[key] = key if original is None else self._group_of[original]
        for band in bands:
            if first.setdefault(band, key) != key:
                others.setdefault(band, []).append(key)

    def _original_of(self, letters: str, met: Iterable[int]) -> int | None:
        """Returns the first candidate that the text is a near copy of."""
        others = islice(dict.fromkeys(met), _MAX_COMPARED)
        shingles = _shingles(letters)
        alike = (other for other in others if _resemblance(shingles, _shingles(self._texts[other][0])) >= SIMILARITY)
        return next(alike, None)

    def _forget(self, key: int, text: tuple[str, list[int]]) -> None:
        del self._group_of[key]
        for band in text[1]:
            others = self._others.get(band, [])
            if self._first[band] != key:
                others.remove(key)
            elif others:
                self._first[band] = others.pop(0)
            else:
                del self._first[band]
            if not others:
                self._others.pop(band, None)


def confirmed(pairs: Iterable[tuple[int, int]], texts: Mapping[int, str]) -> set[int]:
    """Returns the second key of each pair of keys whose texts (key to letters) are nearly equal."""
    shingles: dict[int, set[bytes]] = {}
    found: set[int] = set()
    for one, other in pairs:
        for key in (one, other):
            if key not in shingles:
                shingles[key] = _shingles(texts[key])
        if _resemblance(shingles[one], shingles[other]) >= SIMILARITY:
            found.add(other)
    return found


def _shingles(letters: str) -> set[bytes]:
    encoded = letters.encode()
    return {encoded[start : start + SHINGLE] for start in range(max(1, len(encoded) - SHINGLE + 1))}


def _resemblance(one: set[bytes], other: set[bytes]) -> float:
    """Returns the Jaccard similarity, 0 to 1."""
    return len(one & other) / len(one | other)


def _bands_of(sketches: Sequence[NDArray[np.uint32]]) -> list[list[int]]:
    """Returns the bands of each sketch as numbers; texts that share one are compared."""
    rows = np.array(sketches, np.uint64).reshape(-1, BANDS, ROWS)
    bands: list[list[int]] = ((rows * _BAND_FACTORS).sum(axis=2) + _BAND_OFFSETS).tolist()
    return bands


def _sketch_chunk(texts: Sequence[str]) -> NDArray[np.uint32]:
    encoded = [text.encode().ljust(SHINGLE, b"\0") for text in texts]
    lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
    data = np.frombuffer(b"".join([*encoded, _GAP]), np.uint8)
    shingles = np.lib.stride_tricks.sliding_window_view(data, SHINGLE)
    hashes = _mix(np.ascontiguousarray(shingles).view("<u4").ravel())
    # One row for each permutation: NumPy is four times as fast along contiguous memory.
    permuted = hashes * _FACTORS
    permuted += _OFFSETS
    # The texts are concatenated; the shingles that span two texts are the pieces that are left out.
    starts = np.cumsum(lengths) - lengths
    pieces = np.stack([starts, starts + lengths - (SHINGLE - 1)], axis=1).ravel()
    least: NDArray[np.uint32] = np.minimum.reduceat(permuted, pieces, axis=1)[:, ::2]
    return least.T


def _mix(numbers: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Returns MurmurHash3's finalizer (A. Appleby), which spreads numbers that differ in few bits over all 32."""
    numbers = (numbers ^ (numbers >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    numbers = (numbers ^ (numbers >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    mixed: NDArray[np.uint32] = numbers ^ (numbers >> np.uint32(16))
    return mixed

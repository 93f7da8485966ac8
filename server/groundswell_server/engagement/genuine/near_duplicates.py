"""Texts that are nearly the same: MinHash with locality-sensitive hashing.

A. Broder, "On the resemblance and containment of documents", 1997; J. Leskovec, A. Rajaraman, J. Ullman, "Mining of
Massive Datasets", chapter 3 (shingles, bands). The sketches of many texts are made at once, in NumPy: a tenth of the
time of `datasketch`, which makes one after another and brings SciPy with it. A test compares the two.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS: Final = 64
"""Hash functions of a sketch."""
BANDS: Final = 16
ROWS: Final = 4
"""16 bands of 4 rows: a pair that is alike to 0.8 meets with 99.98%, one alike to 0.3 with 12%. Who meets is compared
exactly."""
SIMILARITY: Final = 0.8
"""Jaccard similarity of their shingles from which two texts count as nearly the same."""
SHINGLE: Final = 4
"""Bytes of a shingle: short enough that one changed word of ten leaves most shingles of a comment as they were."""
_MOST_COMPARED: Final = 32
"""Texts that a new one is compared with: who meets more of them and is like none is like none."""
_CHUNK: Final = 64
"""Texts sketched at once: more do not fit the cache."""

_RANDOM: Final = np.random.default_rng(1)
_FACTORS: Final = _RANDOM.integers(0, 1 << 32, PERMUTATIONS, np.uint32) | np.uint32(1)
_OFFSETS: Final = _RANDOM.integers(0, 1 << 32, PERMUTATIONS, np.uint32)
"""`factor * hash + offset` modulo 2^32 with an odd factor is a permutation of all 32-bit numbers."""


def sketch(texts: Sequence[str]) -> NDArray[np.uint32]:
    """MinHash sketches of texts, (n, PERMUTATIONS): two agree in as large a part as the texts share of their shingles.

    A shingle is `SHINGLE` consecutive bytes of the text in UTF-8; a shorter text is one shingle.
    """
    chunks = [_sketch_chunk(texts[start : start + _CHUNK]) for start in range(0, len(texts), _CHUNK)]
    return np.concatenate(chunks) if chunks else np.empty((0, PERMUTATIONS), np.uint32)


class NearDuplicates:
    """Groups of nearly equal texts, over batches and bounded: the oldest texts are forgotten first."""

    __slots__ = ("_bands", "_capacity", "_group_of", "_texts")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._bands: defaultdict[tuple[int, bytes], list[int]] = defaultdict(list)
        self._texts: OrderedDict[int, tuple[str, NDArray[np.uint32]]] = OrderedDict()
        self._group_of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def groups_of(self, texts: Mapping[int, str]) -> dict[int, int]:
        """The group of each text (key to letters): the group of the first that it is a near copy of, or its own key."""
        new = [key for key in texts if key not in self._group_of]
        for key, sketched in zip(new, sketch([texts[key] for key in new]), strict=True):
            self._add(key, texts[key], sketched)
        # A batch stays whole even when it is larger than the capacity: its texts still have to be counted.
        while len(self._texts) > max(self._capacity, len(texts)):
            self._forget(*self._texts.popitem(last=False))
        return {key: self._group_of.get(key, key) for key in texts}

    def _add(self, key: int, letters: str, sketched: NDArray[np.uint32]) -> None:
        bands = [self._bands[band] for band in _bands_of(sketched)]
        met = islice(dict.fromkeys(other for texts in bands for other in texts), _MOST_COMPARED)
        shingles = _shingles(letters) if any(bands) else set()
        alike = (other for other in met if _resemblance(shingles, _shingles(self._texts[other][0])) >= SIMILARITY)
        original = next(alike, None)
        self._group_of[key] = key if original is None else self._group_of[original]
        self._texts[key] = letters, sketched
        for texts in bands:
            texts.append(key)

    def _forget(self, key: int, text: tuple[str, NDArray[np.uint32]]) -> None:
        del self._group_of[key]
        for band in _bands_of(text[1]):
            texts = self._bands[band]
            texts.remove(key)
            if not texts:
                del self._bands[band]


def _shingles(letters: str) -> set[bytes]:
    encoded = letters.encode()
    return {encoded[start : start + SHINGLE] for start in range(max(1, len(encoded) - SHINGLE + 1))}


def _resemblance(one: set[bytes], other: set[bytes]) -> float:
    """Jaccard similarity, 0 to 1."""
    return len(one & other) / len(one | other)


def _bands_of(sketched: NDArray[np.uint32]) -> list[tuple[int, bytes]]:
    """The bands of a sketch; texts that share one are compared."""
    data, width = sketched.tobytes(), ROWS * sketched.itemsize
    return [(band, data[band * width : (band + 1) * width]) for band in range(BANDS)]


def _sketch_chunk(texts: Sequence[str]) -> NDArray[np.uint32]:
    encoded = [text.encode().ljust(SHINGLE, b"\0") for text in texts]
    lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
    # The texts lie end to end: shingles that begin in one and end in the next are left out.
    starts = np.cumsum(lengths) - lengths
    data = np.frombuffer(b"".join(encoded), np.uint8)
    inside = np.ones(len(data) - SHINGLE + 1, np.bool_)
    for back in range(1, SHINGLE):
        inside[starts[1:] - back] = False
    shingles = np.lib.stride_tricks.sliding_window_view(data, SHINGLE)[inside]
    hashes = _mix(np.ascontiguousarray(shingles).view("<u4").ravel())
    counts = lengths - SHINGLE + 1
    permuted = hashes[:, None] * _FACTORS + _OFFSETS
    least: NDArray[np.uint32] = np.minimum.reduceat(permuted, np.cumsum(counts) - counts, axis=0)
    return least


def _mix(numbers: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """MurmurHash3's finalizer (A. Appleby): spreads numbers that differ in few bits over all 32."""
    numbers = (numbers ^ (numbers >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    numbers = (numbers ^ (numbers >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    mixed: NDArray[np.uint32] = numbers ^ (numbers >> np.uint32(16))
    return mixed

"""Texts that are nearly the same: MinHash with locality-sensitive hashing (`datasketch`).

A. Broder, "On the resemblance and containment of documents", 1997; J. Leskovec, A. Rajaraman, J. Ullman, "Mining of
Massive Datasets", chapter 3 (shingles, bands). `datasketch` brings SciPy with it and is imported when first needed.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datasketch import MinHash, MinHashLSH

PERMUTATIONS: Final = 64
"""Hash functions: the similarity is estimated with a standard error of 0.05 at 0.8."""
BANDS: Final = 16
ROWS: Final = 4
"""16 bands of 4 rows: a pair that is alike to 0.8 is met with 99.98%, one alike to 0.3 with 12%, to be sorted out."""
SIMILARITY: Final = 0.8
"""Jaccard similarity of their shingles from which two texts count as nearly the same."""
SHINGLE: Final = 4
"""Letters of a shingle: short enough that one changed word of ten leaves most shingles of a comment as they were."""


class NearDuplicates:
    """Groups of nearly equal texts, over batches and bounded: the oldest texts are forgotten first."""

    __slots__ = ("_capacity", "_group_of", "_index", "_single", "_sketches")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._index: MinHashLSH | None = None
        self._sketches: OrderedDict[int, MinHash] = OrderedDict()
        self._group_of: dict[int, int] = {}
        self._single: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._sketches)

    def groups_of(self, texts: Mapping[int, str]) -> dict[int, int]:
        """The group of each text (key to letters): the key of the first that it is a near copy of, or its own."""
        self._single.update((key, letters) for key, letters in texts.items() if key not in self._group_of)
        if len(self._single) > (self._index is None):
            self._add(list(self._single.items()))
            self._single.clear()
        return {key: self._group_of.get(key, key) for key in texts}

    def _add(self, texts: Sequence[tuple[int, str]]) -> None:
        from datasketch import MinHash, MinHashLSH

        if self._index is None:
            self._index = MinHashLSH(threshold=SIMILARITY, num_perm=PERMUTATIONS, params=(BANDS, ROWS))
        sketches = MinHash.bulk(
            [_shingles(letters) for _, letters in texts], num_perm=PERMUTATIONS, hashfunc=zlib.crc32
        )
        for (key, _), sketch in zip(texts, sketches, strict=True):
            alike = [
                other for other in self._index.query(sketch) if self._sketches[other].jaccard(sketch) >= SIMILARITY
            ]
            self._group_of[key] = min((self._group_of[other] for other in alike), default=key)
            self._index.insert(key, sketch, check_duplication=False)
            self._sketches[key] = sketch
        # A batch stays whole even when it is larger than the capacity: its texts still have to be counted.
        while len(self._sketches) > max(self._capacity, len(texts)):
            key, _ = self._sketches.popitem(last=False)
            self._index.remove(key)
            del self._group_of[key]


def _shingles(letters: str) -> list[bytes]:
    encoded = letters.encode()
    return [encoded[start : start + SHINGLE] for start in range(max(1, len(encoded) - SHINGLE + 1))]

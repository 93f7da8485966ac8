"""Fingerprints of texts: 24 bytes by which near copies are found among thousands of texts.

P. Li, A. C. Koenig, "b-Bit Minwise Hashing", WWW 2010: three bits of each of the 64 hashes of a sketch are kept. Texts
of Jaccard similarity J agree in one bit of a hash with probability (1 + J) / 2 and in all three with (1 + 7 J) / 8. The
first bit is compared first, which takes 10 us for ten thousand texts. The bands of the same sketches would need 16 keys
for each text, spread over a whole index.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.near_duplicates import PERMUTATIONS, Sketches

FIRST_APART: Final = 14
"""Hashes of 64 whose first bits may differ."""
HASHES_ALIKE: Final = 46
"""Hashes of 64 whose bits must be equal. Together the two bounds find a pair of similarity 0.8 with probability 98.9%,
of 0.85 with 99.9%, of 0.6 with 15% and of 0.5 with 1%. Of a million unrelated texts none is found. Candidates are
compared exactly."""
_COMPARED_AT_ONCE: Final = 50_000
"""Pairs that are compared at once; more do not fit the cache."""
_PLANES: Final = 3
_BIT: Final = 8
"""The first bit that is used. The lowest bits are hardly permuted, and the highest bits of a minimum are 0."""
_ENTRY: Final = np.dtype([("key", "<i8"), ("bits", "<u8", (_PLANES,))])

ENTRY_BYTES: Final = _ENTRY.itemsize
"""Bytes of one text, its key included."""


class Fingerprints(NamedTuple):
    """The fingerprints of n texts."""

    keys: NDArray[np.int64]
    """(n,) keys of the texts, as `NormalizedText.key`."""
    bits: NDArray[np.uint64]
    """(_PLANES, n) one bit of each hash in each plane."""

    @classmethod
    def of_bytes(cls, stored: Iterable[bytes], most: int) -> Fingerprints:
        """Reads the first `most` entries of the results of `to_bytes`."""
        entries = np.frombuffer(b"".join(stored), _ENTRY)[:most]
        return cls(np.ascontiguousarray(entries["key"], np.int64), np.ascontiguousarray(entries["bits"].T, np.uint64))

    @classmethod
    def of_sketches(cls, sketches: Sketches) -> Fingerprints:
        """Computes the fingerprints of texts from their sketches."""
        hashes = np.array(list(sketches.values()), np.uint32).reshape(-1, PERMUTATIONS)
        picked = [((hashes >> np.uint32(_BIT + plane)) & np.uint32(1)).astype(np.uint8) for plane in range(_PLANES)]
        packed = np.packbits(np.array(picked), axis=2).view("<u8")
        return cls(np.array(list(sketches), np.int64), packed[:, :, 0].astype(np.uint64))

    def but(self, keys: Container[int]) -> Fingerprints:
        """Returns the fingerprints of all other texts than these."""
        kept = np.fromiter((key not in keys for key in self.keys.tolist()), np.bool_, len(self.keys))
        return Fingerprints(self.keys[kept], self.bits[:, kept])

    def to_bytes(self) -> bytes:
        """Returns `ENTRY_BYTES` for each text."""
        entries = np.empty(len(self.keys), _ENTRY)
        entries["key"], entries["bits"] = self.keys, self.bits.T
        return entries.tobytes()

    def alike(self, asked: Fingerprints) -> list[tuple[int, int]]:
        """Returns pairs of keys of similar texts: (one of `asked`, one of these); equal texts are included."""
        block = max(1, _COMPARED_AT_ONCE // max(1, len(self.keys)))
        found = [self._alike(asked, slice(start, start + block)) for start in range(0, len(asked.keys), block)]
        return [pair for pairs in found for pair in pairs]

    def _alike(self, asked: Fingerprints, some: slice) -> list[tuple[int, int]]:
        bits = asked.bits[:, some]
        apart = np.bitwise_count(bits[0][:, None] ^ self.bits[0])
        # A flat index over all pairs is four times as fast as one over rows and columns.
        rows, columns = np.divmod(np.flatnonzero(apart <= FIRST_APART), max(1, len(self.keys)))
        apart = np.bitwise_count(np.bitwise_or.reduce(bits[:, rows] ^ self.bits[:, columns], axis=0))
        alike = apart <= PERMUTATIONS - HASHES_ALIKE
        return list(zip(asked.keys[some][rows[alike]].tolist(), self.keys[columns[alike]].tolist(), strict=True))

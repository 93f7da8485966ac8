"""From texts to the numbers that linear models read: TF-IDF of words, pairs of words, and pieces of words, in NumPy.

An exported tokeniser would not split as the trained one did (ONNX has no Unicode-aware regular expressions), so the
same few lines read texts in training and in service. The weights are those of scikit-learn's TfidfVectorizer with
`sublinear_tf`, to the last digit; Salton, Buckley 1988, "Term-weighting approaches in automatic text retrieval".
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MOST_TERMS: Final = 15_000
"""Of each kind, at most: those that occur in most texts."""
FEWEST_TEXTS: Final = 2
"""In which a term has to occur: what stands in one text alone says nothing of the next."""

_WORD: Final = re.compile(r"\b\w\w+\b")
_UNSEEN: Final = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
_SHORTEST, _LONGEST = 3, 5
"""Characters of a piece of a word."""


def plain(text: str) -> str:
    """Lower case, letters in fancy dress undressed (NFKC), without characters that nobody sees."""
    return unicodedata.normalize("NFKC", text).lower().translate(_UNSEEN)


def words(text: str) -> list[str]:
    """The words of two characters or more of a plain text, and each pair that stands together."""
    single = _WORD.findall(text)
    return single + [f"{one} {other}" for one, other in pairwise(single)]


def pieces(text: str) -> list[str]:
    """The runs of 3 to 5 characters within words of a plain text, a space before and after each: `char_wb`.

    They see through `sub5cribe`, know emoji, and need no spaces between words.
    """
    found = []
    for word in text.split():
        padded = f" {word} "
        for length in range(_SHORTEST, _LONGEST + 1):
            if len(padded) <= length:
                # A short word counts once, not once a length.
                found.append(padded)
                break
            found += [padded[start : start + length] for start in range(len(padded) - length + 1)]
    return found


TERMS: Final[Mapping[str, Callable[[str], list[str]]]] = {"words": words, "pieces": pieces}
"""How terms are read from a plain text, by kind."""


@dataclass(frozen=True, slots=True)
class TermWeights:
    """The terms of one kind that a model knows, in the order of their columns."""

    kind: str
    terms: tuple[str, ...]
    idf: tuple[float, ...]
    """ln((1 + texts) / (1 + texts with the term)) + 1."""
    _columns: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_columns", {term: place for place, term in enumerate(self.terms)})

    @classmethod
    def fit(cls, kind: str, texts: Iterable[str], most_terms: int) -> TermWeights:
        """Learns which terms there are from plain texts."""
        read, seen, count = TERMS[kind], Counter[str](), 0
        for text in texts:
            seen.update(set(read(text)))
            count += 1
        kept = [(term, texts_with) for term, texts_with in seen.items() if texts_with >= FEWEST_TEXTS]
        kept = sorted(sorted(kept, key=lambda one: (-one[1], one[0]))[:most_terms])
        idf = [math.log((1 + count) / (1 + texts_with)) + 1.0 for _, texts_with in kept]
        return cls(kind, tuple(term for term, _ in kept), tuple(idf))

    def weigh(self, text: str) -> tuple[list[int], list[float]]:
        """The columns that a plain text has something in, and what: (1 + ln count) * idf, at length 1."""
        columns = self._columns
        counts = Counter(columns[term] for term in TERMS[self.kind](text) if term in columns)
        weights = [(1.0 + math.log(count)) * self.idf[column] for column, count in counts.items()]
        length = math.sqrt(sum(weight * weight for weight in weights))
        return list(counts), [weight / length for weight in weights]


class Vectorizer:
    """How one model reads texts. Immutable."""

    def __init__(self, blocks: Sequence[TermWeights]) -> None:
        self._blocks = tuple(blocks)
        self._starts = tuple(sum(len(block.terms) for block in blocks[:place]) for place in range(len(blocks)))
        self.columns = sum(len(block.terms) for block in blocks)
        """Numbers that a text becomes."""

    @classmethod
    def fit(cls, texts: Sequence[str], most_terms: int = MOST_TERMS) -> Vectorizer:
        """Learns terms and their weights from training texts."""
        known = [plain(text) for text in texts]
        return cls([TermWeights.fit(kind, known, most_terms) for kind in TERMS])

    def weigh(self, text: str) -> tuple[list[int], list[float]]:
        """The columns that a text has something in, and what."""
        known, columns, weights = plain(text), list[int](), list[float]()
        for start, block in zip(self._starts, self._blocks, strict=True):
            places, values = block.weigh(known)
            columns += [start + place for place in places]
            weights += values
        return columns, weights

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, columns); of many texts it takes much memory at once."""
        rows = np.zeros((len(texts), self.columns), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            columns, weights = self.weigh(text)
            row[columns] = weights
        return rows

    def term(self, column: int) -> str:
        """What a column is about."""
        for start, block in reversed(list(zip(self._starts, self._blocks, strict=True))):
            if column >= start:
                return block.terms[column - start]
        raise IndexError(column)

    def to_json(self) -> list[dict[str, Any]]:
        """What `from_json` makes the same from."""
        return [{"kind": block.kind, "terms": list(block.terms), "idf": list(block.idf)} for block in self._blocks]

    @classmethod
    def from_json(cls, data: Sequence[Mapping[str, Any]]) -> Vectorizer:
        """Raises KeyError for a kind of terms that does not exist."""
        blocks = [TermWeights(block["kind"], tuple(block["terms"]), tuple(block["idf"])) for block in data]
        if unknown := {block.kind for block in blocks} - TERMS.keys():
            raise KeyError(f"unknown kinds of terms: {unknown}")
        return cls(blocks)

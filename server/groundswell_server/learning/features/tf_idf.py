"""TF-IDF of words, word pairs and character n-grams of texts, for linear models, in NumPy.

ONNX has no Unicode-aware regular expressions, so an exported tokeniser would split texts differently. The same code
therefore encodes texts in training and in serving. The weights equal those of scikit-learn's TfidfVectorizer with
`sublinear_tf`. Source: Salton and Buckley 1988, "Term-weighting approaches in automatic text retrieval".
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

MAX_TERMS: Final = 15_000
"""The maximum number of terms of each kind; the terms of most texts are kept."""
MIN_TEXTS: Final = 2
"""The number of texts in which a term must occur; a term of one text does not generalise."""

_WORD: Final = re.compile(r"\b\w\w+\b")
_INVISIBLE: Final = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
_SHORTEST, _LONGEST = 3, 5
"""The lengths of character n-grams."""


def plain(text: str) -> str:
    """Normalises a text: NFKC, lower case, without invisible characters."""
    return unicodedata.normalize("NFKC", text).lower().translate(_INVISIBLE)


def words(text: str) -> list[str]:
    """Returns the words of at least two characters of a normalised text, and each pair of adjacent words."""
    single = _WORD.findall(text)
    return single + [f"{one} {other}" for one, other in pairwise(single)]


def pieces(text: str) -> list[str]:
    """Returns the character n-grams (3 to 5) within the space-padded words of a normalised text, as `char_wb`.

    They match obfuscated words such as `sub5cribe`, emoji, and scripts without spaces.
    """
    found = []
    for word in text.split():
        padded = f" {word} "
        for length in range(_SHORTEST, _LONGEST + 1):
            if len(padded) <= length:
                # A word shorter than the n-gram counts once, not once per length.
                found.append(padded)
                break
            found += [padded[start : start + length] for start in range(len(padded) - length + 1)]
    return found


TERMS: Final[Mapping[str, Callable[[str], list[str]]]] = {"words": words, "pieces": pieces}
"""The functions that extract terms from a normalised text, by kind."""


@dataclass(frozen=True, slots=True)
class TermWeights:
    """The terms of one kind in the order of their columns, with their inverse document frequencies."""

    kind: str
    terms: tuple[str, ...]
    idf: tuple[float, ...]
    """ln((1 + texts) / (1 + texts with the term)) + 1."""
    _columns: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_columns", {term: place for place, term in enumerate(self.terms)})

    @classmethod
    def fit(cls, kind: str, texts: Iterable[str], most_terms: int) -> TermWeights:
        """Fits the terms and their frequencies to normalised texts."""
        extract, seen, count = TERMS[kind], Counter[str](), 0
        for text in texts:
            seen.update(set(extract(text)))
            count += 1
        kept = [(term, texts_with) for term, texts_with in seen.items() if texts_with >= MIN_TEXTS]
        kept = sorted(sorted(kept, key=lambda one: (-one[1], one[0]))[:most_terms])
        idf = [math.log((1 + count) / (1 + texts_with)) + 1.0 for _, texts_with in kept]
        return cls(kind, tuple(term for term, _ in kept), tuple(idf))

    def weigh(self, text: str) -> tuple[list[int], list[float]]:
        """Returns the nonzero columns of a normalised text and their weights (1 + ln count) * idf, with norm 1."""
        columns = self._columns
        counts = Counter(columns[term] for term in TERMS[self.kind](text) if term in columns)
        weights = [(1.0 + math.log(count)) * self.idf[column] for column, count in counts.items()]
        length = math.sqrt(sum(weight * weight for weight in weights))
        return list(counts), [weight / length for weight in weights]


class Vectorizer:
    """Encodes texts for one model. Immutable."""

    def __init__(self, blocks: Sequence[TermWeights]) -> None:
        self._blocks = tuple(blocks)
        self._starts = tuple(sum(len(block.terms) for block in blocks[:place]) for place in range(len(blocks)))
        self.columns = sum(len(block.terms) for block in blocks)
        """The number of columns."""

    @classmethod
    def fit(cls, texts: Sequence[str], most_terms: int = MAX_TERMS) -> Vectorizer:
        """Fits terms and their weights to training texts."""
        known = [plain(text) for text in texts]
        return cls([TermWeights.fit(kind, known, most_terms) for kind in TERMS])

    def weigh(self, text: str) -> tuple[list[int], list[float]]:
        """Returns the nonzero columns of a text and their weights."""
        known, columns, weights = plain(text), list[int](), list[float]()
        for start, block in zip(self._starts, self._blocks, strict=True):
            places, values = block.weigh(known)
            columns += [start + place for place in places]
            weights += values
        return columns, weights

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encodes texts as a dense array (n, columns), which takes much memory for many texts."""
        rows = np.zeros((len(texts), self.columns), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            columns, weights = self.weigh(text)
            row[columns] = weights
        return rows

    def term(self, column: int) -> str:
        """Returns the term of a column; raises IndexError for an unknown column."""
        for start, block in reversed(list(zip(self._starts, self._blocks, strict=True))):
            if column >= start:
                return block.terms[column - start]
        raise IndexError(column)

    def to_json(self) -> list[dict[str, Any]]:
        """Returns the vectorizer as JSON."""
        return [{"kind": block.kind, "terms": list(block.terms), "idf": list(block.idf)} for block in self._blocks]

    @classmethod
    def from_json(cls, data: Sequence[Mapping[str, Any]]) -> Vectorizer:
        """Restores a vectorizer; raises KeyError for an unknown kind of terms."""
        blocks = [TermWeights(block["kind"], tuple(block["terms"]), tuple(block["idf"])) for block in data]
        if unknown := {block.kind for block in blocks} - TERMS.keys():
            raise KeyError(f"unknown kinds of terms: {unknown}")
        return cls(blocks)

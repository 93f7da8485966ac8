"""MinHash against `datasketch`, which is made independently, and against the similarity itself."""

from __future__ import annotations

import random
import zlib

import numpy as np
import pytest
from datasketch import MinHash

from groundswell_server.engagement.bot_detection.near_duplicates import (
    PERMUTATIONS,
    SHINGLE,
    SIMILARITY,
    NearDuplicates,
    sketch,
)

WORDS = "light song bottle summer morning wonderful lens never waited kitchen story colour again people little week"


def shingles(text: str) -> set[bytes]:
    encoded = text.encode()
    return {encoded[start : start + SHINGLE] for start in range(len(encoded) - SHINGLE + 1)}


def similarity(one: str, other: str) -> float:
    return len(shingles(one) & shingles(other)) / len(shingles(one) | shingles(other))


def pairs(count: int) -> list[tuple[str, str]]:
    """Texts and copies of them with one to nine words exchanged: alike to all degrees."""
    chance = random.Random(7)
    made = []
    for number in range(count):
        words = chance.choices(WORDS.split(), k=14)
        copy = list(words)
        for place in chance.sample(range(14), 1 + number % 9):
            copy[place] = chance.choice(WORDS.split())
        made.append((" ".join(words), " ".join(copy)))
    return made


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean(one == other))


def test_sketches_estimate_the_similarity_as_well_as_those_of_datasketch() -> None:
    ours, theirs = [], []
    for one, other in pairs(300):
        true = similarity(one, other)
        ours.append(agreement(*sketch([one, other])) - true)
        first, second = MinHash.bulk(
            [list(shingles(one)), list(shingles(other))], num_perm=PERMUTATIONS, hashfunc=zlib.crc32
        )
        theirs.append(first.jaccard(second) - true)

    assert abs(np.mean(ours)) < 0.01
    assert np.std(ours) < 1.2 * np.std(theirs)
    assert np.std(ours) == pytest.approx(0.055, abs=0.01)


def test_a_text_has_the_sketch_that_it_has_by_itself() -> None:
    texts = [text for pair in pairs(80) for text in pair] + ["süße Träume 夢", "abc", ""]

    assert np.array_equal(sketch(texts), np.concatenate([sketch([text]) for text in texts]))


def test_near_copies_are_found_and_others_are_not() -> None:
    """Texts of similarity 0.8 share a band with 99.98%, and candidates are compared exactly."""
    found = {True: [0, 0], False: [0, 0]}
    for one, other in pairs(400):
        groups = NearDuplicates(10).groups_of({1: one, 2: other})
        alike = similarity(one, other) >= SIMILARITY
        found[alike][groups[1] == groups[2]] += 1

    assert found[True][0] == 0
    assert found[False][1] == 0
    assert min(sum(found[True]), sum(found[False])) > 40


def test_a_copy_of_a_copy_belongs_to_the_first() -> None:
    words = WORDS.split()
    chain = [" ".join([*words[:place], "different", *words[place + 1 :]]) for place in range(4)]

    groups = NearDuplicates(100).groups_of(dict(enumerate([" ".join(words), *chain])))

    assert set(groups.values()) == {0}

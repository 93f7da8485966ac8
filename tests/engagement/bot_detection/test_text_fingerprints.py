"""Fingerprints: what is nearly the same is found by them, and little else."""

from __future__ import annotations

import pytest

from groundswell_server.engagement.bot_detection.near_duplicates import SIMILARITY, confirmed, sketch
from groundswell_server.engagement.bot_detection.text_fingerprints import ENTRY_BYTES, Fingerprints
from tests.engagement.bot_detection.test_near_duplicates import pairs, similarity


def of(texts: dict[int, str]) -> Fingerprints:
    return Fingerprints.of_sketches(dict(zip(texts, sketch(list(texts.values())), strict=True)))


def test_near_copies_are_found_among_a_thousand_texts_and_few_others() -> None:
    """Alike to 0.8 and more: 99.7% and more; to 0.5 and less: 3% at most."""
    made = pairs(1_000)
    known = of({key: text for key, (text, _) in enumerate(made)})
    found = set(known.alike(of({key: copy for key, (_, copy) in enumerate(made)})))
    alike = [similarity(text, copy) for text, copy in made]
    near = [(key, key) for key, share in enumerate(alike) if share >= SIMILARITY]
    far = [(key, key) for key, share in enumerate(alike) if share <= 0.5]
    assert len(near) > 100
    assert len(far) > 300
    assert len(found.intersection(near)) >= 0.99 * len(near)
    assert len(found.intersection(far)) <= 0.03 * len(far)
    assert len(found) < 0.001 * len(made) ** 2, "though all are made of the same 17 words"


def test_what_is_found_is_compared_exactly() -> None:
    made = pairs(200)
    texts = {key: text for key, (text, _) in enumerate(made)} | {
        1_000 + key: copy for key, (_, copy) in enumerate(made)
    }
    found = confirmed([(key, 1_000 + key) for key in range(200)], texts)
    assert found == {1_000 + key for key, pair in enumerate(made) if similarity(*pair) >= SIMILARITY}


def test_they_come_back_as_they_were_stored_the_first_ones() -> None:
    texts = {key - 2: text for key, (text, _) in enumerate(pairs(5))}
    stored = [of({key: texts[key] for key in keys}).to_bytes() for keys in ((-2, -1), (0, 1, 2))]
    assert [len(each) for each in stored] == [2 * ENTRY_BYTES, 3 * ENTRY_BYTES]
    read = Fingerprints.of_bytes(stored, 4)
    assert read.keys.tolist() == [-2, -1, 0, 1]
    assert (read.bits == of(texts).bits[:, :4]).all()
    assert read.but({-2, 0}).keys.tolist() == [-1, 1]


@pytest.mark.parametrize(("known", "asked"), [(0, 0), (0, 3), (3, 0)])
def test_of_nothing_nothing_is_found(known: int, asked: int) -> None:
    texts = {key: text for key, (text, _) in enumerate(pairs(3))}
    one, other = (of(dict(list(texts.items())[:count])) for count in (known, asked))
    assert one.alike(other) == []
    assert Fingerprints.of_bytes([one.to_bytes()], 10).keys.tolist() == one.keys.tolist()

"""TF-IDF as scikit-learn has it, in our own few lines."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from groundswell_server.learning.features.tf_idf import TERMS, TermWeights, Vectorizer, pieces, plain, words
from tests.video_comments import VIDEOS, comments_on

TEXTS = [comment.text for comment in comments_on(VIDEOS[0])]
SKLEARN = {
    "words": {"analyzer": "word", "ngram_range": (1, 2)},
    "pieces": {"analyzer": "char_wb", "ngram_range": (3, 5)},
}


def golden(kind: str) -> TfidfVectorizer:
    return TfidfVectorizer(**SKLEARN[kind], sublinear_tf=True, min_df=2, preprocessor=plain)


@pytest.mark.parametrize("kind", TERMS)
def test_weights_are_those_of_scikit_learn(kind: str) -> None:
    sklearn = golden(kind)
    expected = sklearn.fit_transform(TEXTS[:300])
    ours = TermWeights.fit(kind, map(plain, TEXTS[:300]), 100_000)
    assert list(ours.terms) == sklearn.get_feature_names_out().tolist()
    np.testing.assert_allclose(ours.idf, sklearn.idf_, rtol=1e-12)
    for text, row in zip(TEXTS[:300], expected, strict=True):
        columns, weights = ours.weigh(plain(text))
        np.testing.assert_allclose(row.toarray().ravel()[columns], weights, rtol=1e-12)
        assert len(columns) == row.nnz


@pytest.mark.parametrize("kind", TERMS)
@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_is_encoded_as_by_scikit_learn(kind: str, text: str) -> None:
    analyze = golden(kind).build_analyzer()
    assert sorted(TERMS[kind](plain(text))) == sorted(analyze(text))


def test_a_short_word_is_one_piece_and_a_long_one_many() -> None:
    assert pieces("a") == [" a "]
    assert pieces("ab") == [" ab", "ab ", " ab "]
    assert "🔥" in "".join(pieces("🔥"))


def test_words_come_alone_and_in_pairs() -> None:
    assert words("check my channel") == ["check", "my", "channel", "check my", "my channel"]


def test_fancy_letters_and_unseen_characters_are_seen_through() -> None:
    assert plain("𝐅𝐑𝐄𝐄 ph\u200bones\ufeff") == "free phones"


def test_only_terms_of_two_texts_are_kept_and_those_of_most_texts_first() -> None:
    vectorizer = Vectorizer.fit(["red apple", "red pear", "green pear", "red plum"], most_terms=2)
    kept = {vectorizer.term(column) for column in range(vectorizer.columns)}
    assert {"red", "pear"} <= kept
    assert vectorizer.columns == 4


def test_the_weights_of_each_kind_of_terms_have_norm_one() -> None:
    vectorizer = Vectorizer.fit(TEXTS[:100])
    _, weights = vectorizer.weigh(TEXTS[0])
    assert math.fsum(weight * weight for weight in weights) == pytest.approx(2.0)
    assert vectorizer.weigh("") == ([], [])
    assert not vectorizer.encode(["", "⠿"]).any()


def test_a_vectorizer_survives_its_own_json() -> None:
    vectorizer = Vectorizer.fit(TEXTS[:100])
    again = Vectorizer.from_json(json.loads(json.dumps(vectorizer.to_json())))
    np.testing.assert_array_equal(again.encode(TEXTS[:20]), vectorizer.encode(TEXTS[:20]))
    assert [again.term(column) for column in (0, again.columns - 1)] == [
        vectorizer.term(column) for column in (0, vectorizer.columns - 1)
    ]


def test_what_another_version_wrote_is_refused() -> None:
    with pytest.raises(KeyError):
        Vectorizer.from_json([{"kind": "syllables", "terms": [], "idf": []}])

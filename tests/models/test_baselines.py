"""Baseline predictions use known outcomes only."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_server.models.evaluation.baselines import baseline_predictions

posts = st.lists(
    st.tuples(st.floats(0, 20), st.integers(0, 100), st.integers(0, 40), st.sampled_from("abc")),
    min_size=1,
    max_size=40,
)


@given(posts)
@settings(max_examples=150, deadline=None)
def test_they_say_what_a_plain_search_of_the_past_says(rows: list[tuple[float, int, int, str]]) -> None:
    rows.sort(key=lambda row: row[1])
    outcomes = np.array([row[0] for row in rows])
    published = np.array([row[1] for row in rows])
    known = published + np.array([row[2] for row in rows])
    personas = [row[3] for row in rows]
    found = baseline_predictions(outcomes, published, known, personas, np.arange(len(rows)))
    for row in range(len(rows)):
        past = [other for other in range(len(rows)) if known[other] < published[row]]
        own = [other for other in past if personas[other] == personas[row]] or past
        if not own:
            assert np.isnan(found.trailing_mean[row])
            assert np.isnan(found.last_value[row])
            continue
        newest = max(own, key=lambda other: (known[other], published[other], other))
        np.testing.assert_allclose(found.trailing_mean[row], outcomes[own].mean(), atol=1e-9)
        assert found.last_value[row] == outcomes[newest]

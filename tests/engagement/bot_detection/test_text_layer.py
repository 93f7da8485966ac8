from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.bot_detection.duplicate_texts import DuplicateIndex, duplicate_log_odds
from groundswell_server.engagement.bot_detection.interaction_batch import UNKNOWN_TIME, InteractionBatch
from groundswell_server.engagement.bot_detection.layer_pipeline import judge
from groundswell_server.engagement.bot_detection.near_duplicates import NearDuplicates
from groundswell_server.engagement.bot_detection.persona_layer import PersonaRegister
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason
from groundswell_server.engagement.bot_detection.score_combination import Judgment
from groundswell_server.engagement.bot_detection.text_normalization import text_key
from groundswell_storage.engagement.enums import InteractionKind, Verdict
from tests.engagement.bot_detection.interactions import POST, POSTS, comment, judged, reasons_of
from tests.engagement.defaults import FILTER

SENTENCE = "This cream has changed my whole life and I can only tell everybody to get some too"


def test_the_same_sentence_by_several_actors_is_a_bot_farm() -> None:
    judgments = judged([comment(SENTENCE, f"bot{number}") for number in range(3)])

    assert {judgment.verdict for judgment in judgments} == {Verdict.BOT}
    assert {signal.figure for judgment in judgments for signal in judgment.reasons} == {3.0}
    assert reasons_of(judgments[0]) == {Reason.DUPLICATE_TEXT}


def test_two_alone_are_not_enough() -> None:
    assert {j.verdict for j in judged([comment(SENTENCE, "anna"), comment(SENTENCE, "ben")])} == {Verdict.GENUINE}


@pytest.mark.parametrize(
    "praise", ["Love it!", "The best song ever!", "so beautiful as always", "love this song so much!!"]
)
def test_short_praise_that_many_write_is_never_a_bot(praise: str) -> None:
    judgments = judged([comment(praise, f"fan{number}", 3600.0 + 97.3 * number**2) for number in range(40)])

    assert {judgment.verdict for judgment in judgments} == {Verdict.GENUINE}


def test_decoration_does_not_make_a_text_another() -> None:
    variants = [SENTENCE, SENTENCE.upper() + "!!!", f"  {SENTENCE} 😍", SENTENCE.replace(" ", "  ") + " 12"]

    judgments = judged([comment(text, f"bot{number}") for number, text in enumerate(variants)])

    assert all(Reason.DUPLICATE_TEXT in reasons_of(judgment) for judgment in judgments)


def test_one_actor_with_the_same_sentence_under_three_posts_repeats() -> None:
    judgments = judged([comment(SENTENCE, "bot", post=f"post{number}") for number in range(3)])

    assert {judgment.verdict for judgment in judgments} == {Verdict.BOT}
    assert reasons_of(judgments[0]) == {Reason.REPEATED_TEXT}


def test_sending_twice_is_a_slip_of_the_finger() -> None:
    judgments = judged([comment(SENTENCE, "anna", 100.0), comment(SENTENCE, "anna", 103.0)])

    assert all(judgment.reasons == () for judgment in judgments)


def test_nearly_the_same_by_several_actors_is_found() -> None:
    copies = [SENTENCE.replace("cream", word) for word in ("cream", "creme", "balm", "serum", "lotion")]

    judgments = judged([comment(text, f"bot{number}") for number, text in enumerate(copies)])

    assert {judgment.verdict for judgment in judgments} == {Verdict.BOT}
    assert reasons_of(judgments[-1]) == {Reason.NEAR_DUPLICATE_TEXT}


def test_different_sentences_are_not_near_copies() -> None:
    texts = [
        "I have been waiting for this video since you told us about it last summer",
        "My grandmother used to sing this in the kitchen when we were all still small",
        "The light in the second half is wonderful, which lens did you take for it?",
        "I never thought I would like a song of theirs again, and now I cannot stop",
    ]

    assert all(judgment.reasons == () for judgment in judged([comment(text, f"f{n}") for n, text in enumerate(texts)]))


def test_texts_are_remembered_from_batch_to_batch() -> None:
    batches = [InteractionBatch.of([comment(SENTENCE, f"bot{number}")]) for number in range(4)]

    index = DuplicateIndex()
    found = [judge(batch, POSTS, PersonaRegister(), FILTER, duplicates=index).judgment(0).verdict for batch in batches]

    assert found == [Verdict.GENUINE, Verdict.GENUINE, Verdict.BOT, Verdict.BOT]


def test_stored_texts_are_brought_in_by_their_keys() -> None:
    key = text_key(SENTENCE)
    assert key is not None
    index = DuplicateIndex()
    index.seed([(key, f"bot{number}", "earlier") for number in range(5)])

    judgments = judge(
        InteractionBatch.of([comment(SENTENCE, "bot9")]), POSTS, PersonaRegister(), FILTER, duplicates=index
    )

    assert judgments.judgment(0).verdict is Verdict.BOT


def test_judging_again_with_the_same_index_counts_nobody_twice() -> None:
    index = DuplicateIndex()
    batch = InteractionBatch.of([comment(SENTENCE, "anna"), comment(SENTENCE, "ben")])

    first = judge(batch, POSTS, PersonaRegister(), FILTER, duplicates=index)
    second = judge(batch, POSTS, PersonaRegister(), FILTER, duplicates=index)

    assert [j.reasons for j in first] == [j.reasons for j in second]


def test_an_index_forgets_what_was_not_seen_for_longest() -> None:
    index = DuplicateIndex(capacity=2)

    for key in (1, 2, 1, 3):
        index.add(key, "anna", POST)

    assert (len(index), index.actors_of(1), index.actors_of(2), index.actors_of(3)) == (2, 1, 0, 1)


def test_near_copies_are_bounded_too() -> None:
    near = NearDuplicates(capacity=3)

    for number in range(10):
        near.groups_of({number: f"{SENTENCE} {'abcdefghij'[number] * 30}", 100 + number: f"{number} {SENTENCE[::-1]}"})

    assert len(near) <= 3


def test_without_near_duplicates_only_exact_ones_count() -> None:
    copies = [SENTENCE.replace("cream", word) for word in ("cream", "creme", "balm", "serum")]

    judgments = judged([comment(t, f"bot{n}") for n, t in enumerate(copies)], replace(FILTER, near_duplicates=False))

    assert all(judgment.reasons == () for judgment in judgments)


def test_the_longer_a_text_the_more_a_copy_says() -> None:
    assert duplicate_log_odds(25, 3) < duplicate_log_odds(50, 3) < duplicate_log_odds(90, 3)
    assert duplicate_log_odds(200, 1) == 0.0


@given(st.integers(0, 500), st.integers(2, 1000))
def test_another_copy_never_makes_a_text_more_genuine(letters: int, times: int) -> None:
    assert duplicate_log_odds(letters, times + 1) >= duplicate_log_odds(letters, times) > 0


def test_a_text_that_is_too_short_has_no_key() -> None:
    assert text_key("love this song") is None


def test_masking_a_number_or_an_address_keeps_the_key() -> None:
    full = "write to anna@example.org or call +49 171 2345678 for a wonderful surprise"
    masked = "write to [e-mail] or call [telephone] for a wonderful surprise"

    assert text_key(full) == text_key(masked)


@pytest.mark.parametrize(
    ("text", "reason", "figure"),
    [("🔥🔥🔥", Reason.EMOJI_REPEAT, 3), ("❤️ ❤️ ❤️ ❤️", Reason.EMOJI_REPEAT, 4), ("sooooo good", Reason.STRETCHED, 5)],
)
def test_weak_signs_are_named_and_decide_nothing(text: str, reason: Reason, figure: int) -> None:
    [judgment] = judged([comment(text)])

    assert [(signal.reason, signal.figure) for signal in judgment.reasons] == [(reason, figure)]
    assert judgment.verdict is Verdict.GENUINE


def test_without_a_text_the_layer_has_nothing_to_go_by() -> None:
    [judgment] = judged([comment("")])

    assert Layer.TEXT not in judgment.layers


def detected(probabilities: dict[str, float]) -> dict[str, Judgment]:
    """Returns the judgments of texts with this probability by a trained detector."""
    texts = list(probabilities)
    batch = InteractionBatch.from_columns(
        [POST] * len(texts), texts, [int(InteractionKind.COMMENT)] * len(texts), [UNKNOWN_TIME] * len(texts), texts,
        spam=probabilities,
    )  # fmt: skip
    return dict(zip(texts, judge(batch, POSTS, PersonaRegister(), FILTER), strict=True))


def test_a_trained_detector_replaces_the_phrases() -> None:
    quiet, loud = "the elixir of the moon has cured me", "check out my channel and subscribe to me"
    found = detected({quiet: 0.97, loud: 0.02})

    assert found[quiet].verdict is Verdict.BOT
    assert reasons_of(found[quiet]) == {Reason.SPAM_DETECTOR}
    assert found[quiet].probability == pytest.approx(0.97)
    assert "97%" in found[quiet].reasons[0].detail
    assert found[loud].verdict is Verdict.GENUINE
    assert found[loud].reasons == ()


def test_phrases_judge_the_texts_that_the_detector_has_not_read() -> None:
    texts = ["the elixir of the moon has cured me", "check out my channel and subscribe to me"]
    alone = judged([comment(text, f"actor{number}") for number, text in enumerate(texts)])
    assert [judgment.verdict for judgment in alone] == [Verdict.GENUINE, Verdict.BOT]
    assert Reason.SPAM_DETECTOR not in reasons_of(alone[1])


def test_a_detector_that_is_not_sure_decides_nothing() -> None:
    (judgment,) = detected({"the elixir of the moon has cured me": 0.4}).values()
    assert (judgment.verdict, judgment.probability) == (Verdict.GENUINE, pytest.approx(0.4))
    assert reasons_of(judgment) == {Reason.SPAM_DETECTOR}

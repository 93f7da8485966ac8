from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.bot_detection.interaction_batch import Interaction
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason
from groundswell_storage.engagement.enums import Verdict
from tests.engagement.bot_detection.interactions import comment, judged, like, reasons_of

HOUR = 3600.0


def verdicts(interactions: list[Interaction]) -> list[Verdict]:
    return [judgment.verdict for judgment in judged(interactions)]


def test_more_than_ten_interactions_within_a_second_are_a_burst() -> None:
    burst = [like(f"fan{number}", HOUR + number * 0.08) for number in range(11)]

    judgments = judged(burst)

    assert {judgment.verdict for judgment in judgments} == {Verdict.BOT}
    assert all(reasons_of(judgment) == {Reason.BURST} for judgment in judgments)
    assert judgments[0].reasons[0].figure == 11


def test_ten_interactions_within_a_second_are_none() -> None:
    assert set(verdicts([like(f"fan{number}", HOUR + number * 0.09) for number in range(10)])) == {Verdict.GENUINE}


def test_the_window_slides() -> None:
    # Six at the end of one full second and six at the beginning of the next are twelve within 0.6 seconds.
    times = [HOUR + 0.7 + number * 0.05 for number in range(12)]

    assert set(verdicts([like(f"fan{number}", time) for number, time in enumerate(times)])) == {Verdict.BOT}


def test_those_outside_the_burst_stay_genuine() -> None:
    before, after = like("early", HOUR - 20), like("late", HOUR + 20)
    burst = [like(f"fan{number}", HOUR + number * 0.05) for number in range(15)]

    found = verdicts([before, *burst, after])

    assert found[0] is found[-1] is Verdict.GENUINE
    assert set(found[1:-1]) == {Verdict.BOT}


def test_the_audience_of_a_viral_post_is_no_burst() -> None:
    # Twelve a second for five minutes: each second is above ten, but none is unusual.
    generator = random.Random(7)
    crowd = [like(f"fan{number}", HOUR + generator.uniform(0, 300)) for number in range(3600)]

    genuine = verdicts(crowd).count(Verdict.GENUINE)

    assert genuine / len(crowd) > 0.98


def test_interactions_of_different_posts_do_not_add_up() -> None:
    spread = [like(f"fan{number}", HOUR + number * 0.01, post=f"post{number % 4}") for number in range(40)]

    assert set(verdicts(spread)) == {Verdict.GENUINE}


def test_times_known_to_the_minute_say_nothing_of_bursts() -> None:
    minutes = [like(f"fan{number}", -7.0 + 60.0 * (number // 20)) for number in range(40)]

    assert set(verdicts(minutes)) == {Verdict.GENUINE}


def test_an_actor_like_clockwork_is_a_bot() -> None:
    clockwork = [comment(f"nice {number}", "robot", HOUR + 300.0 * number, post=f"post{number}") for number in range(7)]

    judgments = judged(clockwork)

    assert {judgment.verdict for judgment in judgments} == {Verdict.BOT}
    assert judgments[0].reasons[0].figure == 300


def test_one_pause_does_not_hide_the_clockwork() -> None:
    times = [0.0, 60.0, 120.0, 180.0, 240.0, 300.0, 5000.0]

    assert set(verdicts([like("robot", HOUR + time) for time in times])) == {Verdict.BOT}


def test_human_gaps_are_not_regular() -> None:
    generator = random.Random(11)
    found: list[Interaction] = []
    for number in range(200):
        time = HOUR
        for _ in range(8):
            time += generator.lognormvariate(4.0, 1.0)
            found.append(like(f"fan{number}", round(time)))

    assert set(verdicts(found)) == {Verdict.GENUINE}


def test_gaps_that_only_rounding_makes_equal_say_nothing() -> None:
    assert set(verdicts([like("fast", HOUR + number) for number in range(8)])) == {Verdict.GENUINE}


def test_all_who_are_unnamed_are_not_one_actor() -> None:
    assert set(verdicts([like("", HOUR + 300.0 * number) for number in range(9)])) == {Verdict.GENUINE}


def test_a_sentence_within_two_seconds_of_publication_was_not_typed() -> None:
    [judgment] = judged([comment("What a wonderful picture of the harbor", after=1.9)])

    assert judgment.verdict is Verdict.BOT
    assert reasons_of(judgment) == {Reason.INSTANT_REPLY}


def test_an_instant_like_or_word_alone_does_not_decide() -> None:
    assert verdicts([like("fan", 1.0), comment("first", "fan2", 1.5)]) == [Verdict.GENUINE, Verdict.GENUINE]


def test_an_instant_row_of_flames_is_two_signs() -> None:
    [judgment] = judged([comment("🔥🔥🔥", after=1.0)])

    assert judgment.verdict is Verdict.BOT


def test_two_seconds_later_it_is_no_instant_reply() -> None:
    [judgment] = judged([comment("What a wonderful picture of the harbor", after=2.0)])

    assert judgment.reasons == ()


def test_before_publication_is_a_wrong_clock_and_no_sign() -> None:
    [judgment] = judged([comment("What a wonderful picture of the harbor", after=-1.0)])

    assert judgment.reasons == ()


def test_without_a_time_the_layer_has_nothing_to_go_by() -> None:
    [judgment] = judged([like("fan", None)])

    assert Layer.TIME not in judgment.layers


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=40), st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[tuple[str, int]], generator: random.Random) -> None:
    interactions = [like(actor, HOUR + tenths / 10) for actor, tenths in rows]
    shuffled = list(range(len(interactions)))
    generator.shuffle(shuffled)

    straight = judged(interactions)
    mixed = judged([interactions[at] for at in shuffled])

    assert [straight[at].verdict for at in shuffled] == [judgment.verdict for judgment in mixed]

"""Periodicity: simulated bots are found, simulated people of all habits are not."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from groundswell_server.engagement.bot_detection.periodicity import periodic_visitors

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
PEOPLE = 300
START = 1_767_225_600 * SECOND
ODD = 7 * SECOND
"""Makes times that no coarser clock can produce."""

Times = dict[str, int]
"""By post, microseconds."""


def daily(count: int = 30) -> Times:
    """Posts that a timer publishes at six in the evening, to the second."""
    return {f"post{day}": START + day * DAY + 18 * HOUR for day in range(count)}


def irregular(chance: random.Random, count: int = 30) -> Times:
    """Posts that come as they come, three a day."""
    times = sorted(START + int(chance.uniform(0, count / 3 * DAY)) for _ in range(count))
    return {f"post{number}": time for number, time in enumerate(times)}


def seconds(time: float) -> int:
    """The time as platforms report it, to the second."""
    return round(time / SECOND) * SECOND


def accused(published: Times, habit: Callable[[random.Random], Times]) -> int:
    """Returns the number of people with a habit who are taken for bots."""
    return len(periodic_visitors({f"fan{n}": habit(random.Random(n)) for n in range(PEOPLE)}, published))


def timer(step: int, spread: int = 0, seed: int = 1, count: int = 30) -> tuple[Times, Times]:
    """Irregular posts, and the visits of a bot that comes every `step` and goes to the newest post, if it is new."""
    chance = random.Random(seed)
    published = irregular(chance, count)
    visits: Times = {}
    for now in range(START + ODD, max(published.values()) + 2 * step, step):
        new = [post for post, time in published.items() if time < now - 15 * MINUTE and post not in visits]
        if new:
            visits[new[-1]] = seconds(now + chance.uniform(-spread, spread))
    return published, visits


@pytest.mark.parametrize("step", [HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR])
@pytest.mark.parametrize("spread", [0, 3 * SECOND])
def test_a_bot_that_is_periodic_to_within_seconds_is_found(step: int, spread: int) -> None:
    published, visits = timer(step, spread)
    (found,) = periodic_visitors({"bot": visits}, published).values()
    assert round(step / SECOND / found, 3).is_integer(), "its step, or what divides it"


def test_its_gap_is_reported() -> None:
    published, visits = timer(12 * HOUR)
    assert periodic_visitors({"bot": visits}, published) == {"bot": pytest.approx(12 * 3600, abs=1)}


def test_a_bot_that_goes_to_several_posts_each_time_or_misses_some_is_one_still() -> None:
    published = daily(40)
    several = {
        f"post{number}": START + 60 * DAY + number // 3 * 6 * HOUR + number % 3 * ODD + ODD for number in range(40)
    }
    missing = {post: time + 5 * HOUR + ODD for number, (post, time) in enumerate(published.items()) if number % 7}
    late = {post: time + HOUR for post, time in missing.items()} | {"post3": missing["post3"] + 4 * HOUR}
    assert set(periodic_visitors({"several": several, "missing": missing, "late": late}, published)) == {
        "several", "missing", "late",
    }  # fmt: skip


@pytest.mark.parametrize("spread", [45, 60, 300, 1800, 7200], ids=lambda spread: f"within {spread} s")
def test_a_visitor_at_about_eight_each_evening_is_a_person(spread: int) -> None:
    published = daily()
    habit: Callable[[random.Random], Times] = lambda chance: {  # noqa: E731
        post: seconds(time + 2 * HOUR + chance.gauss(0, spread) * SECOND) for post, time in published.items()
    }
    assert accused(published, habit) == 0


@pytest.mark.parametrize("delay", [4, 20, 90, 600, 3600], ids=lambda delay: f"after {delay} s")
def test_who_is_quick_to_answer_posts_that_a_timer_publishes_is_a_person(delay: int) -> None:
    published = daily()
    habit: Callable[[random.Random], Times] = lambda chance: {  # noqa: E731
        post: seconds(time + chance.lognormvariate(0, 0.5) * delay * SECOND) for post, time in published.items()
    }
    assert accused(published, habit) == 0


@pytest.mark.parametrize("pause", [3, 12, 45, 300], ids=lambda pause: f"every {pause} s")
def test_who_goes_through_old_posts_in_one_evening_is_a_person(pause: int) -> None:
    published = daily()

    def habit(chance: random.Random) -> Times:
        time, visits = float(START + 60 * DAY), {}
        for post in published:
            time += chance.lognormvariate(0, 0.4) * pause * SECOND
            visits[post] = seconds(time)
        return visits

    assert accused(published, habit) == 0


def test_a_visitor_at_irregular_times_is_a_person() -> None:
    published = irregular(random.Random(3))
    habit: Callable[[random.Random], Times] = lambda chance: {  # noqa: E731
        post: seconds(time + chance.lognormvariate(0, 1.5) * 3 * HOUR) for post, time in published.items()
    }
    assert accused(published, habit) == 0


def test_times_that_are_only_known_to_the_minute_say_nothing() -> None:
    published, visits = timer(6 * HOUR)
    assert periodic_visitors({"bot": {post: time // MINUTE * MINUTE for post, time in visits.items()}}, published) == {}


def test_the_hours_at_which_somebody_writes_down_what_many_did_are_not_theirs() -> None:
    """A program fetches all interactions each evening and reports its own time for all of them."""
    published = daily()
    fetched = {post: time + 6 * HOUR + ODD for post, time in published.items()}
    assert periodic_visitors({f"fan{number}": fetched for number in range(20)}, published) == {}


def test_eight_visits_are_too_few() -> None:
    published = daily()
    visits = {post: time + 5 * HOUR + ODD for post, time in published.items()}
    found = [periodic_visitors({"bot": dict(list(visits.items())[:count])}, published) for count in (8, 9)]
    assert [set(each) for each in found] == [set(), {"bot"}]

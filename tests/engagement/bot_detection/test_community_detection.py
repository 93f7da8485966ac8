"""Co-occurrence: bot farms are found, and genuine audiences are not accused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from groundswell_server.engagement.bot_detection.co_occurrence import CoOccurrence, find_co_occurrence
from groundswell_server.engagement.bot_detection.community_detection import Visits, find_communities
from groundswell_server.engagement.bot_detection.graph_layer import co_occurrence_log_odds, graph_findings
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch, to_microseconds
from groundswell_server.engagement.bot_detection.layer_pipeline import judge
from groundswell_server.engagement.bot_detection.persona_layer import PersonaRegister
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason
from groundswell_server.engagement.bot_detection.score_combination import DECISIVE
from groundswell_storage.engagement.enums import Verdict
from tests.engagement.bot_detection.interactions import PUBLISHED, comment, like, reasons_of
from tests.engagement.defaults import FILTER

DAY, HOUR, MINUTE = 86_400e6, 3_600e6, 60e6


@dataclass(frozen=True, slots=True)
class Audience:
    """A persona's audience over some weeks, drawn at random: a post a day."""

    fans: int = 300
    """Come to posts by chance, to popular ones rather, within hours."""
    devoted: int = 10
    """Come to nearly all posts within minutes."""
    topical: int = 0
    """Come to nearly all posts of one kind, a quarter of all, within hours."""
    farm: int = 8
    """Come to some posts together, within five minutes."""
    farm_posts: int = 8
    posts: int = 40

    def draw(self, seed: int) -> tuple[Visits, set[int]]:
        """The visits, and the rows of the farm."""
        chance = np.random.default_rng(seed)
        start = np.arange(self.posts) * DAY
        weight = chance.lognormal(0, 0.8, self.posts)
        eager = np.minimum(0.6 * self.posts, chance.lognormal(1.2, 0.8, self.fans))
        comes = np.minimum(0.95, eager[:, None] * weight / weight.sum())
        times = np.vstack(
            [
                self._some(chance, comes, start + chance.exponential(6 * HOUR, (self.fans, self.posts))),
                self._some(chance, 0.95, start + chance.exponential(4 * MINUTE, (self.devoted, self.posts))),
                self._some(
                    chance,
                    np.where(np.arange(self.posts) % 4, 0.0, 0.9),
                    start + chance.exponential(3 * HOUR, (self.topical, self.posts)),
                ),
                self._farm(chance, start),
            ]
        )
        first = self.fans + self.devoted + self.topical
        return Visits(times, (~np.isnan(times)).sum(axis=0) + 20 * weight), set(range(first, first + self.farm))

    def _farm(self, chance: np.random.Generator, start: NDArray[np.float64]) -> NDArray[np.float64]:
        times = np.full((self.farm, self.posts), np.nan)
        for post in chance.choice(self.posts, self.farm_posts, replace=False):
            sent = start[post] + chance.exponential(4 * HOUR)
            times[:, post] = sent + chance.uniform(0, 5 * MINUTE, self.farm)
        return self._some(chance, 0.95, times)

    @staticmethod
    def _some(
        chance: np.random.Generator, comes: float | NDArray[np.float64], times: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.where(chance.random(times.shape) < comes, times, np.nan)
        return found


def accused(audience: Audience, seeds: int = 20) -> tuple[float, int]:
    """The share of farm accounts that are found, and how many others are accused."""
    found = others = 0
    for seed in range(seeds):
        visits, farm = audience.draw(seed)
        members = {account for community in find_communities(visits) for account in community.accounts}
        found += len(members & farm)
        others += len(members - farm)
    return found / max(1, audience.farm * seeds), others


@pytest.mark.parametrize(
    "audience", [Audience(), Audience(farm_posts=5), Audience(farm=30), Audience(posts=100, farm_posts=6)], ids=str
)
def test_a_farm_is_found_and_nobody_else(audience: Audience) -> None:
    share, others = accused(audience)

    assert share >= 0.7
    assert others == 0


@pytest.mark.parametrize(
    "audience",
    [
        Audience(farm=0, devoted=60),
        Audience(farm=0, topical=40),
        Audience(farm=0, fans=1500, posts=15),
        Audience(farm=0, fans=40, devoted=20, posts=9),
    ],
    ids=str,
)
def test_an_audience_without_a_farm_is_left_alone(audience: Audience) -> None:
    assert accused(audience) == (0.0, 0)


def test_few_posts_say_nothing() -> None:
    """Actors with all of six posts in common may be all the fans there are."""
    visits, _ = Audience(fans=30, posts=6, farm_posts=6).draw(1)

    assert find_communities(visits) == []


def test_it_takes_four() -> None:
    assert accused(Audience(farm=3))[0] == 0.0


def test_more_common_posts_of_a_group_weigh_more() -> None:
    weights = [co_occurrence_log_odds(posts) for posts in range(1, 40)]

    assert weights == sorted(weights)
    assert co_occurrence_log_odds(4) < DECISIVE <= co_occurrence_log_odds(5)
    assert co_occurrence_log_odds(1000) == 4.2


def test_the_layer_reports_the_group_and_the_posts() -> None:
    start = to_microseconds(PUBLISHED)
    popularity = {f"post{number}": 40 for number in range(30)}
    farm = [(f"@Bot.{at}", f"post{number}", start + number * int(DAY) + at) for number in range(6) for at in range(5)]
    fans = [(f"fan{number}", f"post{number}", start + number * int(DAY) + 3) for number in range(30)]

    co_occurrence = find_co_occurrence([*farm, *fans], popularity)
    batch = InteractionBatch.of([*(like(f"bot{at}", None) for at in range(5)), like("fan7", None), like("new", None)])
    judgments = list(judge(batch, {}, PersonaRegister(), FILTER, co_occurrence=co_occurrence))

    assert co_occurrence.together == {f"bot{at}": 6 for at in range(5)}
    assert set(co_occurrence.spellings) == {f"@Bot.{at}" for at in range(5)}
    assert [judgment.verdict for judgment in judgments] == [Verdict.BOT] * 5 + [Verdict.GENUINE] * 2
    assert reasons_of(judgments[0]) == {Reason.CO_INTERACTION}
    assert judgments[0].reasons[0].detail == "one of a group of accounts that visited 6 posts together"
    assert [Layer.GRAPH in judgment.layers for judgment in judgments] == [True] * 5 + [False] * 2


def test_without_company_the_layer_has_nothing_to_go_by() -> None:
    found = graph_findings(InteractionBatch.of([comment("hello"), like("")]), CoOccurrence())

    assert not found.has_evidence.any()
    assert all(len(signals.rows) == 0 for signals in found.signals)

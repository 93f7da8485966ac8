"""All five layers together: what probability they give, and whether it means what it says.

An audience is simulated with everything that the layers look at. In it the layers' signals are as independent, or as
little so, as in the simulation; how the probabilities do on real interactions is measured on real comments in
`test_phrases`.
"""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from groundswell_server.engagement.bot_detection.co_occurrence import CoOccurrence
from groundswell_server.engagement.bot_detection.interaction_batch import Interaction, InteractionBatch
from groundswell_server.engagement.bot_detection.layer_pipeline import judge
from groundswell_server.engagement.bot_detection.persona_layer import PersonaRegister
from groundswell_storage.engagement.enums import Verdict
from tests.engagement.bot_detection.interactions import POST, POSTS, comment, like
from tests.engagement.bot_detection.simulated_accounts import bot, forget, person
from tests.engagement.defaults import FILTER
from tests.video_comments import VIDEOS, texts_by_spam

COUNT = 1200
"""Interactions of one simulation: so many that no real comment has to be drawn twice."""
SIMULATIONS = 6
PROFILES_KNOWN = 0.4
COMMENTS = 0.6
HOUR = 3600.0


def simulate(bot_share: float, seed: int) -> tuple[list[Interaction], list[bool], CoOccurrence]:
    """Interactions of an audience of which this share is bots, who is one, and who comes together.

    Of the bots a third writes spam and the others what people write or nothing; one in eight answers at once, one in
    eight belongs to a farm; of every account something is known in four cases of ten.
    """
    chance = random.Random(seed)
    written = texts_by_spam(*VIDEOS)
    for comments in written.values():
        chance.shuffle(comments)
    interactions, truth, farm = [], [], {}
    for number in range(COUNT):
        is_bot = chance.random() < bot_share
        actor = f"actor{number}"
        after = chance.uniform(0.3, 1.9) if is_bot and chance.random() < 1 / 8 else 60 + chance.expovariate(1 / HOUR)
        spam = is_bot and chance.random() < 1 / 2
        made = comment(written[spam].pop(), actor, after) if chance.random() < COMMENTS else like(actor, after)
        if chance.random() < PROFILES_KNOWN:
            account = forget(chance, (bot if is_bot else person)(chance), 0.3)
            made = replace(made, profile=account)
        if is_bot and chance.random() < 1 / 8:
            farm[actor] = chance.choice((4, 6, 9))
        interactions.append(made)
        truth.append(is_bot)
    # Everybody is at a post of their own: the rush of all of them at one would be the only signal.
    alone = [replace(made, post_id=f"{POST}{number}") for number, made in enumerate(interactions)]
    return alone, truth, CoOccurrence(visited=dict.fromkeys(farm, 9), together=farm)


def judged(bot_share: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, verdicts BOT, and the truth, of several simulations."""
    settings = replace(FILTER, prior_bot_share=bot_share)
    found = []
    for seed in range(SIMULATIONS):
        interactions, truth, co_occurrence = simulate(bot_share, seed)
        posts = {each.post_id: POSTS[POST] for each in interactions}
        judgments = judge(
            InteractionBatch.of(interactions), posts, PersonaRegister(), settings, co_occurrence=co_occurrence
        )
        found.append((judgments.probabilities, judgments.verdicts == Verdict.BOT, np.array(truth)))
    probabilities, bots, truths = (np.concatenate(column) for column in zip(*found, strict=True))
    return probabilities, bots, truths


@pytest.mark.parametrize(("share", "error"), [(0.1, 0.04), (0.25, 0.07)])
def test_probabilities_mean_what_they_say(share: float, error: float) -> None:
    """Expected calibration error over ten bins, and the Brier score beside that of always saying the prior."""
    probabilities, _, truth = judged(share)
    bins = np.minimum(9, (10 * probabilities).astype(int))
    gaps = np.bincount(bins, probabilities - truth, minlength=10)

    assert np.abs(gaps).sum() / len(truth) < error
    assert np.mean((probabilities - truth) ** 2) < 0.6 * share * (1 - share)


def test_precision_comes_before_recall() -> None:
    _, bots, truth = judged(0.1)

    assert truth[bots].mean() >= 0.82
    assert bots[truth].mean() >= 0.45
    assert bots[~truth].mean() <= 0.015

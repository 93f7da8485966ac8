"""Layer 4: what the profile of the actor's account gives away, where anything is known of it."""

from __future__ import annotations

import numpy as np

from groundswell_server.engagement.bot_detection.account_profiles import Profile, with_digits
from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch
from groundswell_server.engagement.bot_detection.layer_findings import LayerFindings, Signs
from groundswell_server.engagement.bot_detection.profile_score import ProfileScore, score_profile
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason


def profile_findings(batch: InteractionBatch, settings: FilterSettings) -> LayerFindings:
    """Scores every known profile. The weights of one profile's signs add up, and so does what speaks for a person.

    Handles are always known: their digits count only beside something else that is known of the account.
    """
    informed = np.zeros(len(batch), np.bool_)
    reassurance = np.zeros(len(batch))
    by_reason: dict[Reason, list[tuple[int, float, float]]] = {}
    scored: dict[tuple[Profile, str], ProfileScore] = {}
    for row, profile in batch.profiles.items():
        informed[row] = True
        account = profile, batch.actors[row]
        if (score := scored.get(account)) is None:
            score = scored[account] = score_profile(with_digits(*account), settings.prior_log_odds)
        reassurance[row] = score.reassurance
        for sign in score.signs:
            by_reason.setdefault(sign.reason, []).append((row, sign.log_odds, sign.figure))
    signs = tuple(Signs.collect(reason, found) for reason, found in by_reason.items())
    return LayerFindings(Layer.PROFILE, informed, signs, reassurance=reassurance)

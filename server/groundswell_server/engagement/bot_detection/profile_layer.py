"""Layer 4: what the profile of the actor's account gives away, where anything is known of it."""

from __future__ import annotations

import numpy as np

from groundswell_server.engagement.bot_detection.account_profiles import Profile, with_digits
from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch
from groundswell_server.engagement.bot_detection.layer_findings import LayerFindings, Signals
from groundswell_server.engagement.bot_detection.profile_score import ProfileScore, score_profile
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason


def profile_findings(batch: InteractionBatch, settings: FilterSettings) -> LayerFindings:
    """Scores every known profile. The weights of one profile's signals add up, and so does what speaks for a person.

    Handles are always known: their digits count only beside something else that is known of the account.
    """
    has_evidence = np.zeros(len(batch), np.bool_)
    genuine_log_odds = np.zeros(len(batch))
    by_reason: dict[Reason, list[tuple[int, float, float]]] = {}
    scored: dict[tuple[Profile, str], ProfileScore] = {}
    for row, profile in batch.profiles.items():
        has_evidence[row] = True
        account = profile, batch.actors[row]
        if (score := scored.get(account)) is None:
            score = scored[account] = score_profile(with_digits(*account), settings.prior_log_odds)
        genuine_log_odds[row] = score.genuine_log_odds
        for signal in score.signals:
            by_reason.setdefault(signal.reason, []).append((row, signal.log_odds, signal.figure))
    signals = tuple(Signals.collect(reason, found) for reason, found in by_reason.items())
    return LayerFindings(Layer.PROFILE, has_evidence, signals, genuine_log_odds=genuine_log_odds)

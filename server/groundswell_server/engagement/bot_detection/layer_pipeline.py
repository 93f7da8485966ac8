"""The pipeline of the filter: runs the layers over a batch and combines their findings."""

from __future__ import annotations

from collections.abc import Mapping

from groundswell_server.engagement.bot_detection.co_occurrence import NO_CO_OCCURRENCE, CoOccurrence
from groundswell_server.engagement.bot_detection.duplicate_texts import DuplicateIndex
from groundswell_server.engagement.bot_detection.filter_settings import FilterSettings
from groundswell_server.engagement.bot_detection.graph_layer import graph_findings
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch, PostFacts
from groundswell_server.engagement.bot_detection.persona_layer import PersonaRegister, persona_findings
from groundswell_server.engagement.bot_detection.profile_layer import profile_findings
from groundswell_server.engagement.bot_detection.score_combination import Judgments, combine
from groundswell_server.engagement.bot_detection.text_layer import text_findings
from groundswell_server.engagement.bot_detection.time_layer import time_findings


def judge(
    batch: InteractionBatch,
    posts: Mapping[str, PostFacts],
    register: PersonaRegister,
    settings: FilterSettings,
    duplicates: DuplicateIndex | None = None,
    co_occurrence: CoOccurrence = NO_CO_OCCURRENCE,
) -> Judgments:
    """Returns verdict, probability and reasons for each interaction of the batch.

    Pass all interactions of a post together, earlier ones too: later evidence can change an earlier verdict. Posts that
    are missing from `posts` are judged without the persona layer and without their time of publication. `duplicates`
    carries texts over from one batch to the next. `co_occurrence` describes the accounts that appear together or
    periodically under the persona's posts.
    """
    findings = (
        persona_findings(batch, posts, register),
        time_findings(batch, posts, settings, co_occurrence.periods),
        text_findings(batch, settings, duplicates),
        profile_findings(batch, settings),
        graph_findings(batch, co_occurrence),
    )
    return combine(findings, len(batch), settings)

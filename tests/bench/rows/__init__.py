"""The rows: each a piece of work, its yardstick and its target, from the specification's table."""

from __future__ import annotations

from tests.bench.rows import (
    analysis,
    events,
    experiments,
    monitoring,
    online,
    patterns,
    recording,
    scoring,
    server,
    training,
)
from tests.bench.table import Measure

ALL: tuple[Measure, ...] = (
    scoring.score_content,
    online.score_content_with_online_model,
    scoring.score_content_against_peer,
    scoring.predict_one_row,
    scoring.batch_score_content,
    scoring.optimize_content,
    experiments.assign_variant,
    events.record_events_of_experiments,
    events.record_events_on_postgresql,
    training.training,
    training.calls_while_training,
    monitoring.drift,
    patterns.pattern_extraction,
    recording.context_update,
    recording.bot_filtering,
    server.start_and_memory,
    server.two_processes,
)

ALONE: tuple[Measure, ...] = (analysis.analyze_ten_million,)
"""Rows that take minutes, and run only when they are named."""

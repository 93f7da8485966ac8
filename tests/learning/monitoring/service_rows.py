"""A version in service as rows of the database: its predictions for posts, and their outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from groundswell_server.learning.features.post_features import FEATURES
from groundswell_server.models.drift.baseline import ARTIFACT, Baseline
from groundswell_server.statistics.two_sample_tests import Summary
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.engagement.snapshots import MetricSnapshotRow
from groundswell_storage.learning import model_versions, predictions
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.learning.predictions import ServedPrediction
from groundswell_storage.scope import Scope
from tests.learning.model_rows import RESULT, artifact
from tests.learning.past_posts import add_persona, add_posts

TARGET_AGE = timedelta(days=7)
BASELINE = Baseline(Summary(0.8, 0.6, 150.0), Summary(0.0, 1.0, 150.0), 0.8, {})
"""Residuals with a standard deviation of 1 percentage point."""


def a_watched_version(scope: Scope, operation_id: str = "run-1") -> ModelVersion:
    """A version that has a baseline."""
    contents = {"onnx": b"trees", "card": b"{}", "estimator": b"pickled", ARTIFACT: BASELINE.to_bytes()}
    artifacts = [artifact(name, content) for name, content in contents.items()]
    return model_versions.add_version(scope, RESULT, artifacts, operation_id=operation_id)


def serve(scope: Scope, version: ModelVersion, residuals: Sequence[float]) -> None:
    """Predicts as many posts, persona_and_platform outcomes are that far from what was said."""
    posts = [scope.get(PostRow, id) for id in add_posts(scope, add_persona(scope), len(residuals), seed=1)]
    features: dict[str, Any] = {"values": [1.0] * len(FEATURES), "category": None}
    rows = []
    for post, residual in zip(posts, residuals, strict=True):
        snapshot = MetricSnapshotRow
        at_age = (snapshot.post_id == post.id) & (snapshot.fetch_time == post.publish_time + TARGET_AGE)
        rate = scope.select(MetricSnapshotRow).where(at_age).get().outcome_rate_pct
        said = rate - residual
        rows.append(ServedPrediction(version.id, post.context_id, 1, features, said, None, None, post.publish_time))
    predictions.store(scope, rows)


def usual(count: int, seed: int = 0) -> list[float]:
    """Residuals as in the test of the version."""
    found: list[float] = np.random.default_rng(seed).normal(size=count).tolist()
    return found

"""Training results and artifacts for tests of storage and registry."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from groundswell_storage.learning.model_versions import (
    Artifact,
    ModelVersion,
    TrainingResult,
    add_version,
    list_versions,
)
from groundswell_storage.scope import Scope

RESULT = TrainingResult(
    model_type="ENGAGEMENT_PREDICTOR",
    data_start=datetime(2026, 1, 1, tzinfo=UTC),
    data_end=datetime(2026, 3, 31, 12, 30, tzinfo=UTC),
    sample_count=500,
    features=("hour", "platform"),
    parameters={"trees": 100, "success_threshold_pct": 5.0},
    train_metrics={"mae": 0.8, "sample_size": 350.0},
    test_metrics={"mae": 1.0, "sample_size": 150.0},
    baselines={"trailing_mean": {"mae": 1.4}, "last_value": {"mae": 1.9}},
    headline_metric="mae",
    beats_baselines=True,
    export_deviation=1e-7,
    library_versions={"scikit-learn": "1.9"},
    importance=({"feature": "hour", "impurity": 0.7}, {"feature": "platform", "impurity": 0.3}),
    notes=("trained on the older 70%",),
)


def artifact(name: str, content: bytes) -> Artifact:
    """An artifact with the digest of its content."""
    return Artifact(name, hashlib.sha256(content).hexdigest(), content)


def a_version(scope: Scope, operation_id: str, **changes: Any) -> ModelVersion:
    """Keeps a version whose artifacts say which run they are of."""
    contents = {"onnx": f"trees of {operation_id}".encode(), "card": b"{}", "estimator": b"pickled"}
    artifacts = [artifact(name, content) for name, content in contents.items()]
    return add_version(scope, replace(RESULT, **changes), artifacts, operation_id=operation_id)


def live_ids(scope: Scope) -> list[str]:
    """The ids of the versions that are live, by type."""
    versions = list_versions(scope, stage="LIVE").items
    return [version.id for version in sorted(versions, key=lambda version: version.model_type)]

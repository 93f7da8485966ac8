"""Exported trees give the same outputs for one row as for many, on any number of threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from groundswell_server.models.artifacts.onnx_session import OnnxSession
from groundswell_server.models.training.trainer import TrainedModel


@pytest.mark.parametrize("model", ["trained_rates", "trained_success"])
def test_one_row_is_answered_as_one_of_many(model: str, request: pytest.FixtureRequest) -> None:
    trained: TrainedModel = request.getfixturevalue(model)
    trees = OnnxSession(trained.files.onnx.content)
    columns = len(trained.tested.learned.predictor.encoder.columns)  # type: ignore[attr-defined]
    rows = np.random.default_rng(3).normal(size=(200, columns)).astype(np.float32)
    together = [output.reshape(len(rows), -1)[:, -1] for output in trees(rows)]
    with ThreadPoolExecutor(8) as threads:
        alone = list(threads.map(lambda row: trees.one(row.tolist()), rows))
    np.testing.assert_allclose(np.array(alone).T, together, rtol=1e-5, atol=1e-6)

"""The files of a model: refused when damaged, and equal to the trained model."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from groundswell_server.learning.features.post_features import extract
from groundswell_server.models.model_files import ModelFile, load_estimator, load_predictor
from groundswell_server.models.training.trainer import TrainedModel
from groundswell_server.models.uncertainty.conformal import adapt
from groundswell_storage.errors import DataLoss
from tests.learning.simulated_posts import Simulation, simulate


@pytest.fixture(params=["rates", "success"])
def trained(request: pytest.FixtureRequest, trained_rates: TrainedModel, trained_success: TrainedModel) -> TrainedModel:
    return trained_rates if request.param == "rates" else trained_success


def test_what_serves_says_what_was_trained(trained: TrainedModel) -> None:
    assert trained.export_deviation < 1e-4
    estimators = load_estimator(trained.files.estimator)
    served = load_predictor(trained.files.onnx, trained.files.card)
    posts = [example.facts for example in simulate(200, seed=99).examples]
    x = served.encoder.encode(extract(posts))
    if "middle" in estimators:
        expected = np.square(estimators["middle"].predict(x))
        np.testing.assert_allclose(served.predict(posts).value, expected, rtol=1e-5)
    else:
        order = np.argsort(estimators["score"].decision_function(x))
        assert np.all(np.diff(served.predict(posts).value[order]) >= -1e-6)


def test_however_much_is_learnt_from_artifacts_stay_under_100_mb(trained: TrainedModel) -> None:
    """Trees end at their greatest depth: what they take up now, were each of them full."""
    estimators = load_estimator(trained.files.estimator).values()
    trees = [tree for estimator in estimators for tree in np.ravel(estimator.estimators_)]
    grown = sum(tree.tree_.node_count for tree in trees)
    full = sum(2 ** (tree.max_depth + 1) - 1 for tree in trees)
    assert grown < full
    for file in (trained.files.onnx, trained.files.estimator):
        assert len(file.content) * full / grown < 100e6


def test_one_post_is_predicted_like_many(trained: TrainedModel) -> None:
    served = load_predictor(trained.files.onnx, trained.files.card)
    examples = simulate(50, seed=98).examples
    posts, personas = [one.facts for one in examples], [one.persona_id for one in examples]
    for level in (0.5, 0.8, 0.95):
        together = served.predict(posts, level=level, personas=personas)
        alone = [
            served.predict_one(facts, level=level, persona_id=who) for facts, who in zip(posts, personas, strict=True)
        ]
        np.testing.assert_allclose(np.array(alone).T, [together.value, together.lower, together.upper], rtol=1e-9)


def test_no_posts_have_no_predictions(trained: TrainedModel) -> None:
    assert len(load_predictor(trained.files.onnx, trained.files.card).predict([])) == 0


def test_higher_levels_have_wider_intervals(trained_rates: TrainedModel, simulation: Simulation) -> None:
    served = load_predictor(trained_rates.files.onnx, trained_rates.files.card)
    posts = [example.facts for example in simulation.examples[:50]]
    low, high = served.predict(posts, level=0.5), served.predict(posts, level=0.95)
    assert np.all((high.lower >= 0) & (high.lower <= low.lower) & (low.lower <= low.value))
    assert np.all((low.value <= low.upper) & (low.upper <= high.upper))


def test_misses_that_were_seen_widen_the_intervals(trained_rates: TrainedModel, simulation: Simulation) -> None:
    from groundswell_server.learning.predictors.rate_predictor import RatePredictor

    served = load_predictor(trained_rates.files.onnx, trained_rates.files.card)
    assert isinstance(served, RatePredictor)
    facts, persona = simulation.examples[0].facts, simulation.examples[0].persona_id
    before = served.predict_one(facts, persona_id=persona)
    adapted = served.with_alpha(adapt(served.conformal.alpha, [True] * 5, target=served.conformal.target))
    after = adapted.predict_one(facts, persona_id=persona)
    assert after.value == before.value
    assert after.upper > before.upper
    assert adapted.with_alpha(None).predict_one(facts, persona_id=persona) == before


@pytest.mark.parametrize("part", ["onnx", "card"])
def test_a_damaged_artifact_is_refused(trained: TrainedModel, part: str) -> None:
    file: ModelFile = getattr(trained.files, part)
    damaged = replace(trained.files, **{part: ModelFile(file.content[:-1] + b"?", file.digest)})
    with pytest.raises(DataLoss, match=f"stored {part} is damaged") as refused:
        load_predictor(damaged.onnx, damaged.card)
    assert refused.value.reason == "ARTIFACT_DAMAGED"


def test_an_estimator_is_not_unpickled_before_its_digest_is_verified(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    evil = f"cbuiltins\nopen\n(V{trace}\nVw\ntR.".encode()
    with pytest.raises(DataLoss):
        load_estimator(ModelFile(evil, ModelFile.of(b"the estimator").digest))
    assert not trace.exists()
    load_estimator(ModelFile.of(evil))
    assert trace.exists()  # it would have run


def test_a_card_is_plain_json(trained: TrainedModel) -> None:
    card = json.loads(trained.files.card.content)
    assert card["model_type"] == trained.model_type
    assert card["sample_count"] == trained.sample_count
    assert card["features"] == list(trained.features)


def test_serving_needs_no_scikit_learn(trained: TrainedModel, tmp_path: Path) -> None:
    (tmp_path / "onnx").write_bytes(trained.files.onnx.content)
    (tmp_path / "card").write_bytes(trained.files.card.content)
    program = """
        import sys
        from pathlib import Path
        from groundswell_server.learning.scoring import optimizer
        from groundswell_server.learning.scoring import scorer
        from groundswell_server.learning.timing import time_slots
        assert "onnxruntime" not in sys.modules
        from groundswell_server.models.model_files import ModelFile, load_predictor
        from groundswell_server.learning.features.post_facts import PostFacts
        folder = Path(sys.argv[1])
        model = load_predictor(*(ModelFile.of((folder / name).read_bytes()) for name in ("onnx", "card")))
        print(model.predict_one(PostFacts()).value)
        heavy = {"sklearn", "scipy", "skl2onnx", "onnx", "joblib", "pandas"} & set(sys.modules)
        assert not heavy, heavy
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_a_card_that_is_whole_but_not_one_of_ours_is_refused_as_damaged(trained: TrainedModel) -> None:
    for content in (b"{}", b"[]", b"not JSON", b'{"model_type": "ENGAGEMENT_PREDICTOR"}'):
        with pytest.raises(DataLoss) as refused:
            load_predictor(trained.files.onnx, ModelFile.of(content))
        assert refused.value.reason == "ARTIFACT_DAMAGED"

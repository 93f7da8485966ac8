"""A version under rollout, on the wire: whom it serves, what is kept of it, and how that ends."""

from __future__ import annotations

import pytest

from groundswell.v1 import experiments_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell_server.experiments.jobs import check_rollouts
from groundswell_storage.learning import model_versions
from tests.learning.calls.studio import Studio
from tests.learning.calls.trying import Trying
from tests.patience import eventually
from tests.running import RunningServer

OLD, NEW = "ENGAGEMENT_PREDICTOR/1", "ENGAGEMENT_PREDICTOR/2"


@pytest.fixture
def trying(empty: Studio, studio: Studio) -> Trying:
    """Some personas are covered, and some are not."""
    return Trying.begin(empty, studio)


def test_it_serves_the_personas_that_the_rollout_covers_and_only_them(trying: Trying) -> None:
    trying.noticed()
    stub, covered = trying.studio.learning, {id: trying.is_on(id) for id in trying.personas}
    for id, is_on in covered.items():
        assert trying.serving(id) == (trying.candidate if is_on else trying.live)
        score = stub.ScoreContent(pb.ScoreContentRequest(draft=trying.draft(id))).score
        assert list(score.model_versions) == [NEW if is_on else OLD, "SUCCESS_CLASSIFIER/1"]
    asked = [pb.ScoreContentRequest(draft=trying.draft(id)) for id in ("", *covered)]
    scores = stub.BatchScoreContent(pb.BatchScoreContentRequest(requests=asked)).scores
    assert [score.model_versions[0] for score in scores] == [OLD, *(NEW if on else OLD for on in covered.values())]
    best = stub.OptimizeContent(pb.OptimizeContentRequest(draft=trying.draft(trying.someone(on=True))))
    assert best.score.model_versions[0] == best.optimized_score.model_versions[0] == NEW


def test_what_it_says_is_kept_as_its_own_and_whoever_it_serves_is_counted(trying: Trying) -> None:
    trying.noticed()
    for on, version in ((True, trying.candidate), (False, trying.live)):
        context = trying.context(trying.someone(on=on))
        trying.studio.learning.ScoreContent(pb.ScoreContentRequest(context_id=context))
        kept = eventually(lambda context=context: trying.noted(context))  # type: ignore[misc]
        assert {trying.live, trying.candidate} & set(kept) == {version}
    database = trying.studio.server.app.database
    database.bind()
    check_rollouts(database, trying.studio.server.settings)
    seen = trying.rollout.stages[0].check
    assert (seen.new_units > 0, seen.old_units > 0) == (True, True)


def test_a_rollback_ends_it_on_every_server(trying: Trying) -> None:
    url = trying.studio.server.settings.database_url.get_secret_value()
    with RunningServer(url) as other:
        stub = other.learning(trying.key)
        trying.noticed(stub)
        covered = trying.someone(on=True)
        trying.roll_back()
        eventually(lambda: trying.serving(covered, stub) == trying.live)
        eventually(lambda: trying.serving(covered) == trying.live)


def test_promoted_to_all_it_serves_on(trying: Trying) -> None:
    trying.noticed()
    other = trying.someone(on=False)
    trying.experiments.AdvanceRollout(experiments_pb2.AdvanceRolloutRequest(rollout_key="model-2"))
    eventually(lambda: trying.serving(other) == trying.candidate)
    assert trying.serving(trying.someone(on=True)) == trying.candidate


def test_while_experiments_is_away_the_live_version_serves_and_no_call_fails(trying: Trying) -> None:
    trying.noticed()
    url = trying.studio.server.settings.database_url.get_secret_value()
    with RunningServer(url, ["learning"]) as alone:
        stub = alone.learning(trying.key)
        assert {trying.serving(id, stub) for id in trying.personas} == {trying.live}


@pytest.mark.parametrize("part", ["onnx", "card"])
def test_the_live_version_serves_in_the_place_of_a_damaged_one(trying: Trying, part: str) -> None:
    with trying.studio.server.app.database.scope(trying.studio.workspace) as scope:
        row = model_versions.ModelArtifactRow
        damaged = (row.model_id == trying.candidate) & (row.name == part)
        scope.update(row, content=b"not what was stored").where(damaged).execute()
    # A server that starts now has to load what is stored.
    with RunningServer(trying.studio.server.settings.database_url.get_secret_value()) as other:
        assert trying.serving(trying.someone(on=True), other.learning(trying.key)) == trying.live

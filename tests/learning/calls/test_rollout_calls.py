"""A version under rollout on the wire: the personas it serves, its stored predictions, and the end of the rollout."""

from __future__ import annotations

import pytest

from groundswell.v1 import experiments_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell_server.experiments.jobs import check_rollouts
from groundswell_storage.learning import model_versions
from tests.learning.calls.rolling_out import RollingOut
from tests.learning.calls.studio import Studio
from tests.patience import eventually
from tests.running import RunningServer

OLD, NEW = "ENGAGEMENT_PREDICTOR/1", "ENGAGEMENT_PREDICTOR/2"


@pytest.fixture
def rolling_out(empty: Studio, studio: Studio) -> RollingOut:
    """Some personas are covered, and some are not."""
    return RollingOut.begin(empty, studio)


def test_it_serves_the_personas_that_the_rollout_covers_and_only_them(rolling_out: RollingOut) -> None:
    rolling_out.noticed()
    stub, covered = rolling_out.studio.learning, {id: rolling_out.is_on(id) for id in rolling_out.personas}
    for id, is_on in covered.items():
        assert rolling_out.serving(id) == (rolling_out.candidate if is_on else rolling_out.live)
        score = stub.ScoreContent(pb.ScoreContentRequest(draft=rolling_out.draft(id))).score
        assert list(score.model_versions) == [NEW if is_on else OLD, "SUCCESS_CLASSIFIER/1"]
    asked = [pb.ScoreContentRequest(draft=rolling_out.draft(id)) for id in ("", *covered)]
    scores = stub.BatchScoreContent(pb.BatchScoreContentRequest(requests=asked)).scores
    assert [score.model_versions[0] for score in scores] == [OLD, *(NEW if on else OLD for on in covered.values())]
    best = stub.OptimizeContent(pb.OptimizeContentRequest(draft=rolling_out.draft(rolling_out.someone(on=True))))
    assert best.score.model_versions[0] == best.optimized_score.model_versions[0] == NEW


def test_what_it_says_is_kept_as_its_own_and_whoever_it_serves_is_counted(rolling_out: RollingOut) -> None:
    rolling_out.noticed()
    for on, version in ((True, rolling_out.candidate), (False, rolling_out.live)):
        context = rolling_out.context(rolling_out.someone(on=on))
        rolling_out.studio.learning.ScoreContent(pb.ScoreContentRequest(context_id=context))
        kept = eventually(lambda context=context: rolling_out.noted(context))  # type: ignore[misc]
        assert {rolling_out.live, rolling_out.candidate} & set(kept) == {version}
    database = rolling_out.studio.server.app.database
    database.bind()
    check_rollouts(database, rolling_out.studio.server.settings)
    seen = rolling_out.rollout.stages[0].check
    assert (seen.new_units > 0, seen.old_units > 0) == (True, True)


def test_a_rollback_ends_it_on_every_server(rolling_out: RollingOut) -> None:
    url = rolling_out.studio.server.settings.database_url.get_secret_value()
    with RunningServer(url) as other:
        stub = other.learning(rolling_out.key)
        rolling_out.noticed(stub)
        covered = rolling_out.someone(on=True)
        rolling_out.roll_back()
        eventually(lambda: rolling_out.serving(covered, stub) == rolling_out.live)
        eventually(lambda: rolling_out.serving(covered) == rolling_out.live)


def test_promoted_to_all_it_serves_on(rolling_out: RollingOut) -> None:
    rolling_out.noticed()
    other = rolling_out.someone(on=False)
    rolling_out.experiments.AdvanceRollout(experiments_pb2.AdvanceRolloutRequest(rollout_key="model-2"))
    eventually(lambda: rolling_out.serving(other) == rolling_out.candidate)
    assert rolling_out.serving(rolling_out.someone(on=True)) == rolling_out.candidate


def test_while_experiments_is_away_the_live_version_serves_and_no_call_fails(rolling_out: RollingOut) -> None:
    rolling_out.noticed()
    url = rolling_out.studio.server.settings.database_url.get_secret_value()
    with RunningServer(url, ["learning"]) as alone:
        stub = alone.learning(rolling_out.key)
        assert {rolling_out.serving(id, stub) for id in rolling_out.personas} == {rolling_out.live}


@pytest.mark.parametrize("part", ["onnx", "card"])
def test_the_live_version_serves_in_the_place_of_a_damaged_one(rolling_out: RollingOut, part: str) -> None:
    with rolling_out.studio.server.app.database.scope(rolling_out.studio.workspace) as scope:
        row = model_versions.ModelArtifactRow
        damaged = (row.model_id == rolling_out.candidate) & (row.name == part)
        scope.update(row, content=b"not what was stored").where(damaged).execute()
    # A server that starts now has to load what is stored.
    with RunningServer(rolling_out.studio.server.settings.database_url.get_secret_value()) as other:
        assert rolling_out.serving(rolling_out.someone(on=True), other.learning(rolling_out.key)) == rolling_out.live

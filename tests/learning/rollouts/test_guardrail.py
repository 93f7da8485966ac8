"""The prediction errors of a version under rollout reach its guardrail, which stops it if they are larger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from groundswell import Client, types
from groundswell_server.experiments.jobs import check_rollouts
from tests.learning.model_rows import a_version
from tests.learning.rollouts.measured import POSTS, add_personas, date_back, measure
from tests.patience import eventually
from tests.running import RunningServer

KEY = "model-2"
PERSONAS = 120
"""So many that each side has the 30 that a comparison takes, whatever their ids."""


class Candidates:
    """A workspace with a rollout of a version to half of `PERSONAS` personas, and one that is live."""

    def __init__(self, server: RunningServer, client: Client) -> None:
        self.server, self.client = server, client
        with server.app.database.scope("default") as scope:
            self.live, self.candidate = (a_version(scope, name).id for name in ("live", "candidate"))
            self.personas = add_personas(scope, PERSONAS)
        client.learning.promote_model(model_id=self.live)
        design = {"model_id": self.candidate, "stages": [{"share": 0.5}, {"share": 1.0}], "expected_units": PERSONAS}
        client.experiments.create_rollout(key=KEY, design=design)
        with server.app.database.scope("default") as scope:
            date_back(scope)

    def measure(self, *, live: float, candidate: float) -> None:
        """Both predicted every post, about so far off."""
        with self.server.app.database.scope("default") as scope:
            measure(scope, self.personas, {self.live: live, self.candidate: candidate})

    def checked(self) -> types.Rollout:
        """The rollout after what a worker does by the clock."""
        database = self.server.app.database
        database.bind()
        check_rollouts(database, self.server.settings)
        return self.client.experiments.get_rollout(rollout_key=KEY).rollout

    def counted(self) -> float:
        """Predictions whose errors the stage has counted."""
        with self.server.app.database.scope("default") as scope:
            row = scope.execute("SELECT COUNT(*) FROM experiment_event WHERE name = 'prediction_outcome'").fetchone()
        return float(row[0])


@pytest.fixture
def candidates(server: RunningServer) -> Iterator[Candidates]:
    with Client(server.target) as client:
        yield Candidates(server, client)


def test_without_a_guardrail_of_its_own_a_rollout_watches_the_errors(candidates: Candidates) -> None:
    (metric,) = candidates.checked().design.metrics
    assert (metric.name, metric.event, metric.denominator_event) == (
        "prediction_error",
        "prediction_error",
        "prediction_outcome",
    )
    assert (metric.kind, metric.role, metric.direction) == (
        types.METRIC_KIND_RATIO,
        types.METRIC_ROLE_GUARDRAIL,
        types.METRIC_DIRECTION_DECREASE,
    )


def test_a_version_that_is_far_off_is_rolled_back(candidates: Candidates) -> None:
    candidates.measure(live=0.5, candidate=6.0)
    rollout = eventually(lambda: (found := candidates.checked()).state == types.ROLLOUT_STATE_ROLLED_BACK and found)
    assert "the guardrail prediction_error is broken" in rollout.note
    check = rollout.stages[0].check
    assert check.old_units + check.new_units == PERSONAS
    (found,) = check.metrics
    # Each persona counts by the version that it gets, though both had predicted its posts.
    assert (found.old_mean, found.new_mean) == (pytest.approx(0.5, abs=0.1), pytest.approx(6.0, abs=0.1))


def test_a_version_that_is_better_goes_on(candidates: Candidates) -> None:
    candidates.measure(live=1.0, candidate=0.8)
    eventually(lambda: candidates.counted() == PERSONAS * POSTS)
    rollout = candidates.checked()
    assert rollout.state == types.ROLLOUT_STATE_RUNNING
    assert rollout.stages[0].check.metrics[0].harm_p_value > 0.05

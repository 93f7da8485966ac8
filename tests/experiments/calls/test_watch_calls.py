"""WatchExperiment on the wire, from the first analysis to the end of the experiment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from groundswell import Client, types
from groundswell.errors import FailedPrecondition, NotFound
from groundswell_server.experiments.jobs import run_interim_analyses
from tests.experiments.calls import test_bandit_calls as bandits
from tests.experiments.calls.conftest import new_client
from tests.experiments.calls.test_event_calls import CONVERSIONS, convert, event, start
from tests.processes import Suite
from tests.running import RunningServer


@pytest.fixture
def stranger(shared_server: RunningServer) -> Iterator[Client]:
    """A client of another workspace."""
    with new_client(shared_server) as client:
        yield client


def message_with(watching: Iterator[types.WatchExperimentResponse], units: int) -> types.WatchExperimentResponse:
    """Returns the first message with this number of units; no message has more."""
    seen = [0]
    for message in watching:
        seen.append(message.analysis.units)
        assert seen[-2] <= seen[-1] <= units
        if message.analysis.units == units:
            return message
    raise AssertionError(f"it ended at {seen}")


def test_a_watcher_receives_an_analysis_at_once_after_counting_and_at_the_end(client: Client) -> None:
    start(client)
    with client.experiments.watch_experiment(experiment_key="hooks", timeout=60) as watching:
        first = next(watching)
        assert (first.analysis.units, first.state) == (0, types.EXPERIMENT_STATE_RUNNING)
        convert(client, 2000, {"control": 0.1, "new": 0.2})
        counted = message_with(watching, 2000)
        assert counted.cursor
        client.experiments.complete_experiment(experiment_key="hooks", winner="new")
        last = list(watching)
    assert (last[-1].state, last[-1].winner) == (types.EXPERIMENT_STATE_COMPLETED, "new")
    assert last[-1].analysis.metrics == client.experiments.analyze_experiment(experiment_key="hooks").metrics


def test_an_exposure_is_sent_before_any_event(client: Client) -> None:
    start(client)
    with client.experiments.watch_experiment(experiment_key="hooks", timeout=60) as watching:
        next(watching)
        client.experiments.assign_variant(experiment_key="hooks", unit="ana")
        assert message_with(watching, 1).analysis.metrics[0].variants


def test_a_watcher_that_resumes_receives_the_missed_counts(client: Client) -> None:
    start(client)
    with client.experiments.watch_experiment(experiment_key="hooks", timeout=60) as watching:
        next(watching)
        cursor = watching.cursor
    convert(client, 300, {"control": 0.1, "new": 0.2})
    with client.experiments.watch_experiment(experiment_key="hooks", cursor=cursor, timeout=60) as watching:
        assert message_with(watching, 300).cursor != cursor


def test_a_watch_resumes_automatically_after_the_server_was_killed(sqlite_url: str) -> None:
    arguments = ("--services", "experiments", "--training-workers", "0")
    with Suite(sqlite_url, *arguments) as suite, Client(suite.target, api_key="") as client:
        start(client)
        with client.experiments.watch_experiment(experiment_key="hooks", timeout=100) as watching:
            next(watching)
            client.experiments.record_events(events=[event("ana")])
            message_with(watching, 1)
            suite.kill()
            suite.start()
            client.experiments.record_events(events=[event("bo")])
            message_with(watching, 2)
            client.experiments.complete_experiment(experiment_key="hooks")
            assert list(watching)[-1].state == types.EXPERIMENT_STATE_COMPLETED


def test_a_change_of_the_split_is_sent(client: Client) -> None:
    start(client)
    with client.experiments.watch_experiment(experiment_key="hooks", timeout=60) as watching:
        next(watching)
        client.experiments.pause_experiment(experiment_key="hooks")
        assert next(watching).state == types.EXPERIMENT_STATE_PAUSED


def test_nothing_is_sent_about_another_workspaces_experiment_with_the_same_key(
    client: Client, stranger: Client
) -> None:
    start(client)
    start(stranger)
    with client.experiments.watch_experiment(experiment_key="hooks", timeout=60) as watching:
        next(watching)
        convert(stranger, 500, {"control": 0.1, "new": 0.2})
        client.experiments.record_events(events=[event("ana")])
        assert message_with(watching, 1).analysis.units == 1


def test_an_experiment_that_cannot_be_watched_is_refused_with_its_reason(client: Client) -> None:
    with pytest.raises(NotFound):
        next(client.experiments.watch_experiment(experiment_key="hooks"))
    client.experiments.create_experiment(key="hooks", design=CONVERSIONS)
    with pytest.raises(FailedPrecondition) as refused:
        next(client.experiments.watch_experiment(experiment_key="hooks"))
    assert refused.value.reason == "EXPERIMENT_STATE_INVALID"


def test_completion_has_its_reason_and_an_analysis_its_history_on_request(
    client: Client, shared_server: RunningServer
) -> None:
    start(client, auto_complete=True)
    assert client.experiments.get_experiment(experiment_key="hooks").experiment.design.auto_complete
    convert(client, 2000, {"control": 0.1, "new": 0.3})
    run_interim_analyses(shared_server.app.database, shared_server.settings)
    ended = client.experiments.get_experiment(experiment_key="hooks").experiment
    assert (ended.state, ended.winner) == (types.EXPERIMENT_STATE_COMPLETED, "new")
    assert "always-valid p" in ended.end_reason
    assert not client.experiments.analyze_experiment(experiment_key="hooks").history
    analysis = client.experiments.analyze_experiment(experiment_key="hooks", with_history=True)
    last = analysis.history[-1]
    assert (last.units, last.verdict) == (2000, types.EXPERIMENT_VERDICT_WINNER)
    compared = analysis.metrics[0].variants[1].comparison
    assert last.comparisons[0].variant == "new"
    assert last.comparisons[0].difference == pytest.approx(compared.difference)
    assert last.comparisons[0].interval.lower == pytest.approx(compared.always_valid.interval.lower)


def test_a_manual_completion_keeps_its_reason(client: Client) -> None:
    start(client)
    ended = client.experiments.complete_experiment(experiment_key="hooks", reason="the campaign is over").experiment
    assert (ended.winner, ended.end_reason) == ("", "the campaign is over")


def test_a_bandit_is_watched_and_completes_automatically(client: Client, shared_server: RunningServer) -> None:
    bandits.start(client, auto_complete=True, min_sample_size_per_variant=30)
    with client.experiments.watch_experiment(experiment_key="hooks", timeout=60) as watching:
        next(watching)
        bandits.run(client, 3, 200)
        assert message_with(watching, 600).analysis.choice_probabilities
        run_interim_analyses(shared_server.app.database, shared_server.settings)
        last = list(watching)[-1]
    assert (last.state, last.winner) == (types.EXPERIMENT_STATE_COMPLETED, "joke")
    assert last.analysis.decision.deciding_test == types.DECIDING_TEST_ALWAYS_VALID
    analysis = client.experiments.analyze_experiment(experiment_key="hooks", with_history=True)
    assert [one.variant for one in analysis.history[-1].comparisons] == ["question", "joke"]
    joke = analysis.metrics[0].variants[2].comparison
    assert analysis.history[-1].comparisons[1].difference == pytest.approx(joke.difference)

"""Two servers on one PostgreSQL: what is shown to a unit counts as it was shown, whoever hears late of a new split."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg

from groundswell import Client
from groundswell_server.experiments.design.buckets import Split
from groundswell_storage.database import connect
from groundswell_storage.experiments import unit_counts
from tests.patience import eventually
from tests.processes import Suite

ARGUMENTS = "--services", "experiments", "--training-workers", "0"
VARIANTS = "old", "new"
SPLITS = {1: (0.5, 0.5), 2: (0.95, 0.05)}


def design(phase: int) -> dict[str, Any]:
    """With the split of a phase."""
    old, new = SPLITS[phase]
    variants = [{"key": "old", "weight": old, "is_control": True}, {"key": "new", "weight": new}]
    return {"metrics": [{"name": "conversion_rate"}], "variants": variants, "min_runtime": 0}


@contextmanager
def hearing_nothing(suite: Suite, database_url: str, happens: Callable[[], object]) -> Iterator[None]:
    """Something happens, and the suite's server does not hear of it yet, though it takes calls."""
    with psycopg.connect(database_url) as connection:
        suite.process.send_signal(signal.SIGSTOP)
        try:
            happens()
            # What nobody can read nobody hears of.
            connection.execute("LOCK TABLE event IN ACCESS EXCLUSIVE MODE")
        finally:
            suite.process.send_signal(signal.SIGCONT)
        yield


def shown(client: Client, units: list[str]) -> dict[str, int]:
    """The variants that units are given, by index."""
    asked = [{"experiment_key": "hooks", "unit": unit} for unit in units]
    answers = client.experiments.batch_assign_variants(requests=asked).assignments
    return {one.unit: VARIANTS.index(one.variant) for one in answers}


def peeked(client: Client, unit: str, key: str = "hooks") -> int:
    """The variant that a unit would be given."""
    return VARIANTS.index(client.experiments.evaluate_variant(experiment_key=key, unit=unit).assignment.variant)


def wait_until_it_follows(other: Client, one: Client) -> None:
    """Waits until a server that has just started learns of changes from the event log, as it does from then on."""
    one.experiments.create_experiment(key="followed", design=design(1))
    one.experiments.start_experiment(experiment_key="followed")
    splits = {phase: Split.of("followed", weights) for phase, weights in SPLITS.items()}
    moves = next(unit for unit in map(str, range(100)) if len({split.variant(unit) for split in splits.values()}) == 2)
    assert peeked(other, moves, "followed") == splits[1].variant(moves)
    one.experiments.update_experiment(experiment_key="followed", design=design(2))
    eventually(lambda: peeked(other, moves, "followed") == splits[2].variant(moves))


def exposures(database_url: str, units: list[str]) -> dict[str, unit_counts.Exposure]:
    """Where these units stand, those that take part."""
    database = connect(database_url)
    with database.scope("default", "tester") as scope:
        numbers = unit_counts.find_units(scope, units)
        # The first experiment.
        stand = unit_counts.exposures(scope, 1, numbers.values())
    database.close()
    return {unit: stand[number] for unit, number in numbers.items() if number in stand}


def serve(stack: ExitStack, database_url: str) -> tuple[Client, Suite]:
    """A server that runs until the stack is closed."""
    suite = stack.enter_context(Suite(database_url, *ARGUMENTS))
    return stack.enter_context(Client(suite.target, api_key="")), suite


def test_units_count_in_the_phase_whose_split_they_were_shown_on_both_servers(postgresql_url: str) -> None:
    units = {name: [f"{name}-{number}" for number in range(300)] for name in ("early", "late", "after")}
    splits = {phase: Split.of("hooks", weights) for phase, weights in SPLITS.items()}
    everyone = [unit for names in units.values() for unit in names]
    with ExitStack() as stack:
        one, _ = serve(stack, postgresql_url)
        one.experiments.create_experiment(key="hooks", design=design(1))
        one.experiments.start_experiment(experiment_key="hooks")
        other, second = serve(stack, postgresql_url)
        wait_until_it_follows(other, one)
        answers = shown(other, units["early"])
        # Once more, lest it be just about to begin to remember.
        assert shown(other, units["early"]) == shown(one, units["early"]) == answers, "both share out alike"

        def changes() -> object:
            return one.experiments.update_experiment(experiment_key="hooks", design=design(2))

        with hearing_nothing(second, postgresql_url, changes):
            answers |= shown(other, units["late"])
        moves = next(unit for unit in units["after"] if len({split.variant(unit) for split in splits.values()}) == 2)
        for client in (one, other):
            eventually(lambda client=client: peeked(client, moves) == splits[2].variant(moves))
        answers |= shown(one, units["after"])
        stand = eventually(lambda: len(found := exposures(postgresql_url, everyone)) == len(everyone) and found)
        for unit, exposure in stand.items():
            assert exposure.variant == answers[unit] == splits[exposure.phase].variant(unit)
            assert not exposure.crossed
        assert {stand[unit].phase for unit in units["early"] + units["late"]} == {1}
        assert {stand[unit].phase for unit in units["after"]} == {2}
        for client in (one, other):
            look = client.experiments.analyze_experiment(experiment_key="hooks")
            assert (look.units, look.crossed_count) == (len(everyone), 0)
            assert not look.sample_ratio.is_mismatch
            # Whoever was shown a variant keeps it on the other server too, whatever the split says now.
            assert shown(client, everyone) == answers

"""The life of an experiment: designed, started, changed in phases, paused, completed, put away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import IntEnum
from typing import Any

from groundswell_server.experiments.bandits import batches
from groundswell_server.experiments.design.design import Design, Variant, invalid
from groundswell_server.experiments.design.design_json import design_of, record_of
from groundswell_server.experiments.design.validation import complete
from groundswell_storage.audit import audit
from groundswell_storage.errors import FailedPrecondition, InvalidArgument
from groundswell_storage.events.topics import EXPERIMENT_CHANGED
from groundswell_storage.experiments import designs, keys
from groundswell_storage.experiments.designs import ExperimentPhaseRow, ExperimentRow
from groundswell_storage.pages import Page
from groundswell_storage.resources import check_etag, etag_of, revise
from groundswell_storage.scope import Scope

MOST_PHASES = 1000
"""Of an experiment. Whoever reads it reads them all, and every analysis compares within each."""


class State(IntEnum):
    """Where an experiment is in its life; numbers are those of the contract."""

    DRAFT = 1
    RUNNING = 2
    PAUSED = 3
    COMPLETED = 4
    ARCHIVED = 5


@dataclass(frozen=True, slots=True)
class Phase:
    """A time in which the split did not change."""

    number: int
    start_time: datetime
    end_time: datetime | None
    weights: tuple[float, ...]
    coverage: float
    reason: str
    bucket_version: int = 1
    """Under which its units were assigned."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment as it stands."""

    number: int
    """Its short name in what is counted."""
    id: str
    key: str
    design: Design
    state: State
    sticky_version: int
    """The bucket version under which the split was changed last; 0 for never."""
    phases: tuple[Phase, ...]
    winner: str
    end_reason: str
    """Why it ended, in words; empty before the end."""
    create_time: datetime
    update_time: datetime
    start_time: datetime | None
    end_time: datetime | None
    version: int
    """Grows with every change."""

    @property
    def etag(self) -> str:
        """Name of this version."""
        return etag_of(self.version)

    @property
    def compared(self) -> tuple[Phase, ...]:
        """The phases under the newest bucket version. Of earlier ones, those who come back change their variant.

        Who comes back may be others in one variant than in another, and leaving out who changed it, or counting on who
        did not, would compare them: so all units of earlier versions are left out.
        """
        return tuple(phase for phase in self.phases if phase.bucket_version == self.phases[-1].bucket_version)


def create_experiment(scope: Scope, key: str, design: Design) -> Experiment:
    """Makes a draft; raises AlreadyExists (`EXPERIMENT_KEY_TAKEN`), InvalidArgument (`EXPERIMENT_INVALID`)."""
    values = {"key": key, "state": State.DRAFT, "design": record_of(complete(design, key))}
    keys.take(scope, key)
    row = scope.insert(ExperimentRow, id=scope.new_id(), create_time=scope.now, update_time=scope.now, **values)
    return _told(scope, row, "created")


def get_experiment(scope: Scope, key: str) -> Experiment:
    """An experiment by its key; raises NotFound."""
    row = designs.by_key(scope, key)
    return experiment_of(row, designs.phases(scope, [row.number])[row.number])


def list_experiments(scope: Scope, *, state: int, page_size: int, page_token: str) -> Page[Experiment]:
    """One page of experiments, newest first: those in a state, or all that are not put away for 0."""
    states = [state] if state else [one for one in State if one is not State.ARCHIVED]
    found = designs.page(scope, states=states, page_size=page_size, page_token=page_token)
    phases = designs.phases(scope, [row.number for row in found.items])
    return found.map(lambda row: experiment_of(row, phases[row.number]))


def update_experiment(scope: Scope, key: str, design: Design, *, reason: str = "", etag: str = "") -> Experiment:
    """Changes a draft as a whole, or the split of one that runs or is paused, in a new phase.

    Raises NotFound, Aborted (`ETAG_MISMATCH`), FailedPrecondition (`EXPERIMENT_STATE_INVALID`), InvalidArgument.
    """
    row = designs.by_key(scope, key, lock=True)
    check_etag(row.version, etag)
    before = _shown(row)
    _require_state(row, State.DRAFT, State.RUNNING, State.PAUSED)
    new = complete(design, key)
    if row.state == State.DRAFT:
        revise(scope, row, design=record_of(new))
        return _told(scope, row, "updated", reason, before)
    old = design_of(row.design)
    new = replace(new, bucket_version=max(new.bucket_version, old.bucket_version))
    _require_same(old, new)
    if new == old:
        return _read(scope, row)
    raised = new.bucket_version > old.bucket_version
    revise(scope, row, design=record_of(new), sticky_version=row.sticky_version if raised else new.bucket_version)
    if row.state == State.RUNNING:
        _open_phase(scope, row, new, reason or "the split was changed")
    return _told(scope, row, "updated", reason, before)


def start_experiment(scope: Scope, key: str) -> Experiment:
    """Starts a draft."""
    row = _locked(scope, key, State.DRAFT)
    before = _shown(row)
    revise(scope, row, state=State.RUNNING, start_time=scope.now)
    _open_phase(scope, row, design_of(row.design), "started")
    return _told(scope, row, "started", before=before)


def pause_experiment(scope: Scope, key: str) -> Experiment:
    """Enrols nobody from now on."""
    row = _locked(scope, key, State.RUNNING)
    before = _shown(row)
    designs.close_phase(scope, row.number)
    revise(scope, row, state=State.PAUSED)
    return _told(scope, row, "paused", before=before)


def resume_experiment(scope: Scope, key: str) -> Experiment:
    """Goes on after a pause, in a new phase."""
    row = _locked(scope, key, State.PAUSED)
    before = _shown(row)
    revise(scope, row, state=State.RUNNING)
    _open_phase(scope, row, design_of(row.design), "resumed")
    return _told(scope, row, "resumed", before=before)


def complete_experiment(scope: Scope, key: str, winner: str = "", reason: str = "") -> Experiment:
    """Ends it, with its winner if it has one; raises InvalidArgument for a variant it does not have."""
    row = _locked(scope, key, State.RUNNING, State.PAUSED)
    before = _shown(row)
    if winner and design_of(row.design).index(winner) is None:
        raise InvalidArgument.of("winner", f"{winner!r} is no variant of this experiment", reason="EXPERIMENT_INVALID")
    designs.close_phase(scope, row.number)
    revise(scope, row, state=State.COMPLETED, winner=winner, end_reason=reason, end_time=scope.now)
    return _told(scope, row, "completed", reason, before)


def archive_experiment(scope: Scope, key: str) -> Experiment:
    """Puts away what has ended, or a draft that was given up."""
    row = _locked(scope, key, State.COMPLETED, State.DRAFT)
    before = _shown(row)
    revise(scope, row, state=State.ARCHIVED)
    return _told(scope, row, "archived", before=before)


def experiment_of(row: ExperimentRow, phases: Sequence[ExperimentPhaseRow]) -> Experiment:
    """The experiment that a row and its phases hold."""
    return Experiment(
        number=row.number,
        id=row.id,
        key=row.key,
        design=design_of(row.design),
        state=State(row.state),
        sticky_version=row.sticky_version,
        phases=tuple(
            Phase(
                one.number,
                one.start_time,
                one.end_time,
                tuple(one.weights),
                one.coverage,
                one.reason,
                one.bucket_version,
            )
            for one in phases
        ),
        winner=row.winner,
        end_reason=row.end_reason,
        create_time=row.create_time,
        update_time=row.update_time,
        start_time=row.start_time,
        end_time=row.end_time,
        version=row.version,
    )


def not_started(key: str, state: State) -> FailedPrecondition:
    """What is said of an experiment of which nothing was ever counted: a draft, or one that was put away as such."""
    told = "start it first" if state is State.DRAFT else "it was never started"
    return FailedPrecondition(
        f"experiment {key!r} is {state.name}: {told}",
        reason="EXPERIMENT_STATE_INVALID",
        metadata={"state": state.name},
    )


def _require_same(old: Design, new: Design) -> None:
    """All but the split has to be as it was: what is measured, and of what, can't change under way.

    Nor does what is no bandit become one: its units' choices have no probabilities.
    """
    if new.is_bandit is not old.is_bandit:
        raise invalid("allocation", "can't make a bandit of what is none, nor the other way round, while it runs")
    kept = replace(
        new,
        coverage=old.coverage,
        targeting=old.targeting,
        allocation=old.allocation,
        bucket_version=old.bucket_version,
        bandit=old.bandit,
        variants=_with_weights_of(old.variants, new.variants),
    )
    changed = {field.name for field in fields(Design) if getattr(kept, field.name) != getattr(old, field.name)}
    if changed:
        # Variants may be those that the factors make.
        field = min(changed - {"variants"}, default="variants")
        can = "weights, allocation, coverage, targeting, bucket_version and bandit"
        raise invalid(field, f"can't change any more since it was started; {can} can")


def _with_weights_of(old: Sequence[Variant], new: Sequence[Variant]) -> tuple[Variant, ...]:
    """The new variants with the weights of the old ones, where they are as many."""
    if len(new) != len(old):
        return tuple(new)
    return tuple(replace(one, weight=before.weight) for one, before in zip(new, old, strict=True))


def _open_phase(scope: Scope, row: ExperimentRow, design: Design, reason: str) -> None:
    designs.close_phase(scope, row.number)
    number = len(designs.phases(scope, [row.number])[row.number]) + 1
    if number > MOST_PHASES:
        raise FailedPrecondition(
            f"experiment {row.key!r} has had {MOST_PHASES} phases: complete it, and begin another",
            reason="TOO_MANY_PHASES",
            metadata={"limit": str(MOST_PHASES)},
        )
    weights = design.weights
    if design.is_bandit:
        weights = batches.begin(scope, row.number, row.key, design, number).probabilities
    scope.insert(
        ExperimentPhaseRow,
        experiment=row.number,
        number=number,
        weights=list(weights),
        coverage=design.coverage,
        bucket_version=design.bucket_version,
        reason=reason,
        start_time=scope.now,
    )


def _locked(scope: Scope, key: str, *states: State) -> ExperimentRow:
    row = designs.by_key(scope, key, lock=True)
    _require_state(row, *states)
    return row


def _require_state(row: ExperimentRow, *states: State) -> None:
    if row.state not in states:
        raise FailedPrecondition(
            f"experiment {row.key!r} is {State(row.state).name}; this needs {' or '.join(one.name for one in states)}",
            reason="EXPERIMENT_STATE_INVALID",
            metadata={"state": State(row.state).name},
        )


def _read(scope: Scope, row: ExperimentRow) -> Experiment:
    return experiment_of(row, designs.phases(scope, [row.number])[row.number])


def _told(
    scope: Scope, row: ExperimentRow, change: str, reason: str = "", before: dict[str, Any] | None = None
) -> Experiment:
    scope.publish(EXPERIMENT_CHANGED, row.id, {"key": row.key, "state": State(row.state).name})
    subject = f"experiment/{row.key}"
    audit.record(scope, f"experiment.{change}", subject, reason=reason, before=before, after=_shown(row))
    return _read(scope, row)


def _shown(row: ExperimentRow) -> dict[str, Any]:
    """What the audit log tells of an experiment."""
    return {"state": State(row.state).name, "winner": row.winner, "version": row.version, "design": row.design}

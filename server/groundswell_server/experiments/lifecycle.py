"""The lifecycle of an experiment: created, started, changed in phases, paused, completed, archived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from groundswell_server.experiments.bandits import batches
from groundswell_server.experiments.design.design import Design, Variant, invalid
from groundswell_server.experiments.design.validation import complete
from groundswell_storage import resources
from groundswell_storage.errors import FailedPrecondition, InvalidArgument
from groundswell_storage.experiments import designs, keys
from groundswell_storage.experiments.designs import ExperimentPhaseRow, ExperimentRow
from groundswell_storage.experiments.enums import ExperimentState
from groundswell_storage.pages import Page
from groundswell_storage.records import from_plain, record_of
from groundswell_storage.scope import Scope

MAX_PHASES = 1000
"""The maximum number of phases of an experiment. Reading an experiment reads all of them, and an analysis compares the
variants within each."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A period in which the split did not change."""

    number: int
    start_time: datetime
    end_time: datetime | None
    weights: tuple[float, ...]
    coverage: float
    reason: str
    bucket_version: int = 1
    """The bucket version under which its units were assigned."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment in its current version."""

    number: int
    """The number of the experiment in the tables of counts."""
    id: str
    key: str
    design: Design
    state: ExperimentState
    sticky_version: int
    """The bucket version under which the split was last changed; 0 for never."""
    phases: tuple[Phase, ...]
    winner: str
    end_reason: str
    """The reason of the end in words; empty before the end."""
    create_time: datetime
    update_time: datetime
    start_time: datetime | None
    end_time: datetime | None
    version: int
    """Increases with every change."""
    etag: str = ""

    @property
    def compared(self) -> tuple[Phase, ...]:
        """Returns the phases under the newest bucket version.

        All units of earlier versions are left out. Units that return may change their variant, and the units that
        return may differ between the variants. A comparison of units that did not return, or that kept their variant,
        would be biased.
        """
        return tuple(phase for phase in self.phases if phase.bucket_version == self.phases[-1].bucket_version)


def create_experiment(scope: Scope, key: str, design: Design) -> Experiment:
    """Creates a draft; raises AlreadyExists (`EXPERIMENT_KEY_TAKEN`), InvalidArgument (`EXPERIMENT_INVALID`)."""
    design = complete(design, key)
    keys.take(scope, key)
    return _read(scope, resources.create(scope, ExperimentRow, key=key, state=ExperimentState.DRAFT, design=design))


def get_experiment(scope: Scope, key: str) -> Experiment:
    """Returns an experiment by its key; raises NotFound."""
    return _read(scope, keys.get(scope, ExperimentRow, key))


def list_experiments(scope: Scope, *, state: int, page_size: int, page_token: str) -> Page[Experiment]:
    """Returns a page of experiments, newest first: those in a state, or for 0 all that are not archived."""
    states = [state] if state else [one for one in ExperimentState if one is not ExperimentState.ARCHIVED]
    in_state = ExperimentRow.state.in_(states)
    found = resources.page(scope, ExperimentRow, in_state, page_size=page_size, page_token=page_token)
    phases = designs.phases(scope, [row.number for row in found.items])
    return found.map(lambda row: experiment_of(row, phases[row.number]))


def update_experiment(scope: Scope, key: str, design: Design, *, reason: str = "", etag: str = "") -> Experiment:
    """Replaces the design of a draft, or changes the split of a started experiment in a new phase.

    Raises NotFound, Aborted (`ETAG_MISMATCH`), FailedPrecondition (`EXPERIMENT_STATE_INVALID`), InvalidArgument.
    """
    states = ExperimentState.DRAFT, ExperimentState.RUNNING, ExperimentState.PAUSED
    row = keys.get_locked(scope, ExperimentRow, key, *states, etag=etag)
    new = complete(design, key)
    if row.state == ExperimentState.DRAFT:
        return _change(scope, row, "updated", reason, design=new)
    old = design_of(row)
    new = replace(new, bucket_version=max(new.bucket_version, old.bucket_version))
    _require_same(old, new)
    if new == old:
        return _read(scope, row)
    is_raised = new.bucket_version > old.bucket_version
    sticky_version = row.sticky_version if is_raised else new.bucket_version
    if row.state == ExperimentState.RUNNING:
        _open_phase(scope, row, new, reason or "the split was changed")
    return _change(scope, row, "updated", reason, design=new, sticky_version=sticky_version)


def start_experiment(scope: Scope, key: str) -> Experiment:
    """Starts a draft with its first phase."""
    row = keys.get_locked(scope, ExperimentRow, key, ExperimentState.DRAFT)
    _open_phase(scope, row, design_of(row), "started")
    return _change(scope, row, "started", state=ExperimentState.RUNNING, start_time=scope.now)


def pause_experiment(scope: Scope, key: str) -> Experiment:
    """Stops the enrolment of units."""
    row = keys.get_locked(scope, ExperimentRow, key, ExperimentState.RUNNING)
    designs.close_phase(scope, row.number)
    return _change(scope, row, "paused", state=ExperimentState.PAUSED)


def resume_experiment(scope: Scope, key: str) -> Experiment:
    """Resumes a paused experiment in a new phase."""
    row = keys.get_locked(scope, ExperimentRow, key, ExperimentState.PAUSED)
    _open_phase(scope, row, design_of(row), "resumed")
    return _change(scope, row, "resumed", state=ExperimentState.RUNNING)


def complete_experiment(scope: Scope, key: str, winner: str = "", reason: str = "") -> Experiment:
    """Completes an experiment, with a winner if it has one; raises InvalidArgument for an unknown variant."""
    row = keys.get_locked(scope, ExperimentRow, key, ExperimentState.RUNNING, ExperimentState.PAUSED)
    if winner and design_of(row).index(winner) is None:
        raise InvalidArgument.of(
            "winner", f"must be the key of a variant of this experiment, got {winner!r}", reason="EXPERIMENT_INVALID"
        )
    designs.close_phase(scope, row.number)
    ended = {"state": ExperimentState.COMPLETED, "end_time": scope.now}
    return _change(scope, row, "completed", reason, winner=winner, end_reason=reason, **ended)


def archive_experiment(scope: Scope, key: str) -> Experiment:
    """Archives a completed experiment, or a draft."""
    row = keys.get_locked(scope, ExperimentRow, key, ExperimentState.COMPLETED, ExperimentState.DRAFT)
    return _change(scope, row, "archived", state=ExperimentState.ARCHIVED)


def design_of(row: ExperimentRow) -> Design:
    """Returns the design of a row."""
    return from_plain(Design, row.design)


def experiment_of(row: ExperimentRow, phases: Sequence[ExperimentPhaseRow]) -> Experiment:
    """Returns the experiment of a row and its phases."""
    return record_of(Experiment, row, phases=tuple(record_of(Phase, phase) for phase in phases))


def not_started(key: str, state: ExperimentState) -> FailedPrecondition:
    """Returns the error for an experiment without counts: a draft, or one that was archived as a draft."""
    cure = "start it first" if state is ExperimentState.DRAFT else "it was archived without having been started"
    return FailedPrecondition(
        f"experiment {key!r} is {state.name}: {cure}",
        reason="EXPERIMENT_STATE_INVALID",
        metadata={"state": state.name},
    )


def _require_same(old: Design, new: Design) -> None:
    """Refuses changes of a started experiment beyond its split: its metrics and units must stay the same.

    A fixed allocation cannot become a bandit, because its past assignments have no stored probabilities.
    """
    if new.is_bandit is not old.is_bandit:
        raise invalid("allocation", "must not change between fixed and adaptive after the start")
    comparable = replace(
        new,
        coverage=old.coverage,
        targeting=old.targeting,
        allocation=old.allocation,
        bucket_version=old.bucket_version,
        bandit=old.bandit,
        variants=_with_weights_of(old.variants, new.variants),
    )
    changed = {field.name for field in fields(Design) if getattr(comparable, field.name) != getattr(old, field.name)}
    if changed:
        # Variants may differ as a consequence of changed factors.
        field = min(changed - {"variants"}, default="variants")
        mutable = "weights, allocation, coverage, targeting, bucket_version and bandit"
        raise invalid(field, f"must not change after the start; only {mutable} may")


def _with_weights_of(old: Sequence[Variant], new: Sequence[Variant]) -> tuple[Variant, ...]:
    """Returns the new variants with the old weights, if there are equally many of them."""
    if len(new) != len(old):
        return tuple(new)
    return tuple(replace(one, weight=before.weight) for one, before in zip(new, old, strict=True))


def _open_phase(scope: Scope, row: ExperimentRow, design: Design, reason: str) -> None:
    designs.close_phase(scope, row.number)
    number = len(designs.phases(scope, [row.number])[row.number]) + 1
    if number > MAX_PHASES:
        raise FailedPrecondition(
            f"experiment {row.key!r} has {MAX_PHASES} phases, the maximum: complete it and create another one",
            reason="TOO_MANY_PHASES",
            metadata={"limit": str(MAX_PHASES)},
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


def _change(scope: Scope, row: ExperimentRow, action: str, reason: str = "", **changes: Any) -> Experiment:
    """Changes a locked experiment, with its entries in the audit log and the event log."""
    resources.change(scope, row, action=action, reason=reason, **changes)
    return _read(scope, row)


def _read(scope: Scope, row: ExperimentRow) -> Experiment:
    return experiment_of(row, designs.phases(scope, [row.number])[row.number])

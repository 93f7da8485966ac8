"""The targets of events and exposures: a key names either an experiment or a rollout, whose current stage counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_server.experiments.catalog.catalog import CurrentAssigner, read_current
from groundswell_server.experiments.rollouts.evaluator import read_stages
from groundswell_storage.scope import Scope


def read_count_targets(
    scope: Scope, keys: Collection[str], known: Mapping[str, Assigner], *, hold: bool
) -> dict[str, CurrentAssigner]:
    """Reads the started experiments and the current stages of the rollouts with these keys.

    `known` and `hold` are those of `read_current`.
    """
    found = read_current(scope, keys, known, hold=hold)
    others = set(keys) - found.keys()
    return found | read_stages(scope, others, hold=hold) if others else found


def only_experiments(assigners: Mapping[str, Assigner]) -> dict[str, Assigner]:
    """Returns the assigners of experiments, without those of rollout stages, which the catalog does not hold."""
    return {key: assigner for key, assigner in assigners.items() if assigner.number > 0}

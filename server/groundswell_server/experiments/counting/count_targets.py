"""What events and exposures count for: experiments, and the stages of rollouts. A key is that of one of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_server.experiments.catalog.catalog import Current, read_current
from groundswell_server.experiments.rollouts.evaluator import read_stages
from groundswell_storage.scope import Scope


def read_count_targets(
    scope: Scope, keys: Collection[str], known: Mapping[str, Assigner], *, hold: bool
) -> dict[str, Current]:
    """The experiments of these keys that were started, and the rollouts as they stand; `hold` as in `read_current`."""
    found = read_current(scope, keys, known, hold=hold)
    others = set(keys) - found.keys()
    return found | read_stages(scope, others, hold=hold) if others else found


def only_experiments(assigners: Mapping[str, Assigner]) -> dict[str, Assigner]:
    """Those that are experiments: they alone are assigned to, and known to the catalog."""
    return {key: assigner for key, assigner in assigners.items() if assigner.number > 0}

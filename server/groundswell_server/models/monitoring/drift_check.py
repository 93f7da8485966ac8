"""Drift checks: reads the predictions of a version and their outcomes, assesses drift, and stores a report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from groundswell_server.models import model_types, registry
from groundswell_storage.errors import FailedPrecondition
from groundswell_storage.events.topics import DRIFT_CHECKED
from groundswell_storage.fields import to_micros
from groundswell_storage.learning import drift_reports, model_versions
from groundswell_storage.learning.drift_reports import DriftFinding, DriftReport
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.models.drift.assessment import Assessment
    from groundswell_server.models.drift.baseline import Baseline
    from groundswell_server.models.outcomes import ServedPrediction

_MAX_OUTCOMES, _MAX_INPUTS = 5_000, 1_000
_MAX_FEATURES = 18


def check_drift(scope: Scope, version: ModelVersion, target_age: timedelta) -> DriftReport:
    """Checks a version for drift and stores the report. A repeated check of the same data spends no error budget.

    Raises FailedPrecondition (`INSUFFICIENT_SAMPLES`, `NO_BASELINE`), DataLoss (`ARTIFACT_DAMAGED`).
    """
    # They import SciPy and River, and a server starts without.
    from groundswell_server.models.drift.assessment import MIN_PREDICTIONS, Evidence, assess
    from groundswell_server.models.monitoring.judgements import judge

    model_versions.hold_line(scope, version.model_type)
    baseline, outcomes = _baseline(scope, version), model_types.get(version.model_type).outcomes
    known = outcomes.newest_outcomes(scope, version.id, target_age, _MAX_OUTCOMES)
    if len(known) < MIN_PREDICTIONS:
        raise FailedPrecondition(
            f"a drift check of {registry.label(version)} needs {MIN_PREDICTIONS} predictions with a known outcome, "
            f"got {len(known)}",
            reason="INSUFFICIENT_SAMPLES",
            metadata={"have": str(len(known)), "need": str(MIN_PREDICTIONS)},
        )
    inputs = outcomes.newest_features(scope, version.id, _MAX_INPUTS)
    seen = [len(known), to_micros(known[-1].known or scope.now), outcomes.count_served(scope, version.id)]
    check_number = _check_number(drift_reports.newest(scope, version.id), seen)
    judged = judge(version, known)
    found = assess(baseline, Evidence(judged.errors, judged.residuals, inputs), check_number)
    report = drift_reports.add(scope, _finding(version, baseline, found, known, check_number, seen))
    payload = {
        "model_type": version.model_type,
        "status": report.finding.status,
        "drift_score": report.finding.drift_score,
    }
    scope.publish(DRIFT_CHECKED, report.id, payload)
    return report


def _check_number(before: DriftReport | None, seen: Sequence[int]) -> int:
    """Returns the number of this check, which is the previous number if the data are the same."""
    if before is None:
        return 1
    same = bool(before.finding.details["seen"] == list(seen))
    return before.finding.check_number + (not same)


def _baseline(scope: Scope, version: ModelVersion) -> Baseline:
    from groundswell_server.models.drift.baseline import ARTIFACT, Baseline
    from groundswell_server.models.model_files import ModelFile

    artifact = model_versions.read_artifacts(scope, version.id).get(ARTIFACT)
    if artifact is None:
        raise FailedPrecondition(
            f"{registry.label(version)} has no baseline to compare with: train a new version",
            reason="NO_BASELINE",
            metadata={"model_id": version.id},
        )
    return Baseline.from_bytes(ModelFile(artifact.content, artifact.digest).verified(ARTIFACT))


def _finding(
    version: ModelVersion,
    baseline: Baseline,
    found: Assessment,
    known: Sequence[ServedPrediction],
    check_number: int,
    seen: Sequence[int],
) -> DriftFinding:
    decisive, rise = found.decisive, found.rise
    details: dict[str, Any] = {
        "seen": list(seen),
        "decisive": decisive.name,
        "metric": version.result.headline_metric,
        "baseline_error": baseline.errors.mean,
        "live_error": found.live_error,
        "parts": [{"name": part.name, "score": part.score, "p_value": part.p_value} for part in found.parts],
        "features": [
            {
                "feature": one.feature,
                "distance": one.distance,
                "p_value": one.p_value,
                "stability_index": one.stability_index,
            }
            for one in found.features[:_MAX_FEATURES]
        ],
    }
    if rise is not None and (changed := known[rise.place].known) is not None:
        details["rise"] = {"time": to_micros(changed), "before": rise.before, "after": rise.after}
    return DriftFinding(
        model_id=version.id,
        model_type=version.model_type,
        version=version.version,
        status=decisive.status,
        drift_score=decisive.score,
        p_value=decisive.p_value,
        check_number=check_number,
        sample_count=len(known),
        details=details,
    )

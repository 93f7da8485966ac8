"""A look at a version in service: what it said and what came of it are read, assessed, and the finding is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from groundswell_server.learning.monitoring import kept
from groundswell_server.learning.monitoring.kept import Kept
from groundswell_server.models import registry
from groundswell_storage.errors import FailedPrecondition
from groundswell_storage.fields import to_micros
from groundswell_storage.learning import drift_reports, model_versions
from groundswell_storage.learning.drift_reports import DriftFinding, DriftReport
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.scope import Scope
from groundswell_storage.topics import DRIFT_CHECKED

if TYPE_CHECKING:
    from groundswell_server.models.drift.assessment import Assessment
    from groundswell_server.models.drift.baseline import Baseline

_MOST_OUTCOMES, _MOST_INPUTS = 5_000, 1_000
_MOST_FEATURES = 18


def check_drift(scope: Scope, version: ModelVersion, target_age: timedelta) -> DriftReport:
    """Looks at a version, and keeps what is found. Looking again at the same figures spends nothing.

    Raises FailedPrecondition (`INSUFFICIENT_SAMPLES`, `NO_BASELINE`), DataLoss (`ARTIFACT_DAMAGED`).
    """
    # SciPy and River come with them, and a server starts without.
    from groundswell_server.models.drift.assessment import FEWEST, Evidence, assess
    from groundswell_server.models.monitoring.judgements import judge

    model_versions.hold_line(scope, version.model_type)
    baseline = _baseline(scope, version)
    known = kept.newest_outcomes(scope, version, target_age, _MOST_OUTCOMES)
    if len(known) < FEWEST:
        raise FailedPrecondition(
            f"a look takes {FEWEST} outcomes of what {registry.label(version)} predicted, and {len(known)} are known",
            reason="INSUFFICIENT_SAMPLES",
            metadata={"have": str(len(known)), "need": str(FEWEST)},
        )
    inputs = kept.newest_served(scope, version, _MOST_INPUTS)
    seen = [len(known), to_micros(known[-1].known or scope.now), kept.count_served(scope, version)]
    look = _look(drift_reports.newest(scope, version.id), seen)
    judged = judge(version, known)
    found = assess(baseline, Evidence(judged.errors, judged.residuals, inputs), look)
    report = drift_reports.add(scope, _finding(version, baseline, found, known, look, seen))
    told = {
        "model_type": version.model_type,
        "status": report.finding.status,
        "drift_score": report.finding.drift_score,
    }
    scope.publish(DRIFT_CHECKED, report.id, told)
    return report


def _look(before: DriftReport | None, seen: Sequence[int]) -> int:
    if before is None:
        return 1
    same = bool(before.finding.details["seen"] == list(seen))
    return before.finding.look + (not same)


def _baseline(scope: Scope, version: ModelVersion) -> Baseline:
    from groundswell_server.models.artifacts.model_files import ModelFile
    from groundswell_server.models.drift.baseline import ARTIFACT, Baseline

    artifact = model_versions.read_artifacts(scope, version.id).get(ARTIFACT)
    if artifact is None:
        raise FailedPrecondition(
            f"{registry.label(version)} was trained without a baseline to compare with: train again",
            reason="NO_BASELINE",
            metadata={"model_id": version.id},
        )
    return Baseline.from_bytes(ModelFile(artifact.content, artifact.digest).verified(ARTIFACT))


def _finding(
    version: ModelVersion,
    baseline: Baseline,
    found: Assessment,
    known: Kept,
    look: int,
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
            for one in found.features[:_MOST_FEATURES]
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
        look=look,
        sample_count=len(known),
        details=details,
    )

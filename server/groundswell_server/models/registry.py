"""The registry of model versions: promotion, roll back and deletion."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from groundswell_server.models.artifacts.artifact_store import ARTIFACTS, NOTHING_FETCHED, Fetched
from groundswell_storage.audit import audit
from groundswell_storage.errors import Aborted, DataLoss, FailedPrecondition, InvalidArgument
from groundswell_storage.events.topics import MODEL_CHANGED
from groundswell_storage.learning import drift_reports, labelled_predictions, model_versions, predictions
from groundswell_storage.learning.model_versions import Artifact, ModelVersion
from groundswell_storage.scope import Scope

HISTORY = timedelta(days=90)
"""Period after its retirement in which a version can be rolled back to."""

EXPORT_TOLERANCE = 1e-3
"""Largest permitted deviation of an exported model from the trained one: percentage points of a rate, or probability.
Single precision accounts for a thousandth of it; a larger deviation is a fault of the export."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A change of the live version."""

    live: ModelVersion
    retired: ModelVersion | None
    """The version that was live before, if any."""


def promote(
    scope: Scope, model_id: str, *, force: bool = False, fetched: Fetched = NOTHING_FETCHED, reason: str = ""
) -> Promotion:
    """Makes a version live, retires the live one, and records the reason in the audit log.

    Raises NotFound; FailedPrecondition (`MODEL_NOT_BETTER`) when the version does not beat all baselines, unless
    forced, or when its exported form deviates; DataLoss (`ARTIFACT_DAMAGED`). A live version stays live.
    """
    model_versions.hold_line(scope, model_versions.get_version(scope, model_id).model_type)
    version = model_versions.get_version(scope, model_id)
    if version.stage == "LIVE":
        return Promotion(version, None)
    if not (force or version.result.beats_baselines):
        raise _not_better(
            version, "does not beat all baselines on unseen examples: train it on more examples, or set force"
        )
    if version.result.export_deviation > EXPORT_TOLERANCE:
        deviation = version.result.export_deviation
        raise _not_better(
            version,
            f"has an exported form that deviates by {deviation:.2g}, more than {EXPORT_TOLERANCE:g}: train it again",
        )
    return _make_live(scope, version, fetched, "promoted", reason or ("forced" if force else ""))


def roll_back(scope: Scope, model_type: str, model_id: str = "", *, fetched: Fetched = NOTHING_FETCHED) -> Promotion:
    """Makes the previously live version live again, or a named one that was live within `HISTORY`.

    Raises NotFound; FailedPrecondition (`NO_EARLIER_MODEL`); DataLoss (`ARTIFACT_DAMAGED`).
    """
    model_versions.hold_line(scope, model_type)
    return _make_live(scope, rollback_target(scope, model_type, model_id), fetched, "rolled_back")


def rollback_target(scope: Scope, model_type: str, model_id: str = "") -> ModelVersion:
    """Returns the version that `roll_back` makes live; raises as `roll_back`."""
    if model_id:
        named = model_versions.get_version(scope, model_id)
        if named.model_type != model_type:
            raise InvalidArgument.of(
                "model_id",
                f"must be a version of {model_type}, got one of {named.model_type}",
                reason="VALIDATION_FAILED",
            )
    earlier = earlier_versions(scope, model_type)
    target = next((id for id in earlier if model_id in ("", id)), None)
    if target is None:
        named_or_any = f"version {model_id} was not" if model_id else f"no other version of {model_type} was"
        raise FailedPrecondition(
            f"{named_or_any} live within the last {HISTORY.days} days: promote a version instead",
            reason="NO_EARLIER_MODEL",
            metadata={"model_type": model_type},
        )
    return model_versions.get_version(scope, target)


def earlier_versions(scope: Scope, model_type: str) -> list[str]:
    """Returns the ids of retired versions that were live within `HISTORY`, the last one first."""
    live = model_versions.live_version(scope, model_type)
    changes = model_versions.stage_history(scope, model_type, since=scope.now - HISTORY)
    retired = dict.fromkeys(change.model_id for change in changes if change.stage == "RETIRED")
    return [id for id in retired if live is None or id != live.id]


def version_or_live(scope: Scope, model_id: str, model_type: str) -> ModelVersion:
    """Returns the version with this id, or the live one of the type when the id is empty.

    Raises NotFound (`MODEL_NOT_FOUND`), FailedPrecondition (`MODEL_NOT_LIVE`).
    """
    if model_id:
        return model_versions.get_version(scope, model_id)
    live = model_versions.live_version(scope, model_type)
    if live is None:
        raise not_live(model_type)
    return live


def not_live(model_type: str) -> FailedPrecondition:
    """Returns the error for a call that needs a live version of a type without one."""
    return FailedPrecondition(
        f"no version of {model_type} is live: train one and promote it",
        reason="MODEL_NOT_LIVE",
        metadata={"model_type": model_type},
    )


def delete(scope: Scope, model_id: str) -> None:
    """Deletes a version with its artifacts. Raises NotFound, FailedPrecondition (`MODEL_IS_LIVE`)."""
    model_versions.hold_line(scope, model_versions.get_version(scope, model_id).model_type)
    version = model_versions.get_version(scope, model_id)
    if version.stage == "LIVE":
        raise FailedPrecondition(
            f"{label(version)} is live: promote another version or roll back first",
            reason="MODEL_IS_LIVE",
            metadata={"model_id": model_id},
        )
    model_versions.delete_version(scope, model_id)
    predictions.remove_of_model(scope, model_id)
    labelled_predictions.remove_of_model(scope, model_id)
    drift_reports.remove_of_model(scope, model_id)
    audit.record(
        scope, "model.deleted", f"model/{model_id}", before={"version": label(version), "stage": version.stage}
    )


def label(version: ModelVersion) -> str:
    """Returns the name of a version for messages and logs, such as `ENGAGEMENT_PREDICTOR/3`."""
    return f"{version.model_type}/{version.version}"


def require_intact(version: ModelVersion, artifacts: Mapping[str, Artifact]) -> None:
    """Raises DataLoss (`ARTIFACT_DAMAGED`) unless every artifact exists and matches its digest."""
    for name in ARTIFACTS:
        artifact = artifacts.get(name)
        if artifact is None or hashlib.sha256(artifact.content).hexdigest() != artifact.digest:
            raise DataLoss(
                f"the {name} artifact of {label(version)} is {'missing' if artifact is None else 'damaged'}: "
                "roll back to another version or train again",
                reason="ARTIFACT_DAMAGED",
                metadata={"model_id": version.id},
            )


def _make_live(scope: Scope, version: ModelVersion, fetched: Fetched, change: str, reason: str = "") -> Promotion:
    artifacts = fetched.get(version.id)
    if artifacts is None:
        artifacts = model_versions.read_artifacts(scope, version.id)
        if any(artifact.path for artifact in artifacts.values()):
            raise Aborted(f"{label(version)} became the version to promote while the call was running: repeat the call")
    require_intact(version, artifacts)
    before = model_versions.live_version(scope, version.model_type)
    retired = None if before is None else model_versions.set_stage(scope, before, "RETIRED")
    live = model_versions.set_stage(scope, version, "LIVE")
    scope.publish(MODEL_CHANGED, live.id, {"model_type": live.model_type, "version": live.version})
    was = {"live": None if retired is None else label(retired)}
    audit.record(scope, f"model.{change}", f"model/{live.id}", reason=reason, before=was, after={"live": label(live)})
    return Promotion(live, retired)


def _not_better(version: ModelVersion, why: str) -> FailedPrecondition:
    metric = version.result.headline_metric
    measured = {"model": version.result.test_metrics, **version.result.baselines}
    return FailedPrecondition(
        f"{label(version)} {why}",
        reason="MODEL_NOT_BETTER",
        metadata={
            "metric": metric,
            **{name: f"{values[metric]:.6g}" for name, values in measured.items() if metric in values},
        },
    )

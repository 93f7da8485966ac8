"""Drift checks, from rows to a stored report, on both databases."""

from __future__ import annotations

import pytest

from groundswell_server.models import registry
from groundswell_server.models.monitoring.drift_check import check_drift
from groundswell_storage.database import Database
from groundswell_storage.errors import DataLoss, FailedPrecondition
from groundswell_storage.events import events
from groundswell_storage.learning import drift_reports
from groundswell_storage.learning.model_versions import ModelArtifactRow
from groundswell_storage.scope import Scope
from tests.learning.model_rows import a_version
from tests.learning.monitoring.service_rows import TARGET_AGE, a_watched_version, serve, usual


def test_a_version_that_does_as_in_its_test_has_not_drifted(scope: Scope) -> None:
    version = a_watched_version(scope)
    serve(scope, version, usual(60))
    finding = check_drift(scope, version, TARGET_AGE).finding
    assert (finding.status, finding.sample_count, finding.check_number) == ("NO_DRIFT", 60, 1)
    assert finding.p_value >= 0.05
    assert finding.details["baseline_error"] == 0.8


def test_a_version_that_errs_has_drifted_and_the_report_is_kept(scope: Scope) -> None:
    version = a_watched_version(scope)
    serve(scope, version, [1.5 + residual for residual in usual(60)])
    report = check_drift(scope, version, TARGET_AGE)
    assert (report.finding.status, report.finding.version) == ("CRITICAL", version.version)
    assert report.finding.drift_score > 0.2
    assert report.finding.p_value < 0.001
    assert drift_reports.list_reports(scope).items == [report]


def test_the_moment_at_which_errors_rose_is_told(scope: Scope) -> None:
    version = a_watched_version(scope)
    serve(scope, version, [*usual(120), *(3.0 + residual for residual in usual(80, seed=1))])
    details = check_drift(scope, version, TARGET_AGE).finding.details
    assert details["rise"]["before"] < 1.0 < 2.5 < details["rise"]["after"]


def test_looking_again_at_the_same_figures_is_the_same_look(scope: Scope) -> None:
    version = a_watched_version(scope)
    serve(scope, version, usual(60))
    first, again = (check_drift(scope, version, TARGET_AGE).finding for _ in range(2))
    serve(scope, version, usual(5, seed=2))
    later = check_drift(scope, version, TARGET_AGE).finding
    assert (first.check_number, again.check_number, later.check_number) == (1, 1, 2)
    assert first.p_value == again.p_value


def test_too_few_outcomes_are_refused_with_their_number(scope: Scope) -> None:
    version = a_watched_version(scope)
    serve(scope, version, usual(49))
    with pytest.raises(FailedPrecondition) as refused:
        check_drift(scope, version, TARGET_AGE)
    assert (refused.value.reason, refused.value.metadata) == ("INSUFFICIENT_SAMPLES", {"have": "49", "need": "50"})
    assert drift_reports.list_reports(scope).items == []


def test_a_version_without_a_baseline_is_refused(scope: Scope) -> None:
    version = a_version(scope, "run-1")
    with pytest.raises(FailedPrecondition) as refused:
        check_drift(scope, version, TARGET_AGE)
    assert refused.value.reason == "NO_BASELINE"


def test_a_damaged_baseline_is_refused(scope: Scope) -> None:
    version = a_watched_version(scope)
    row = ModelArtifactRow
    scope.update(row, content=b"{}").where((row.model_id == version.id) & (row.name == "baseline")).execute()
    with pytest.raises(DataLoss) as refused:
        check_drift(scope, version, TARGET_AGE)
    assert refused.value.reason == "ARTIFACT_DAMAGED"


def test_a_report_is_told(database: Database) -> None:
    with database.scope("default") as scope:
        version = a_watched_version(scope)
        serve(scope, version, usual(60))
        report = check_drift(scope, version, TARGET_AGE)
    (told,) = events.read_after(database, events.START, topics=["drift.checked"])
    assert (told.subject_id, told.payload["status"]) == (report.id, "NO_DRIFT")


def test_reports_go_with_their_version(scope: Scope) -> None:
    version = a_watched_version(scope)
    serve(scope, version, usual(60))
    check_drift(scope, version, TARGET_AGE)
    registry.delete(scope, version.id)
    assert drift_reports.list_reports(scope).items == []


def test_reports_are_listed_by_version_type_and_status(scope: Scope) -> None:
    quiet, moved = a_watched_version(scope, "run-1"), a_watched_version(scope, "run-2")
    serve(scope, quiet, usual(60))
    serve(scope, moved, [2.0 + residual for residual in usual(60)])
    reports = [check_drift(scope, version, TARGET_AGE) for version in (quiet, moved)]
    assert drift_reports.list_reports(scope).items == reports[::-1]
    assert drift_reports.list_reports(scope, model_id=quiet.id).items == reports[:1]
    assert drift_reports.list_reports(scope, status="CRITICAL").items == reports[1:]
    assert drift_reports.list_reports(scope, model_type="SUCCESS_CLASSIFIER").items == []

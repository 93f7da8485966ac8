"""Drift reports as messages."""

from __future__ import annotations

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.messages.enums import model_type_number, numbers
from groundswell_storage.fields import from_micros
from groundswell_storage.learning.drift_reports import DriftReport

_STATUSES = numbers(pb.DriftStatus, "DRIFT_STATUS_")
_STATUS_NAMES = {number: name for name, number in _STATUSES.items()} | {0: ""}
_RECOMMENDATIONS = {
    "NO_DRIFT": pb.DRIFT_RECOMMENDATION_CONTINUE_MONITORING,
    "WARNING": pb.DRIFT_RECOMMENDATION_SCHEDULE_RETRAIN_SOON,
    "CRITICAL": pb.DRIFT_RECOMMENDATION_IMMEDIATE_RETRAIN_REQUIRED,
}


def status_in(request: pb.ListDriftReportsRequest) -> str:
    """Returns the name of the request's `status` without prefix; empty for any status."""
    return _STATUS_NAMES[request.status]


def report_message(report: DriftReport) -> pb.DriftReport:
    """Returns a drift report as a message."""
    finding, details = report.finding, report.finding.details
    message = pb.DriftReport(
        id=report.id,
        model_id=finding.model_id,
        model_type=model_type_number(finding.model_type),
        model_version=finding.version,
        status=_STATUSES[finding.status],
        recommendation=_RECOMMENDATIONS[finding.status],
        drift_score=finding.drift_score,
        p_value=finding.p_value,
        check_number=finding.check_number,
        sample_count=finding.sample_count,
        parts=[pb.DriftPart(**part) for part in details["parts"]],
        decisive_part=details["decisive"],
        metric=details["metric"],
        baseline_error=details["baseline_error"],
        live_error=details["live_error"],
        features=[pb.FeatureDrift(**feature) for feature in details["features"]],
    )
    if "rise" in details:
        message.rise_time.FromDatetime(from_micros(details["rise"]["time"]))
    message.create_time.FromDatetime(report.create_time)
    return message

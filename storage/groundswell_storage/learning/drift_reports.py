"""Drift reports: the results of drift checks of live versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import BigIntegerField, DoubleField, IntegerField, TextField

from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.pages import Page, read_page
from groundswell_storage.records import record_of, values_of
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class DriftReportRow(Table):
    """The report of one check of a version."""

    id = TextField(primary_key=True)
    model_id = TextField()
    model_type = TextField()
    version = IntegerField()
    status = TextField()
    drift_score = DoubleField()
    p_value = DoubleField()
    check_number = IntegerField()
    sample_count = BigIntegerField()
    details = JsonField()
    create_time = InstantField()

    class Meta:
        indexes = (
            (("workspace", "create_time", "id"), False),
            (("workspace", "model_id", "create_time", "id"), False),
        )


@dataclass(frozen=True, slots=True)
class DriftFinding:
    """The result of a check, to be stored."""

    model_id: str
    model_type: str
    version: int
    status: str
    """NO_DRIFT, WARNING or CRITICAL."""
    drift_score: float
    """0 to 1."""
    p_value: float
    """After all corrections."""
    check_number: int
    """Number of checks of the version with new data, this one included."""
    sample_count: int
    """Number of outcomes behind the report."""
    details: Mapping[str, Any]
    """JSON."""


@dataclass(frozen=True, slots=True)
class DriftReport:
    """A stored result."""

    id: str
    create_time: datetime
    finding: DriftFinding


def add(scope: Scope, finding: DriftFinding) -> DriftReport:
    """Stores the result of a check."""
    row = scope.insert(DriftReportRow, id=scope.new_id(), create_time=scope.now, **values_of(finding))
    return _report(row)


def newest(scope: Scope, model_id: str) -> DriftReport | None:
    """Returns the last report on a version; None without any."""
    query = scope.select(DriftReportRow).where(DriftReportRow.model_id == model_id)
    row = query.order_by(DriftReportRow.create_time.desc(), DriftReportRow.id.desc()).first()
    return None if row is None else _report(row)


def list_reports(
    scope: Scope,
    *,
    model_type: str = "",
    model_id: str = "",
    status: str = "",
    page_size: int = 0,
    page_token: str = "",
) -> Page[DriftReport]:
    """Returns one page of the reports, newest first."""
    query = scope.select(DriftReportRow)
    for column, wanted in (
        (DriftReportRow.model_type, model_type),
        (DriftReportRow.model_id, model_id),
        (DriftReportRow.status, status),
    ):
        if wanted:
            query = query.where(column == wanted)
    page = read_page(
        query,
        time=DriftReportRow.create_time,
        id=DriftReportRow.id,
        page_size=page_size,
        page_token=page_token,
    )
    return page.map(_report)


def remove_of_model(scope: Scope, model_id: str) -> None:
    """Deletes the reports on a version."""
    scope.delete(DriftReportRow).where(DriftReportRow.model_id == model_id).execute()


def _report(row: DriftReportRow) -> DriftReport:
    return record_of(DriftReport, row, finding=record_of(DriftFinding, row))

"""Messages of imports."""

from __future__ import annotations

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import json_in, message_of, time_in
from groundswell_server.engagement.ingestion.post_imports import Imported, ImportRow, RefusedRow, refused_row
from groundswell_server.engagement.messages.metrics import counts_in
from groundswell_server.engagement.messages.resources import post_draft
from groundswell_server.runtime.validation import check
from groundswell_storage.engagement.enums import Complexity
from groundswell_storage.errors import InvalidArgument


def import_row(row: pb.ImportedPost) -> ImportRow:
    """Returns a row that satisfies the constraints; raises InvalidArgument for other faults."""
    return ImportRow(
        line=row.line,
        persona_name=row.persona_name,
        draft=post_draft(row),
        time_zone=row.time_zone,
        follower_count=row.follower_count if row.HasField("follower_count") else None,
        counts=counts_in(row.metrics) if row.metrics.ListFields() else None,
        fetch_time=time_in(row, "fetch_time"),
        context_input=json_in(row, "context_input"),
        complexity=Complexity(row.complexity),
    )


def import_rows(request: pb.ImportPostsRequest) -> tuple[list[ImportRow], list[RefusedRow]]:
    """Checks the rows of a batch one by one; returns the valid rows and the refused ones."""
    rows: list[ImportRow] = []
    refused_rows: list[RefusedRow] = []
    for row in request.rows:
        try:
            check(row)
            rows.append(import_row(row))
        except InvalidArgument as error:
            refused_rows.append(refused_row(row.line, row.platform_post_id, error))
    return rows, refused_rows


def import_message(imported: Imported) -> pb.ImportPostsResponse:
    """Returns the report of an import."""
    return message_of(pb.ImportPostsResponse, imported)

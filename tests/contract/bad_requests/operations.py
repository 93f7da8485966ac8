"""What the calls of google.longrunning.Operations refuse."""

from __future__ import annotations

import grpc

from tests.contract.bad_requests.request import (
    NOBODY,
    Bad,
    missing,
)

BAD: dict[str, list[Bad]] = {
    "ListOperations": [
        Bad("negative page size", {"page_size": -1}, ("page_size",), reason="PAGE_SIZE_INVALID"),
        Bad("token nobody gave out", {"page_token": "x"}, ("page_token",), reason="PAGE_TOKEN_INVALID"),
        Bad("of another collection", {"name": "models"}, ("name",)),
        Bad("filter that makes no sense", {"filter": "done maybe"}, ("filter",)),
    ],
    **{
        name: [
            Bad("malformed name", {"name": "operations/x"}, ("name",)),
            Bad("without a name", {}, ("name",)),
            Bad("name with a NUL", {"name": f"operations/{NOBODY}\0"}, ("name",)),
            missing("unknown", "OPERATION_NOT_FOUND", {"name": f"operations/{NOBODY}"}),
        ]
        for name in ("GetOperation", "DeleteOperation", "CancelOperation", "WaitOperation")
    },
}
BAD["DeleteOperation"].append(
    Bad(
        "not done yet",
        lambda own: {"name": own.operation},
        code=grpc.StatusCode.FAILED_PRECONDITION,
        reason="OPERATION_RUNNING",
    )
)
BAD["WaitOperation"].append(
    Bad("negative time", lambda own: {"name": own.operation, "timeout": {"seconds": -1}}, ("timeout",))
)

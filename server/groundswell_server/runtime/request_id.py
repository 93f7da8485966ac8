"""A stage: the id of a call in logs and errors, which comes from the caller or is created when it is needed."""

from __future__ import annotations

import re
from typing import Any

from groundswell_server.runtime.call import Call, Handler
from groundswell_server.runtime.methods import Method

HEADER = "x-request-id"
# The id appears in logs and error details, so it must not contain line breaks or invisible characters.
ACCEPTABLE = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")


def stage(method: Method, proceed: Handler) -> Handler:
    """Adopts the id that the caller sent."""

    async def handler(request: Any, call: Call) -> Any:
        sent = call.header(HEADER)
        if sent and ACCEPTABLE.match(sent):
            call.request_id = sent
        return await proceed(request, call)

    return handler

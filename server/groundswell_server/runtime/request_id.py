"""A stage: every call has an id in logs and in errors: the caller's own, or one made when it is needed."""

from __future__ import annotations

import re
from typing import Any

from groundswell_server.runtime.call import Call, Handler
from groundswell_server.runtime.methods import Method

HEADER = "x-request-id"
# What a caller sends ends up in logs and error details: nothing that could break a line or hide in one.
ACCEPTABLE = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")


def stage(method: Method, proceed: Handler) -> Handler:
    """Takes over the id that the caller sent."""

    async def handler(request: Any, call: Call) -> Any:
        sent = call.header(HEADER)
        if sent and ACCEPTABLE.match(sent):
            call.request_id = sent
        return await proceed(request, call)

    return handler

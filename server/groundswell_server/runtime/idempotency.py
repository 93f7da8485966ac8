"""A stage: a repeated `request_id` gets the first answer, which is stored in the transaction of its effect."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from groundswell_server.runtime.call import Call, Handler
from groundswell_server.runtime.methods import Method
from groundswell_storage.calls import idempotency
from groundswell_storage.scope import Scope


def stage(method: Method, proceed: Handler) -> Handler:
    """Stores or repeats the answer in the call's transaction. A call without a `request_id` costs nothing."""
    if not method.has_request_id:
        return proceed
    response_class = method.response_class

    async def handler(request: Any, call: Call) -> Any:
        request_id: str = request.request_id
        if request_id:
            # Deterministic within one build of protobuf. A digest that differs between builds would refuse a repeated
            # call after an upgrade, but never accept another request.
            digest = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()

            def once(scope: Scope, work: Callable[[Scope], Any]) -> Any:
                answer = idempotency.find(scope, request_id, method.path, digest)
                if answer is not None:
                    return response_class.FromString(answer)
                response = work(scope)
                idempotency.remember(scope, request_id, method.path, digest, response.SerializeToString())
                return response

            call.once = once
        return await proceed(request, call)

    return handler

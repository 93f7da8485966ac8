"""The composition of the stages that every call passes through, once per method when the server starts.

A stage is a function `(method, proceed) -> handler`. It returns a coroutine function that does its part and awaits
`proceed`, or `proceed` itself when it has nothing to do for the method. Composition at registration keeps the cost of
all stages together below a third of a bare call.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from groundswell_server.runtime import audit
from groundswell_server.runtime.call import Call, Handler
from groundswell_server.runtime.methods import Method, Mode

Stage = Callable[[Method, Handler], Handler]


def compose(stages: Sequence[Stage], method: Method) -> Handler:
    """Returns the handler that takes a call of `method` through `stages`, the first one outermost, to the servicer."""
    handler = invocation(method)
    for stage in reversed(stages):
        handler = stage(method, handler)
    return handler


def invocation(method: Method) -> Handler:
    """Returns the innermost handler, which runs the servicer's function in the place of its mode."""
    if method.mode in (Mode.READ, Mode.WRITE):
        handler = _read(method) if method.mode is Mode.READ else _write(method)
        return _preloaded(method.rpc.preload, handler) if method.rpc.preload else handler
    takes_context = method.mode is Mode.FOREIGN
    return _stream(method, takes_context) if method.server_streaming else _inline(method, takes_context)


def _read(method: Method) -> Handler:
    function = method.function

    async def handler(request: Any, call: Call) -> Any:
        return await call.read(lambda scope: function(request, scope))

    return handler


def _write(method: Method) -> Handler:
    function, prepare = audit.recorded(method), method.preparation

    async def handler(request: Any, call: Call) -> Any:
        return await call.write(lambda scope: function(request, scope))

    async def prepared(request: Any, call: Call) -> Any:
        found = await prepare(request, call)  # type: ignore[misc]
        return await call.write(lambda scope: function(request, scope, found))

    return prepared if prepare is not None else handler


def _preloaded(module: str, proceed: Handler) -> Handler:
    async def handler(request: Any, call: Call) -> Any:
        if module not in sys.modules:
            await asyncio.to_thread(import_module, module)
        return await proceed(request, call)

    return handler


def _inline(method: Method, takes_context: bool) -> Handler:
    function = method.function

    async def handler(request: Any, call: Call) -> Any:
        return await function(request, call.context if takes_context else call)

    return handler


def _stream(method: Method, takes_context: bool) -> Handler:
    function = method.function

    async def handler(request: Any, call: Call) -> None:
        responses = function(request, call.context if takes_context else call)
        if not hasattr(responses, "__aiter__"):  # grpc.aio also allows a servicer to write its responses itself
            await responses
            return
        async for response in responses:
            await call.send(response)

    return handler

"""The client of Groundswell.

    from groundswell import Client

    with Client() as client:
        persona = client.engagement.create_persona(name="Ava", niche="beauty").persona
        for post in client.engagement.list_posts(persona_id=persona.id):
            print(post.caption, post.engagement.engagement_rate_pct)

Messages are in `groundswell.types`. The names of this package are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell import errors, types
    from groundswell._connections import Tls
    from groundswell._operation_wait import Progress
    from groundswell._version import __version__
    from groundswell.analysis import Analysis
    from groundswell.client import AsyncClient, Client
    from groundswell.errors import (
        Aborted,
        AlreadyExists,
        Cancelled,
        DataLoss,
        DeadlineExceeded,
        FailedPrecondition,
        FieldViolation,
        GroundswellError,
        Internal,
        InvalidArgument,
        NotFound,
        OutOfRange,
        PermissionDenied,
        ResourceExhausted,
        Unauthenticated,
        Unavailable,
        Unimplemented,
        Unknown,
    )
    from groundswell.operations import AsyncOperationHandle, OperationHandle
    from groundswell.pages import AsyncPager, Page, Pager
    from groundswell.streams import AsyncStream, Stream
    from groundswell.tracked_context import TrackedContext

__all__ = [
    "Aborted",
    "AlreadyExists",
    "Analysis",
    "AsyncClient",
    "AsyncOperationHandle",
    "AsyncPager",
    "AsyncStream",
    "Cancelled",
    "Client",
    "DataLoss",
    "DeadlineExceeded",
    "FailedPrecondition",
    "FieldViolation",
    "GroundswellError",
    "Internal",
    "InvalidArgument",
    "NotFound",
    "OperationHandle",
    "OutOfRange",
    "Page",
    "Pager",
    "PermissionDenied",
    "Progress",
    "ResourceExhausted",
    "Stream",
    "Tls",
    "TrackedContext",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Unknown",
    "__version__",
    "errors",
    "types",
]

_MODULES = {
    "Analysis": "analysis",
    "AsyncClient": "client",
    "AsyncOperationHandle": "operations",
    "AsyncPager": "pages",
    "AsyncStream": "streams",
    "Client": "client",
    "OperationHandle": "operations",
    "Page": "pages",
    "Pager": "pages",
    "Progress": "_operation_wait",
    "Stream": "streams",
    "Tls": "_connections",
    "TrackedContext": "tracked_context",
    "__version__": "_version",
}
"""Modules of the names that are not errors."""


def __getattr__(name: str) -> object:
    if name in ("errors", "types"):
        return import_module(f"groundswell.{name}")
    if name not in __all__:
        raise AttributeError(f"module 'groundswell' has no attribute {name!r}")
    value = getattr(import_module(f"groundswell.{_MODULES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

"""A circuit breaker for calls to another service."""

from __future__ import annotations

import structlog

from groundswell_server.caching.cache import Cache
from groundswell_storage.errors import GroundswellError

OPEN_SECONDS = 5.0
"""Time without calls to a service after it failed to answer."""
_MAX_WORKSPACES = 10_000

log = structlog.get_logger(__name__)


class CircuitBreaker:
    """Pauses the calls to one service, separately for each workspace. Not thread-safe: use it on one event loop."""

    def __init__(self, consequence: str) -> None:
        """`consequence` is the log line that describes the behaviour while the circuit is open."""
        self._consequence = consequence
        self._open: Cache[str, bool] = Cache(_MAX_WORKSPACES, trust_seconds=OPEN_SECONDS)
        self._warned = False

    def is_open(self, workspace: str) -> bool:
        """Returns True while the service should not be called on behalf of the workspace."""
        return self._open.get(workspace) is not None

    def trip(self, workspace: str, error: GroundswellError, **details: object) -> None:
        """Opens the circuit after a call failed."""
        self._open.store(workspace, True, self._open.mark())
        self.warn(error, **details)

    def warn(self, error: GroundswellError, **details: object) -> None:
        """Logs the consequence with the error, at most once until the next `reset`."""
        if not self._warned:
            log.warning(self._consequence, error=error.message, **details)
        self._warned = True

    def reset(self) -> None:
        """Notes that the service answered: its next failure is logged again."""
        self._warned = False

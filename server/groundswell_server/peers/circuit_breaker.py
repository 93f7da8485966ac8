"""Services that do not answer: each is left alone for a while, and that is said once until it answers again."""

from __future__ import annotations

import structlog

from groundswell_server.caching.cache import Cache
from groundswell_storage.errors import GroundswellError

AWAY_SECONDS = 5.0
"""How long a service is left alone after it did not answer."""
_MOST_WORKSPACES = 10_000

log = structlog.get_logger(__name__)


class Silence:
    """Of one service; used on an event loop."""

    def __init__(self, meaning: str) -> None:
        """`meaning` says in the log what is done without the service."""
        self._meaning = meaning
        self._silent: Cache[str, bool] = Cache(_MOST_WORKSPACES, trust_seconds=AWAY_SECONDS)
        """The workspaces for which it did not answer a moment ago."""
        self._complained = False

    def lasts(self, workspace: str) -> bool:
        """Whether the service is better not asked now on behalf of a workspace."""
        return self._silent.get(workspace) is not None

    def begin(self, workspace: str, error: GroundswellError, **facts: object) -> None:
        """It did not answer."""
        self._silent.store(workspace, True, self._silent.mark())
        self.complain(error, **facts)

    def complain(self, error: GroundswellError, **facts: object) -> None:
        """Says once that it is of no use, with what else is to be known of that."""
        if not self._complained:
            log.warning(self._meaning, error=error.message, **facts)
        self._complained = True

    def end(self) -> None:
        """It has answered."""
        self._complained = False

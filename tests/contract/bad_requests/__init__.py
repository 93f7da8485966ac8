"""What every call has to refuse: a module per service, a row per request."""

from tests.contract.bad_requests import engagement, experiments, learning, operations
from tests.contract.bad_requests.request import Bad, Fields, filled

_SERVICES = (engagement, learning, experiments, operations)

BAD: dict[str, list[Bad]] = {name: rows for service in _SERVICES for name, rows in service.BAD.items()}
"""By call."""
NARROWER: dict[str, Fields] = engagement.NARROWER | learning.NARROWER | experiments.NARROWER
"""By list: a query that is not the one that asks for everything."""

__all__ = ["BAD", "NARROWER", "Bad", "filled"]

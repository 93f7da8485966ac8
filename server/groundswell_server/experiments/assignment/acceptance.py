"""Hand-written acceptance of who is to be assigned: True only for what the contract's rules accept, without a NUL.

It saves their evaluation, which costs more than the assignment. Whatever it does not accept is given to the rules, so
it may be stricter than they are and never laxer; a property test holds it to that.
"""

from __future__ import annotations

from typing import Any

_LONGEST_KEY, _LONGEST_UNIT = 100, 200
_MOST_REQUESTS = 1000


def accepts_assign(request: Any) -> bool:
    """Whether an AssignVariantRequest or a EvaluateVariantRequest is certainly valid."""
    key, unit = request.experiment_key, request.unit
    return 0 < len(key) <= _LONGEST_KEY and 0 < len(unit) <= _LONGEST_UNIT and "\0" not in key and "\0" not in unit


def accepts_assign_all(request: Any) -> bool:
    """Whether a BatchAssignVariantsRequest is certainly valid."""
    requests = request.requests
    return 0 < len(requests) <= _MOST_REQUESTS and all(map(accepts_assign, requests))

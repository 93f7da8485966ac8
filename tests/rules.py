"""The contract's rules applied to a request, which fast accepts have to agree with."""

from __future__ import annotations

from typing import Any

from groundswell_server.runtime.validation import check
from groundswell_storage.errors import InvalidArgument


def refused(request: Any) -> bool:
    """Returns True if a call without a fast accept would be refused."""
    try:
        check(request)
    except InvalidArgument:
        return True
    return False

"""What the contract's rules say of a request: what the short cuts past them are held to."""

from __future__ import annotations

from typing import Any

from groundswell_server.runtime.validation import check
from groundswell_storage.errors import InvalidArgument


def refused(request: Any) -> bool:
    """Whether a call without a short cut would be refused."""
    try:
        check(request)
    except InvalidArgument:
        return True
    return False

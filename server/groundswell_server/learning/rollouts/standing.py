"""Where a persona stands in the rollout of a version."""

from __future__ import annotations

from typing import NamedTuple


class Standing(NamedTuple):
    """As ExperimentsService says."""

    is_on: bool
    """Whether it gets the version."""
    is_compared: bool
    """Whether what comes of it counts."""

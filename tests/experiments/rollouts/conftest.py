"""A rollout with a simulated clock, on both databases."""

from __future__ import annotations

import pytest

from groundswell_storage.database import Database
from tests.experiments.rollouts.rollout_calls import Rolling


@pytest.fixture
def rolling(database: Database) -> Rolling:
    """A workspace without rollouts."""
    return Rolling(database)

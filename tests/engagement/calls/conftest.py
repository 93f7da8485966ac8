"""Fixtures of the tests of calls."""

from __future__ import annotations

import pytest

from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import make_persona


@pytest.fixture
def persona_id(engagement: EngagementServiceStub) -> str:
    """A persona without a handle, in a workspace that nothing else is in."""
    return make_persona(engagement).id

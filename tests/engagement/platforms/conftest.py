"""The stand-in, its clock, and a workspace to sync."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stamina

from groundswell_storage.database import Database
from tests.engagement.platforms.clocks import SharedClock
from tests.engagement.platforms.studio import Studio
from tests.stand_in import StandIn


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Repeats failed calls as often as ever, without a wait between."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
def clock(tmp_path: Path) -> SharedClock:
    """A clock that begins so long ago that it never overtakes the real one."""
    clock = SharedClock(tmp_path / "clock")
    clock.set(datetime.now(UTC) - timedelta(days=20))
    return clock


@pytest.fixture
def stand_in(clock: SharedClock) -> Iterator[StandIn]:
    with StandIn(clock=clock.seconds) as stand_in:
        yield stand_in


@pytest.fixture
def studio(database: Database, stand_in: StandIn, clock: SharedClock) -> Studio:
    return Studio(database, stand_in, clock)

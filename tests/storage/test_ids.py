"""Identifiers."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from groundswell_storage.ids import derived_uuid7, uuid7


def test_an_id_is_a_uuid_of_version_7_with_its_time():
    before = time.time_ns() // 1_000_000
    id = uuid7()
    after = time.time_ns() // 1_000_000

    parsed = uuid.UUID(id)
    assert str(parsed) == id
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert before <= parsed.int >> 80 <= after + 1


def test_ids_sort_in_the_order_they_were_made():
    made = [uuid7() for _ in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_threads_never_make_the_same_id():
    with ThreadPoolExecutor(4) as threads:
        made = [id for ids in threads.map(lambda _: [uuid7() for _ in range(2000)], range(4)) for id in ids]

    assert len(set(made)) == len(made)


def test_the_id_of_something_with_a_time_and_names_is_always_the_same():
    when = datetime(2026, 3, 2, 9, 30, 0, 123_456, tzinfo=UTC)
    made = uuid.UUID(derived_uuid7(when, "rollout", "context"))

    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == 1_772_443_800_123
    assert derived_uuid7(when, "rollout", "context") == str(made)
    others = {derived_uuid7(when, *names) for names in (("rolloutc", "ontext"), ("context", "rollout"), ("rollout",))}
    assert len(others | {str(made)}) == 4

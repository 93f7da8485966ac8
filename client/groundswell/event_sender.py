"""A sender of experiment events: in batches from a thread, repeated after failures, each event counted once."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from groundswell._backoff import DEFAULT_BACKOFF, Backoff
from groundswell.errors import Cancelled, DeadlineExceeded, GroundswellError
from groundswell.message_builder import build
from groundswell.v1.experiments_pb2 import EventColumns, ExperimentEvent, RefusedEvent

if TYPE_CHECKING:
    from groundswell.v1.experiments_client import ExperimentsClient

MAX_REFUSED = 1000
"""Largest number of refused events that a sender keeps."""


class _Sent(NamedTuple):
    """An event that waits to be sent."""

    id: bytes
    experiment_key: str
    unit: str
    name: str
    value: float
    time_micros: int
    """Microseconds since 1970; 0 for the time of arrival."""


class EventSender:
    """Batches events and sends them from a background thread.

    Every event gets its id when it is recorded. An event that is sent again, after a lost connection or a restart of
    the server, therefore counts once. Events that are not yet durable are lost only with the process.
    """

    def __init__(
        self, experiments: ExperimentsClient, batch_size: int, linger_seconds: float, most_waiting: int
    ) -> None:
        self._experiments = experiments
        self._batch_size = batch_size
        self._linger = linger_seconds
        self._most_waiting = most_waiting
        self._waiting: deque[_Sent] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._hurried = False
        self._error: GroundswellError | None = None
        self.recorded_count = 0
        """Number of durable events."""
        self.refused: deque[RefusedEvent] = deque(maxlen=MAX_REFUSED)
        """Events that the server refused, with the reasons; the newest 1,000."""
        self._thread = threading.Thread(target=self._run, name="groundswell-events", daemon=True)
        self._thread.start()

    def record(
        self,
        experiment_key: str,
        unit: str,
        name: str,
        *,
        value: float | None = None,
        event_time: datetime | None = None,
    ) -> None:
        """Records an event, which is sent soon. Blocks while too many events wait.

        Raises InvalidArgument for an invalid event, and the error that made the sender give up.
        """
        event = _event(experiment_key, unit, name, value, event_time)
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < self._most_waiting or self._error or self._closing)
            self._raise_if_over()
            self._waiting.append(event)
            self._changed.notify_all()

    def flush(self, timeout: float | None = None) -> None:
        """Waits until all recorded events are durable. Raises DeadlineExceeded, or the error of the sender."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: not self._waiting or self._error is not None, timeout):
                raise DeadlineExceeded(f"{len(self._waiting)} events are not durable after {timeout:g} s")
            if self._waiting:
                self._raise_if_over()

    def close(self) -> None:
        """Sends the waiting events and ends. Raises the error that made the sender give up."""
        try:
            self.flush()
        finally:
            with self._changed:
                self._closing = True
                self._changed.notify_all()
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _raise_if_over(self) -> None:
        if self._error is not None:
            raise self._error
        if self._closing:
            raise Cancelled("the sender is closed")

    def _run(self) -> None:
        backoff = Backoff(DEFAULT_BACKOFF, random.random)
        while batch := self._next_batch():
            opened = time.monotonic()
            try:
                outcome = self._experiments.record_events(columns=_columns(batch)).outcome
            except GroundswellError as error:
                wait = backoff.wait_after(error, opened, time.monotonic())
                if wait is None:
                    self._give_up(error)
                    return
                time.sleep(wait)
                continue
            backoff.answered()
            with self._changed:
                for _ in batch:
                    self._waiting.popleft()
                self.recorded_count += len(batch) - len(outcome.refused)
                self.refused.extend(outcome.refused)
                self._changed.notify_all()

    def _next_batch(self) -> list[_Sent]:
        """Returns the next batch, which stays queued until it is durable; an empty list when the sender is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            self._changed.wait_for(self._is_due, self._linger)
            self._hurried = self._hurried and len(self._waiting) > self._batch_size
            return [self._waiting[place] for place in range(min(len(self._waiting), self._batch_size))]

    def _is_due(self) -> bool:
        return len(self._waiting) >= self._batch_size or self._closing or self._hurried

    def _give_up(self, error: GroundswellError) -> None:
        with self._changed:
            self._error = error
            self._changed.notify_all()


def _event(experiment_key: str, unit: str, name: str, value: float | None, event_time: datetime | None) -> _Sent:
    """Returns an event with a new id. Raises InvalidArgument for an invalid event."""
    plain = type(experiment_key) is type(unit) is type(name) is str and type(value) in _PLAIN and event_time is None
    # Text that is not ASCII may be impossible to encode: `build` checks it.
    if plain and unit.isascii() and name.isascii() and experiment_key.isascii():
        return _Sent(_new_id(), experiment_key, unit, name, 1.0 if value is None else value, 0)
    given = {"experiment_key": experiment_key, "unit": unit, "name": name, "value": value, "event_time": event_time}
    event = build(ExperimentEvent, given)
    # 0 stands for no time, so the first microsecond of 1970 becomes the second.
    micros = event.event_time.ToMicroseconds() or 1 if event.HasField("event_time") else 0
    value = event.value if event.HasField("value") else 1.0
    return _Sent(_new_id(), event.experiment_key, event.unit, event.name, value, micros)


_PLAIN = (float, type(None))
"""Types of values that need no check."""


def _columns(events: Sequence[_Sent]) -> EventColumns:
    """Returns the events in columns; columns with only default values are left out."""
    ids, keys, units, names, values, times = zip(*events, strict=True)
    experiment_keys, experiment_indexes = _dictionary(keys)
    different_names, name_indexes = _dictionary(names)
    different_units, unit_indexes = _dictionary(units)
    return EventColumns(
        ids=b"".join(ids),
        experiment_keys=experiment_keys,
        experiment_indexes=experiment_indexes if len(experiment_keys) > 1 else (),
        units=different_units,
        unit_indexes=unit_indexes,
        names=different_names,
        name_indexes=name_indexes if len(different_names) > 1 else (),
        values=values if any(value != 1.0 for value in values) else (),
        time_micros=times if any(times) else (),
    )


def _dictionary(words: Sequence[str]) -> tuple[list[str], list[int]]:
    """Returns the distinct words, and the index of each word among them."""
    places = {word: place for place, word in enumerate(dict.fromkeys(words))}
    return list(places), [places[word] for word in words]


def _new_id() -> bytes:
    """Returns a UUIDv7 (RFC 9562), which is in time order. Random ids would halve the server's speed."""
    chance = int.from_bytes(os.urandom(10))
    stamp = time.time_ns() // 1_000_000
    return (stamp << 80 | 7 << 76 | (chance >> 68) << 64 | 2 << 62 | chance & ((1 << 62) - 1)).to_bytes(16)

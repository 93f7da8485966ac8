"""Signals that ask a process to end, whichever thread they reach."""

from __future__ import annotations

import signal
import threading

from groundswell_server.bootstrap.shutdown_signals import ShutdownSignals


def test_a_signal_that_another_thread_is_interrupted_by_ends_the_wait() -> None:
    def interrupt_oneself() -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    with ShutdownSignals() as signals:
        # A moment later, when the main thread waits.
        timer = threading.Timer(0.05, interrupt_oneself)
        timer.start()
        assert signals.wait(10)
        timer.join()


def test_each_signal_is_reported_once() -> None:
    with ShutdownSignals() as signals:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.raise_signal(number)
        assert [signals.wait(0) for _ in range(3)] == [True, True, False]


def test_outside_the_block_a_signal_means_what_it_meant_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with ShutdownSignals():
        pass
    assert signal.getsignal(signal.SIGTERM) == before

"""Clients of ExperimentsService with a sender of events and analyses as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.v1.experiments_client import AsyncExperimentsClient, ExperimentsClient

if TYPE_CHECKING:
    from groundswell.analysis import Analysis
    from groundswell.event_sender import EventSender


class Experiments(ExperimentsClient):
    """ExperimentsService, a sender of events for it, and its analyses as tables."""

    def events(
        self, *, batch_size: int = 1000, linger_seconds: float = 0.05, most_waiting: int = 100_000
    ) -> EventSender:
        """Returns a sender. Use it in a `with` block, which ends when all events are durable.

            with client.experiments.events() as events:
                events.record("caption-hook", "reader-17", "click")

        Args:
            batch_size: Events sent at once, at most 10,000.
            linger_seconds: Longest time that an event waits for others to be sent with it.
            most_waiting: Largest number of waiting events; `record` blocks when it is reached.
        """
        from groundswell.event_sender import EventSender

        return EventSender(self, batch_size, linger_seconds, most_waiting)

    def analyze(self, experiment_key: str, *, with_history: bool = False, timeout: float | None = None) -> Analysis:
        """Returns the current analysis of an experiment; its `to_dataframe()` is a table.

        Args:
            experiment_key: Key of the experiment.
            with_history: True to fill `response.history` with the earlier interim analyses.
            timeout: Deadline of the call in seconds; the client's default when not given.

        Errors: as AnalyzeExperiment.
        """
        from groundswell.analysis import Analysis

        return Analysis(
            self.analyze_experiment(experiment_key=experiment_key, with_history=with_history, timeout=timeout)
        )


class AsyncExperiments(AsyncExperimentsClient):
    """ExperimentsService, and its analyses as tables. For asyncio."""

    async def analyze(
        self, experiment_key: str, *, with_history: bool = False, timeout: float | None = None
    ) -> Analysis:
        """Returns the current analysis of an experiment; its `to_dataframe()` is a table.

        Args:
            experiment_key: Key of the experiment.
            with_history: True to fill `response.history` with the earlier interim analyses.
            timeout: Deadline of the call in seconds; the client's default when not given.

        Errors: as AnalyzeExperiment.
        """
        from groundswell.analysis import Analysis

        return Analysis(
            await self.analyze_experiment(experiment_key=experiment_key, with_history=with_history, timeout=timeout)
        )

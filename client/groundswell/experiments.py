"""ExperimentsService with what a program that runs experiments wants beside its calls."""

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
        """Opens a sender; use it in a `with` block, which ends when everything is durable.

            with client.experiments.events() as events:
                events.record("caption-hook", "reader-17", "click")

        Args:
            batch_size: Events sent at once, at most 10,000.
            linger_seconds: How long an event waits for others to go with it.
            most_waiting: Events that wait, at most; beyond them `record` waits too.
        """
        from groundswell.event_sender import EventSender

        return EventSender(self, batch_size, linger_seconds, most_waiting)

    def analyze(self, experiment_key: str, *, with_history: bool = False, timeout: float | None = None) -> Analysis:
        """What the experiment says now; its `to_dataframe()` is a table of that.

        Args:
            experiment_key: Key of the experiment.
            with_history: Whether `response.history` is wanted: how it came to that.
            timeout: Seconds until the call is given up; the client's own when not given.

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
        """What the experiment says now; its `to_dataframe()` is a table of that.

        Args:
            experiment_key: Key of the experiment.
            with_history: Whether `response.history` is wanted: how it came to that.
            timeout: Seconds until the call is given up; the client's own when not given.

        Errors: as AnalyzeExperiment.
        """
        from groundswell.analysis import Analysis

        return Analysis(
            await self.analyze_experiment(experiment_key=experiment_key, with_history=with_history, timeout=timeout)
        )

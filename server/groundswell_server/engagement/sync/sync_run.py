"""One run of a sync: takes calls from the budget, makes them, records the results and waits for the limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import httpx

from groundswell_server.engagement import configuration
from groundswell_server.engagement.connections import connections, token_vault
from groundswell_server.engagement.interactions.intake import Intake
from groundswell_server.engagement.platforms.adapter import Adapter, PlatformPost
from groundswell_server.engagement.platforms.call_limits import Limit
from groundswell_server.engagement.platforms.failures import (
    NotPermitted,
    PlatformFailure,
    Refused,
    Throttled,
    TokenRefused,
    Unavailable,
)
from groundswell_server.engagement.platforms.http_client import TRIES, PlatformClient
from groundswell_server.engagement.sync.sync_clock import Clock
from groundswell_server.engagement.sync.sync_plan import Plan, SyncScope, Unit, plan
from groundswell_server.engagement.sync.sync_queue import CallBudgets, OverBudget, SyncQueue
from groundswell_server.engagement.sync.sync_recorder import Fetched, SyncRecorder
from groundswell_server.jobs.job import Job, Postponed
from groundswell_storage.engagement.enums import ContentType, Platform
from groundswell_storage.engagement.post_syncs import SyncTarget

MAX_WAIT = timedelta(seconds=5)
"""A run postpones itself when it would have to wait longer, and frees the worker."""
MAX_PAGES = 40
"""Pages of comments of a post in one sync."""


@dataclass(frozen=True, slots=True)
class SyncDependencies:
    """The dependencies of a run."""

    adapters: Mapping[Platform, Adapter]
    client: httpx.Client
    clock: Clock
    max_wait: timedelta = MAX_WAIT


def run_sync(job: Job, dependencies: SyncDependencies, sync_scope: SyncScope, intake: Intake) -> Plan:
    """Does the remaining work of a sync and returns the plan of this run. Raises Postponed and Cancelled."""
    with job.scope() as scope:
        vault = token_vault.open_vault(scope.database, token_vault.sealer_of(job.settings))
    reading = job.reading()
    usable = connections.usable(reading, vault)
    planned = plan(reading, sync_scope, dependencies.adapters, usable, job.operation_id, dependencies.clock.now())
    thresholds, target_age = configuration.thresholds(job.settings), configuration.target_age(job.settings)
    SyncRun(job, dependencies, SyncRecorder(job, thresholds, target_age, intake), planned).run()
    return planned


class SyncRun:
    """One run of the operation of a sync."""

    def __init__(self, job: Job, dependencies: SyncDependencies, recorder: SyncRecorder, plan: Plan) -> None:
        self._job = job
        self._dependencies = dependencies
        self._recorder = recorder
        self._budgets = CallBudgets(job.database, job.workspace, dependencies.clock)
        self._apis = {platform: self._api(adapter) for platform, adapter in dependencies.adapters.items()}
        self._queue = SyncQueue(self._price)
        self._queue.add(plan.units)
        self._done, self._total = plan.done, plan.total

    def run(self) -> None:
        """Works until the queue is empty. Raises Postponed to wait for a limit, and Cancelled when it has to end."""
        while self._queue:
            self._report("fetching")
            found = self._queue.next(self._budgets.take, self._dependencies.clock.now())
            if isinstance(found, timedelta):
                self._wait(found)
            else:
                self._try(found)

    def _try(self, unit: Unit) -> None:
        """Fetches a unit, and decides about it when that fails."""
        try:
            self._fetch(unit) if unit.after is None else self._fetch_comments(unit)
        except OverBudget:
            self._try_later(replace(unit, tries=unit.tries + 1))
        except Throttled:
            # The budget is closed now, and the queue waits until it opens.
            self._queue.put_back([unit])
        except TokenRefused as failure:
            self._recorder.mark_token_refused(unit.connection.id, failure.message)
            for each in [unit, *self._queue.drop(unit.connection.id)]:
                self._fail(each, failure)
        except Refused as failure:
            if len(unit.targets) > 1:
                # One invalid id makes the platform refuse all ids of the same call.
                self._queue.put_back(_halves(unit))
            else:
                self._fail(unit, failure)
        except PlatformFailure as failure:
            if isinstance(failure, NotPermitted):
                self._recorder.record_problem(unit.connection.id, failure.message)
            self._fail(unit, failure)

    def _fetch(self, unit: Unit) -> None:
        adapter = self._dependencies.adapters[unit.connection.platform]
        posts = [_platform_post(target) for target in unit.targets]
        found = adapter.fetch(self._apis[adapter.platform], unit.connection.token, posts)
        fetched = Fetched(found, self._dependencies.clock.now(), unit.connection.id, adapter.has_comments)
        due = self._recorder.record_counts(unit.targets, fetched)
        self._done += len(unit.targets)
        self._queue.add(Unit(unit.connection, [target], "") for target in due)

    def _fetch_comments(self, unit: Unit) -> None:
        adapter, (target,) = self._dependencies.adapters[unit.connection.platform], unit.targets
        api, token = self._apis[adapter.platform], unit.connection.token
        page = adapter.fetch_comments(api, token, target.platform_post_id, unit.after or "")
        last = not page.after or unit.pages + 1 == MAX_PAGES
        self._recorder.record_comments(target, page.comments, last=last)
        if not last:
            self._queue.add([Unit(unit.connection, unit.targets, page.after, unit.pages + 1)])

    def _fail(self, unit: Unit, failure: PlatformFailure) -> None:
        """Records a failure. Failed comments leave the counts of their post unchanged."""
        if unit.after is None:
            self._recorder.record_failure(unit.targets, failure)
            self._done += len(unit.targets)
        else:
            for target in unit.targets:
                self._recorder.abandon_comments(target)

    def _try_later(self, unit: Unit) -> None:
        """Appends a unit that failed transiently and has no call left for another attempt now."""
        if unit.after is not None or unit.tries >= TRIES:
            self._fail(unit, Unavailable(f"failed {unit.tries} times in a row"))
        else:
            # Stored, because a postponed run would otherwise start counting at 0.
            self._recorder.record_attempts(unit.targets, unit.tries)
            self._queue.add([unit])

    def _wait(self, wait: timedelta) -> None:
        if wait > self._dependencies.max_wait:
            seconds = f"{wait.total_seconds():.0f} s"
            message = (
                f"{self._done} of {self._total} posts done; the platforms' limits allow the next call in {seconds}"
            )
            raise Postponed(wait, message)
        self._dependencies.clock.sleep(wait.total_seconds(), partial(self._report, "waiting for the platforms' limits"))

    def _report(self, doing: str) -> None:
        pct = 100.0 * self._done / self._total if self._total else 100.0
        self._job.progress(pct, f"{self._done} of {self._total} posts done; {doing}")

    def _price(self, unit: Unit) -> tuple[Limit, int]:
        adapter = self._dependencies.adapters[unit.connection.platform]
        return adapter.limit, adapter.calls_per_fetch if unit.after is None else 1

    def _api(self, adapter: Adapter) -> PlatformClient:
        return PlatformClient(
            self._dependencies.client,
            adapter,
            spend=partial(self._budgets.spend, adapter.limit),
            close=partial(self._budgets.close, adapter.limit),
            now=self._dependencies.clock.now,
        )


def _platform_post(target: SyncTarget) -> PlatformPost:
    return PlatformPost(target.platform_post_id, target.content_type == ContentType.STORY)


def _halves(unit: Unit) -> list[Unit]:
    middle = len(unit.targets) // 2
    return [Unit(unit.connection, unit.targets[:middle]), Unit(unit.connection, unit.targets[middle:])]

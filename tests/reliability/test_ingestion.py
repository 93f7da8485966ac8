"""kill -9 in the middle of a load: nothing that was acknowledged is missing, and nothing is there twice."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from threading import Event, Thread

import grpc

from groundswell.v1 import engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import ago, import_rows, imported, like, make_persona, make_post, record
from tests.processes import Suite

BATCHES = 40
ROWS = 50


@contextlib.contextmanager
def stub_of(suite: Suite) -> Iterator[EngagementServiceStub]:
    with grpc.insecure_channel(suite.target) as channel:
        grpc.channel_ready_future(channel).result(30)
        yield EngagementServiceStub(channel)


class Load:
    """Sends batch after batch in a thread until the server is gone, and counts what was acknowledged."""

    def __init__(self, send: object) -> None:
        self._send = send
        self.acknowledged = 0
        self.under_way = Event()
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(grpc.RpcError):
            for number in range(BATCHES):
                self._send(number)  # type: ignore[operator]
                self.acknowledged += ROWS
                if number >= 3:
                    self.under_way.set()

    def ended(self) -> int:
        """What was acknowledged in all."""
        self._thread.join(60)
        return self.acknowledged


def rows(number: int) -> list[engagement_pb2.ImportedPost]:
    counts = engagement_pb2.Metrics(likes=number, reach=1000)
    return [imported(number * ROWS + row, metrics=counts) for row in range(ROWS)]


def count_posts(stub: EngagementServiceStub) -> int:
    request, found = engagement_pb2.ListPostsRequest(page_size=1000), 0
    while True:
        page = stub.ListPosts(request)
        found += len(page.posts)
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


def test_an_import_that_is_killed_goes_on_where_it_was(database_url: str) -> None:
    with Suite(database_url, "--services", "engagement") as suite:
        with stub_of(suite) as stub:
            load = Load(lambda number: import_rows(stub, rows(number)))
            assert load.under_way.wait(60)
            suite.kill()
            acknowledged = load.ended()
        suite.start()
        with stub_of(suite) as stub:
            survived = count_posts(stub)
            assert survived >= acknowledged
            assert survived % ROWS == 0, "a batch is there as a whole or not at all"
            report = import_rows(stub, *map(rows, range(BATCHES)))
            assert report.duplicate_count == survived
            assert report.imported_count == BATCHES * ROWS - survived
            assert not report.created_personas
            assert count_posts(stub) == BATCHES * ROWS


def test_interactions_that_were_acknowledged_survive_and_count_once(database_url: str) -> None:
    with Suite(database_url, "--services", "engagement") as suite:
        with stub_of(suite) as stub:
            post_id = make_post(stub, make_persona(stub).id, publish_time=ago(days=9)).id
            start = ago(days=8)

            def batch(number: int) -> list[engagement_pb2.Interaction]:
                return [like(f"user{number * ROWS + row}", start) for row in range(ROWS)]

            load = Load(lambda number: record(stub, post_id, batch(number)))
            assert load.under_way.wait(60)
            suite.kill()
            acknowledged = load.ended()
        suite.start()
        with stub_of(suite) as stub:
            answer = record(stub, post_id, *map(batch, range(BATCHES)))
            assert answer.duplicate_count >= acknowledged
            assert answer.recorded_count + answer.duplicate_count == BATCHES * ROWS

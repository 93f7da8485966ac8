"""Settings that change what a server does, each seen from outside."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import grpc
import pytest

from groundswell.v1 import common_pb2, learning_pb2
from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.bootstrap.master_key import KEY_BYTES, master_key
from groundswell_server.engagement import personas
from groundswell_server.runtime import telemetry
from groundswell_server.settings import Settings, SettingsError
from tests.errors import refusal
from tests.holding import Held
from tests.learning.calls import world
from tests.running import RunningServer

POSTS = 60


@pytest.mark.parametrize(("days", "learns"), [(7.0, True), (8.0, False)])
def test_the_target_age_says_which_posts_are_learnt_from(sqlite_url: str, days: float, learns: bool) -> None:
    request = learning_pb2.PredictTimingRequest(
        platform=common_pb2.PLATFORM_INSTAGRAM, as_of_time=world.after(POSTS), lookback_days=365
    )
    with RunningServer(sqlite_url, ml_target_age_days=days) as server:
        # All of them were measured once, at the age of 7 days.
        server.engagement().ImportPosts(iter([pb.ImportPostsRequest(rows=list(world.posts(POSTS)))]))
        if learns:
            assert server.learning().PredictTiming(request).best_hours
            return
        with refusal() as refused:
            server.learning().PredictTiming(request)
    assert refused.reason == "INSUFFICIENT_SAMPLES"


def test_work_beyond_the_queue_of_the_database_is_refused_with_the_time_to_wait(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(personas.list_personas)
    monkeypatch.setattr("groundswell_server.engagement.personas.list_personas", held)
    with RunningServer(sqlite_url, database_queue=3) as server, ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(server.engagement().ListPersonas, pb.ListPersonasRequest()) for _ in range(20)]
        # The others wait for the database, which is held.
        first_to_end = next(as_completed(calls))
        held.release()
        with refusal() as refused:
            first_to_end.result()
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL")
    assert refused.retry_seconds == 1


class TestMasterKey:
    """A setting, or a file that is made when it is first needed."""

    def test_a_file_is_made_once_for_its_owner_alone(self, tmp_path: Path) -> None:
        file = tmp_path / "keys" / "master.key"
        settings = Settings(database_url="sqlite:///x.db", master_key_file=file)
        first = master_key(settings)
        assert len(first) == KEY_BYTES
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert master_key(settings) == first

    def test_the_setting_outranks_the_file(self, tmp_path: Path) -> None:
        key = bytes(range(KEY_BYTES))
        file = tmp_path / "master.key"
        settings = Settings(
            database_url="sqlite:///x.db", master_key_file=file, master_key=base64.b64encode(key).decode()
        )
        assert master_key(settings) == key
        assert not file.exists()

    @pytest.mark.parametrize(("text", "said"), [("not base64!", "be base64"), ("aHVzaA==", "at least 32")])
    def test_what_is_no_key_is_refused_with_its_place(self, tmp_path: Path, text: str, said: str) -> None:
        file = tmp_path / "master.key"
        file.write_text(text)
        with pytest.raises(SettingsError, match=rf"master\.key must .*{said}"):
            master_key(Settings(database_url="sqlite:///x.db", master_key_file=file))


@pytest.mark.parametrize(("asked", "lines"), [(True, 1), (False, 0)])
def test_a_line_a_call_is_written_where_it_was_asked_for(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, asked: bool, lines: int
) -> None:
    written: list[dict[str, object]] = []
    monkeypatch.setattr(telemetry.log, "info", lambda event, **fields: written.append(fields), raising=False)
    with RunningServer(sqlite_url, log_calls=asked) as server:
        server.engagement(("x-request-id", "trace-7")).ListPersonas(pb.ListPersonasRequest())
    assert [(line["code"], line["request_id"], line["workspace"]) for line in written] == [
        ("OK", "trace-7", "default")
    ] * lines

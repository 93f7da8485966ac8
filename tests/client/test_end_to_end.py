"""The SDK against the real server, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from groundswell import (
    Aborted,
    AlreadyExists,
    AsyncClient,
    Cancelled,
    Client,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    Unauthenticated,
    types,
)
from groundswell.message_builder import build
from tests.processes import Suite
from tests.running import RunningServer

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def engagement_server(database_url: str) -> Iterator[RunningServer]:
    """A server of EngagementService on this test's own database."""
    with RunningServer(database_url, ("engagement",)) as running:
        yield running


@pytest.fixture
def real(engagement_server: RunningServer) -> Iterator[Client]:
    """A client of it."""
    with Client(engagement_server.target) as client:
        yield client


def _post(client: Client, persona: types.Persona, number: int) -> types.Post:
    return client.engagement.create_post(
        persona_id=persona.id,
        platform="instagram",
        platform_post_id=f"ig-{number}",
        caption="Golden hour #sunset",
        publish_time=YESTERDAY,
    ).post


def test_a_piece_of_generation_from_its_prompt_to_its_engagement(real: Client) -> None:
    persona = real.engagement.create_persona(
        name="Ava", niche="travel", handles=[{"platform": "instagram", "handle": "@ava.travels"}]
    ).persona
    with real.track(persona.id, phase="IMAGE_GENERATION", complexity="high", input={"prompt": "sunset"}) as context:
        context.succeed({"url": "sunset.png", "seed": 7})
        context.confidence = "confident"
    assert context.context.state == types.CONTEXT_STATE_DONE
    post = real.engagement.create_post(
        persona_id=persona.id,
        context_id=context.id,
        platform="instagram",
        platform_post_id="ig-1",
        caption="Golden hour #sunset",
        publish_time=YESTERDAY,
    ).post
    measured = real.engagement.record_metrics(
        post_id=post.id, metrics={"likes": 60, "comments": 10, "shares": 5, "saves": 5, "reach": 1000}
    )
    assert measured.post.engagement.engagement_rate_pct == pytest.approx(8.0)
    assert measured.context.id == context.id


def test_a_failed_piece_of_generation_keeps_its_trace(real: Client) -> None:
    with pytest.raises(TimeoutError), real.track(phase="TEXT_GENERATION") as context:
        raise TimeoutError("the model did not answer")
    (artifact,) = real.engagement.get_context(context_id=context.id).context.trace_artifacts
    assert (artifact.type, artifact.message) == ("TimeoutError", "the model did not answer")
    assert artifact.location.startswith("test_end_to_end.py:")


def test_an_interrupted_piece_of_generation_is_cancelled(real: Client) -> None:
    with pytest.raises(KeyboardInterrupt), real.track(phase="TEXT_GENERATION") as context:
        raise KeyboardInterrupt
    kept = real.engagement.get_context(context_id=context.id).context
    assert kept.state == types.CONTEXT_STATE_CANCELLED
    assert kept.trace_artifacts[0].type == "KeyboardInterrupt"


def test_a_list_of_several_pages(real: Client) -> None:
    persona = real.engagement.create_persona(name="Ava").persona
    created = [_post(real, persona, number).id for number in range(7)]
    pages = list(real.engagement.list_posts(persona_id=persona.id, page_size=3).pages())
    assert [len(page.items) for page in pages] == [3, 3, 1]
    assert sorted(post.id for post in real.engagement.list_posts(page_size=2)) == sorted(created)


def test_a_change_under_the_same_request_id_happens_once(real: Client) -> None:
    first = real.engagement.create_persona(name="Ava", request_id="once")
    assert real.engagement.create_persona(name="Ava", request_id="once") == first
    assert len(list(real.engagement.list_personas())) == 1
    with pytest.raises(InvalidArgument) as caught:
        real.engagement.create_persona(name="Bea", request_id="once")
    assert caught.value.reason == "REQUEST_ID_REUSED"


def test_refusals_come_with_reason_fields_and_facts(real: Client) -> None:
    with pytest.raises(InvalidArgument) as invalid:
        real.engagement.create_persona(name="")
    assert invalid.value.reason_number == types.ERROR_REASON_VALIDATION_FAILED
    assert [violation.field for violation in invalid.value.fields] == ["name"]

    with pytest.raises(NotFound) as missing:
        real.engagement.get_post(post_id=uuid4())  # type: ignore[arg-type]
    assert missing.value.reason == "POST_NOT_FOUND"

    persona = real.engagement.create_persona(name="Ava").persona
    post = _post(real, persona, 1)
    with pytest.raises(AlreadyExists) as twice:
        _post(real, persona, 1)
    assert (twice.value.reason, twice.value.metadata["id"]) == ("POST_ALREADY_EXISTS", post.id)

    real.engagement.update_persona(persona_id=persona.id, persona={"niche": "food"}, update_mask="niche")
    with pytest.raises(Aborted) as late:
        real.engagement.update_persona(persona_id=persona.id, persona={"niche": "art", "etag": persona.etag})
    assert late.value.reason == "ETAG_MISMATCH"


def test_rows_that_are_refused_are_named_and_the_rest_is_kept(real: Client) -> None:
    good = {"persona_name": "Ava", "platform": "facebook", "publish_time": YESTERDAY}
    rows = [
        {**good, "line": 1, "platform_post_id": "fb-1", "metrics": {"likes": 5, "reach": 90}},
        {**good, "line": 2, "platform_post_id": ""},
        {**good, "line": 3, "platform_post_id": "fb-3"},
    ]
    report = real.engagement.import_posts({"rows": [row]} for row in rows)
    assert (report.imported_count, report.refused_count) == (2, 1)
    assert [refused.line for refused in report.refused_rows] == [2]
    assert real.engagement.import_posts([{"rows": rows}]).duplicate_count == 2


def test_a_key_opens_its_own_workspace_and_a_wrong_one_none(engagement_server: RunningServer) -> None:
    _, bearer = engagement_server.key("studio", "writer")
    with Client(engagement_server.target, api_key=bearer.removeprefix("Bearer ")) as studio:
        studio.engagement.create_persona(name="Ava")
        assert len(list(studio.engagement.list_personas())) == 1
    with Client(engagement_server.target) as default:
        assert list(default.engagement.list_personas()) == []
    with Client(engagement_server.target, api_key="gsk_1_wrong") as stranger, pytest.raises(Unauthenticated):
        stranger.engagement.get_post(post_id=str(uuid4()))


async def test_asyncio_tracks_lists_and_watches(engagement_server: RunningServer) -> None:
    async with AsyncClient(engagement_server.target) as client:
        persona = (await client.engagement.create_persona(name="Ava")).persona
        async with client.track(persona.id, phase="TEXT_GENERATION") as context:
            context.succeed(text="Golden hour")
        assert [each.id async for each in client.engagement.list_contexts(persona_id=persona.id)] == [context.id]


def test_training_without_posts_is_refused_by_the_operation_itself(database_url: str) -> None:
    with Suite(database_url) as suite, Client(suite.target) as client:
        handle = client.learning.train_model(model_type="engagement_predictor")
        told: list[tuple[float, str]] = []
        with pytest.raises(FailedPrecondition) as caught:
            handle.result(timeout=60, progress=lambda pct, message: told.append((pct, message)))
        assert (caught.value.reason, caught.value.metadata["have"]) == ("INSUFFICIENT_SAMPLES", "0")
        assert told
        assert handle.done()
        assert [operation.name for operation in client.operations.list_operations()] == [handle.name]


def test_long_work_is_waited_for_and_cancelled_from_elsewhere(database_url: str) -> None:
    with (
        Suite(database_url, "--training-workers", "0") as suite,
        Client(suite.target) as client,
        Client(suite.target) as other,
    ):
        handle = client.learning.train_model(model_type="success_classifier")
        with pytest.raises(DeadlineExceeded, match="the work continues"):
            handle.result(timeout=0.5)
        other.operations.handle(handle.name).cancel()
        with pytest.raises(Cancelled):
            handle.result(timeout=30)
        with pytest.raises(NotFound) as missing:
            other.operations.handle(f"operations/{uuid4()}")
        assert missing.value.reason == "OPERATION_NOT_FOUND"


def test_content_is_scored_by_rules_before_there_is_a_model(database_url: str) -> None:
    with RunningServer(database_url) as running, Client(running.target) as client:
        draft = {"platform": "instagram", "media_type": "image", "caption": "Golden hour #sunset"}
        score = client.learning.score_content(draft=draft).score
        assert score.method == types.SCORING_METHOD_RULES
        batch = build(types.BatchScoreContentRequest, {"requests": [{"draft": draft}] * 3})
        scores = client.learning.batch_score_content(batch).scores
        assert [each.score for each in scores] == [score.score] * 3


def test_a_stream_outlives_kill_9_without_a_gap_or_a_repeat(database_url: str) -> None:
    """Posts are recorded before, while and after the server is gone; each is told exactly once."""
    with (
        Suite(database_url, "--services", "engagement", "--training-workers", "0") as suite,
        Client(suite.target) as client,
    ):
        persona = client.engagement.create_persona(name="Ava").persona
        told: list[int] = []
        enough = threading.Event()
        changes = client.engagement.watch_engagement(persona_ids=[persona.id], cursor=_now(client, persona))

        def watch() -> None:
            for change in changes:
                number = int(change.post.platform_post_id.removeprefix("ig-"))
                if number >= 0:
                    told.append(number)
                if number == 19:
                    enough.set()

        watching = threading.Thread(target=watch)
        watching.start()
        for number in range(20):
            if number == 10:
                suite.kill()
                suite.start()
            _post(client, persona, number)
        assert enough.wait(60)
        changes.close()
        watching.join()
    assert told == list(range(20))


def _now(client: Client, persona: types.Persona) -> str:
    """The cursor of a change that has just happened. It takes more than one, as a stream may begin after the first."""
    told = threading.Event()

    def happen() -> None:
        number = -1
        while not told.wait(0.1):
            _post(client, persona, number)
            number -= 1

    happening = threading.Thread(target=happen)
    with client.engagement.watch_engagement(persona_ids=[persona.id]) as changes:
        happening.start()
        cursor = next(changes).cursor
    told.set()
    happening.join()
    return cursor

"""BatchScoreContent on the wire."""

from __future__ import annotations

import grpc
import pytest

from groundswell.v1 import learning_pb2 as pb
from tests.errors import refusal
from tests.learning.calls import world
from tests.learning.calls.drafts import (
    EVENING,
    INSTAGRAM,
    NOBODY,
    a_context,
    a_draft,
    a_poor_draft,
    luna,
)
from tests.learning.calls.studio import Studio


def test_a_batch_scores_as_one_by_one(studio: Studio) -> None:
    context_id = a_context(studio, persona_id=luna(studio), input={"platform": "INSTAGRAM"})
    requests = [
        pb.ScoreContentRequest(draft=a_draft(studio)),
        pb.ScoreContentRequest(draft=a_poor_draft(studio)),
        pb.ScoreContentRequest(context_id=context_id, draft=pb.ContentDraft(publish_time=world.stamp(EVENING))),
        pb.ScoreContentRequest(draft=pb.ContentDraft(platform=INSTAGRAM, publish_time=world.stamp(EVENING))),
    ]
    batch = studio.learning.BatchScoreContent(pb.BatchScoreContentRequest(requests=requests)).scores
    for together, request in zip(batch, requests, strict=True):
        alone = studio.learning.ScoreContent(request).score
        assert together.score == pytest.approx(alone.score, abs=1e-4)
        assert together.engagement_interval.upper == pytest.approx(alone.engagement_interval.upper, abs=1e-4)
        assert (together.tier, together.confidence, together.method) == (alone.tier, alone.confidence, alone.method)
        assert together.model_versions == alone.model_versions


def test_a_batch_goes_by_rules_without_a_model(empty: Studio) -> None:
    requests = [pb.ScoreContentRequest(draft=pb.ContentDraft(caption="Hi")) for _ in range(3)]
    scores = empty.learning.BatchScoreContent(pb.BatchScoreContentRequest(requests=requests)).scores
    assert [one.method for one in scores] == [pb.SCORING_METHOD_RULES] * 3


def test_all_are_scored_or_none(studio: Studio) -> None:
    requests = [pb.ScoreContentRequest(draft=a_draft(studio)), pb.ScoreContentRequest(context_id=NOBODY)]
    with refusal() as refused:
        studio.learning.BatchScoreContent(pb.BatchScoreContentRequest(requests=requests))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "CONTEXT_NOT_FOUND")


def test_the_field_at_fault_is_named_with_its_place(studio: Studio) -> None:
    late = pb.ContentDraft(publish_time={"seconds": 1 << 60})  # type: ignore[arg-type]
    for fault in (pb.ScoreContentRequest(context_id="nobody"), pb.ScoreContentRequest(draft=late)):
        requests = [pb.ScoreContentRequest(draft=a_draft(studio)), fault]
        with refusal() as refused:
            studio.learning.BatchScoreContent(pb.BatchScoreContentRequest(requests=requests))
        assert refused.code == grpc.StatusCode.INVALID_ARGUMENT
        assert refused.fields[0].startswith("requests[1].")


@pytest.mark.parametrize("count", [0, 2001])
def test_a_batch_has_1_to_2000(empty: Studio, count: int) -> None:
    requests = [pb.ScoreContentRequest(draft=pb.ContentDraft())] * count
    with refusal() as refused:
        empty.learning.BatchScoreContent(pb.BatchScoreContentRequest(requests=requests))
    assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("requests",))

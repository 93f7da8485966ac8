"""OptimizeContent on the wire."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from groundswell.v1 import common_pb2
from groundswell.v1 import learning_pb2 as pb
from tests.errors import refusal
from tests.learning.calls.drafts import (
    a_poor_draft,
    score,
)
from tests.learning.calls.studio import Studio


def test_changes_that_help_are_named_with_their_gain(studio: Studio) -> None:
    response = studio.learning.OptimizeContent(pb.OptimizeContentRequest(draft=a_poor_draft(studio)))
    by_model = [one for one in response.recommendations if not one.heuristic]
    assert {"publish_hour", "media_type"} <= {one.element for one in by_model}
    assert all(one.expected_gain.value > 0 for one in by_model)
    assert all(one.expected_gain.HasField("interval") for one in by_model)
    priorities = [one.priority for one in response.recommendations]
    assert priorities == sorted(priorities, reverse=True)


def test_the_path_leads_to_the_optimized_score(studio: Studio) -> None:
    request = pb.OptimizeContentRequest(draft=a_poor_draft(studio), target_score=60)
    response = studio.learning.OptimizeContent(request)
    assert response.score == score(studio, draft=a_poor_draft(studio))
    assert response.path[-1].score_after == pytest.approx(response.optimized_score.score)
    assert response.target_reached == (response.optimized_score.score >= 60)
    assert response.optimized_score.score > response.score.score + 20


def test_it_gives_no_more_advice_than_asked_for(studio: Studio) -> None:
    request = pb.OptimizeContentRequest(draft=a_poor_draft(studio), max_recommendations=1)
    assert len(studio.learning.OptimizeContent(request).recommendations) == 1


def test_without_a_model_it_gives_rules_of_thumb(empty: Studio) -> None:
    draft = pb.ContentDraft(caption="Hi", media_type=common_pb2.MEDIA_TYPE_TEXT)
    response = empty.learning.OptimizeContent(pb.OptimizeContentRequest(draft=draft))
    assert response.recommendations
    assert all(one.heuristic and not one.HasField("expected_gain") for one in response.recommendations)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [({"target_score": 101.0}, "target_score"), ({"max_recommendations": 51}, "max_recommendations")],
)
def test_bad_input_is_refused_by_field(empty: Studio, fields: dict[str, Any], wrong: str) -> None:
    with refusal() as refused:
        empty.learning.OptimizeContent(pb.OptimizeContentRequest(draft=pb.ContentDraft(), **fields))
    assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, (wrong,))

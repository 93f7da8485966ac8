"""The hand-written validation accepts nothing that the contract's rules refuse."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell.v1 import common_pb2, learning_pb2
from groundswell_server.learning.serving.fast_accept import accepts_content, accepts_contents
from tests.rules import refused

UUID = "018f5b9e-7c3a-7b2e-9d4f-0a1b2c3d4e5f"
A_DRAFT = learning_pb2.ContentDraft(
    persona_id=UUID,
    platform=common_pb2.PLATFORM_INSTAGRAM,
    media_type=common_pb2.MEDIA_TYPE_VIDEO,
    category="product",
    caption="Morning light. What do you think? #glow",
    hashtags=["glow", "#morning"],
    prompt="A bottle in the morning light",
    complexity=common_pb2.COMPLEXITY_HIGH,
    agent_assigned=True,
)

spaces = st.sampled_from(" \t\n\r\x0b\x0c\x00\x1c\x85\xa0\u2028\u3000")
text = st.text(alphabet=st.one_of(st.characters(codec="utf-8"), spaces, st.sampled_from("#a-0F")), max_size=12)
ids = st.one_of(
    st.just(""),
    st.uuids().map(str),
    st.uuids().map(lambda id: str(id).upper()),
    st.uuids().map(lambda id: id.hex),
    st.uuids().map(lambda id: f"{id}\n"),
    text,
)
enums = st.integers(-2, 8)
drafts = st.builds(
    learning_pb2.ContentDraft,
    persona_id=ids,
    platform=enums,
    media_type=enums,
    complexity=enums,
    category=st.one_of(text, st.integers(99, 102).map(lambda length: "é" * length)),
    caption=st.one_of(text, st.integers(19_999, 20_001).map(lambda length: "é" * length)),
    prompt=st.one_of(text, st.integers(99_999, 100_001).map(lambda length: "p" * length)),
    hashtags=st.one_of(
        st.lists(st.one_of(text, text.map(lambda tag: f"#{tag}")), max_size=4),
        st.integers(99, 101).map(lambda count: ["tag"] * count),
        st.integers(148, 151).map(lambda length: ["#" + "t" * length]),
    ),
)
requests = st.one_of(
    st.builds(learning_pb2.ScoreContentRequest, context_id=ids),
    st.builds(learning_pb2.ScoreContentRequest, context_id=ids, draft=drafts),
)


@settings(max_examples=1500, deadline=None)
@given(requests)
def test_it_accepts_no_request_that_the_rules_refuse(request: learning_pb2.ScoreContentRequest) -> None:
    assert not (accepts_content(request) and refused(request))


@settings(max_examples=200, deadline=None)
@given(st.lists(requests, max_size=4))
def test_it_accepts_no_batch_that_the_rules_refuse(requests: list[Any]) -> None:
    batch = learning_pb2.BatchScoreContentRequest(requests=requests)
    assert not (accepts_contents(batch) and refused(batch))


@pytest.mark.parametrize("count", [0, 2001])
def test_it_accepts_no_batch_of_the_wrong_size(count: int) -> None:
    request = learning_pb2.ScoreContentRequest(context_id=UUID)
    assert not accepts_contents(learning_pb2.BatchScoreContentRequest(requests=[request] * count))


@pytest.mark.parametrize(
    "request_",
    [
        learning_pb2.ScoreContentRequest(draft=A_DRAFT),
        learning_pb2.ScoreContentRequest(draft=learning_pb2.ContentDraft()),
        learning_pb2.ScoreContentRequest(context_id=str(uuid4())),
        learning_pb2.ScoreContentRequest(context_id=UUID, draft=A_DRAFT),
    ],
)
def test_it_accepts_what_is_customary(request_: learning_pb2.ScoreContentRequest) -> None:
    assert accepts_content(request_)
    assert accepts_contents(learning_pb2.BatchScoreContentRequest(requests=[request_] * 2))

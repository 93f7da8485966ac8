"""What a broken constraint of the contract is said to be, in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor
from google.protobuf.timestamp_pb2 import Timestamp

from buf.validate import validate_pb2
from groundswell.v1 import engagement_pb2, learning_pb2
from groundswell_server.runtime import validation, violation_messages
from tests.wire import METHODS, request_of

CONTENT = "context_id or draft is needed"
POST_ID = "01890a5d-ac96-774b-bcce-b302099a8057"


def patterns(kind: Descriptor) -> Iterator[str]:
    """The regular expressions of the fields of a message."""
    for field in kind.fields:
        rules = field.GetOptions().Extensions[validate_pb2.field]
        yield from (each.string.pattern for each in (rules, rules.repeated.items) if each.string.pattern)


def messages() -> Iterator[Descriptor]:
    for name in {method.containing_service.file.name for method in METHODS.values()}:
        if name.startswith("groundswell/"):
            yield from descriptor_pool.Default().FindFileByName(name).message_types_by_name.values()


def test_every_pattern_of_the_contract_has_words_in_runtime_wording() -> None:
    found = {pattern for kind in messages() for pattern in patterns(kind)}
    assert found
    assert sorted(found - violation_messages.PATTERNS.keys()) == []


@pytest.mark.parametrize("name", METHODS)
def test_the_constraints_of_every_request_compile(name: str) -> None:
    """A server compiles them when they are first needed, and would fault the call that does."""
    validation.violations(request_of(name))


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (engagement_pb2.StartContextRequest(), ("phase", "must be given")),
        (engagement_pb2.StartContextRequest(phase="text"), ("phase", violation_messages.PATTERNS["^[A-Z][A-Z0-9_]*$"])),
        (engagement_pb2.GetPostRequest(), ("post_id", "must be given")),
        (engagement_pb2.GetPostRequest(post_id="x"), ("post_id", "must be a valid UUID")),
        (learning_pb2.TrainModelRequest(), ("model_type", "must be given")),
        (learning_pb2.TrainModelRequest(model_type=99), ("model_type", "must be a value of the contract")),
        (learning_pb2.ScoreContentRequest(), ("context_id", CONTENT)),
        (
            learning_pb2.BatchScoreContentRequest(requests=[{}]),
            ("requests[0].context_id", CONTENT),
        ),
        (engagement_pb2.ImportPostsRequest(), ("rows", "rows must have 1 to 1000 elements")),
        (engagement_pb2.ListPostsRequest(page_size=-1), ("page_size", "must be at least 0 and at most 1000")),
        (
            engagement_pb2.RecordMetricsRequest(post_id=POST_ID, metrics={}, fetch_time=Timestamp(seconds=2**33)),
            ("fetch_time", "must be in the past"),
        ),
    ],
)
def test_a_broken_constraint_names_its_field_and_what_it_asks_for(request_, said) -> None:
    assert [(found.field, found.description) for found in validation.violations(request_)] == [said]

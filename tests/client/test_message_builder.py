"""Messages from what Python programs hold."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from google.longrunning import operations_pb2
from google.protobuf import any_pb2, duration_pb2, json_format, struct_pb2, timestamp_pb2
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as some

from groundswell import InvalidArgument, types
from groundswell.message_builder import build

ID = UUID("019366c4-0000-7000-8000-000000000001")
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _refusal(kind: type[Message], values: dict[str, Any]) -> tuple[str, str]:
    """Field and description of what `build` says against `values`."""
    with pytest.raises(InvalidArgument) as caught:
        build(kind, values)
    (violation,) = caught.value.fields
    return violation.field, violation.description


# Scalars and enums


@pytest.mark.parametrize("name", ["INSTAGRAM", "instagram", "PLATFORM_INSTAGRAM", " Instagram ", 1])
def test_a_value_of_an_enum_goes_by_its_name_or_number(name: str | int) -> None:
    assert build(types.PredictTimingRequest, {"platform": name}).platform == types.PLATFORM_INSTAGRAM


def test_a_name_of_two_words_may_have_a_space_or_a_hyphen() -> None:
    for name in ("social post", "social-post", "SOCIAL_POST"):
        assert build(types.CreatePostRequest, {"content_type": name}).content_type == types.CONTENT_TYPE_SOCIAL_POST


def test_an_enum_of_the_program_goes_by_its_value() -> None:
    class Place(enum.Enum):
        HERE = "tiktok"

    assert build(types.PredictTimingRequest, {"platform": Place.HERE}).platform == types.PLATFORM_TIKTOK


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    field, description = _refusal(types.PredictTimingRequest, {"platform": "myspace"})
    assert field == "platform"
    assert description == "'myspace' is not a Platform: INSTAGRAM, FACEBOOK, TWITTER, TIKTOK, OTHER"


def test_an_identifier_may_be_a_uuid() -> None:
    assert build(types.GetPostRequest, {"post_id": ID}).post_id == str(ID)


def test_numbers_of_numpy_are_numbers() -> None:
    metrics = build(types.Metrics, {"likes": np.int64(3)})
    assert metrics.likes == 3
    assert build(types.Interval, {"lower": np.float64(0.5), "upper": np.float32(2)}).upper == 2.0


def test_absent_and_zero_differ() -> None:
    metrics = build(types.Metrics, {"likes": 0, "shares": None})
    assert metrics.HasField("likes")
    assert not metrics.HasField("shares")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (types.Metrics, {"likes": "many"}),
        (types.Metrics, {"likes": 1.5}),
        (types.Metrics, {"likes": True}),
        (types.Metrics, {"likes": 2**63}),
        (types.GetPostRequest, {"post_id": 7}),
        (types.GetPostRequest, {"post_id": "\ud800"}),
        (types.ListPostsRequest, {"platform": 2**40}),
    ],
)
def test_a_value_that_does_not_fit_names_its_field(kind: type[Message], values: dict[str, Any]) -> None:
    field, description = _refusal(kind, values)
    assert field == next(iter(values))
    assert description


def test_an_unknown_field_is_answered_with_those_there_are() -> None:
    assert _refusal(types.GetPostRequest, {"id": "7"}) == ("id", "GetPostRequest has no such field, only post_id")


# Messages in messages


def test_a_message_may_be_a_mapping_of_its_fields() -> None:
    request = build(types.RecordMetricsRequest, {"post_id": "7", "metrics": {"likes": 3}})
    assert request == types.RecordMetricsRequest(post_id="7", metrics=types.Metrics(likes=3))


def test_a_message_without_fields_is_given_nevertheless() -> None:
    assert build(types.RecordMetricsRequest, {"metrics": {}}).HasField("metrics")
    assert build(types.RecordMetricsRequest, {"metrics": types.Metrics()}).HasField("metrics")


def test_several_messages_may_be_of_both_kinds() -> None:
    handle = types.PlatformHandle(platform=types.PLATFORM_TIKTOK, handle="ava")
    persona = build(types.Persona, {"handles": [handle, {"platform": "instagram", "handle": "ava"}]})
    assert [each.platform for each in persona.handles] == [types.PLATFORM_TIKTOK, types.PLATFORM_INSTAGRAM]


def test_a_refusal_names_the_whole_way_to_a_field() -> None:
    values = {"requests": [{"draft": {}}, {"draft": {"hashtags": ["a", 7]}}]}
    assert _refusal(types.BatchScoreContentRequest, values)[0] == "requests[1].draft.hashtags[1]"


def test_one_text_is_not_several() -> None:
    assert _refusal(types.CreatePostRequest, {"hashtags": "sunset"}) == (
        "hashtags",
        "takes several values, not one str",
    )


def test_another_message_does_not_fit() -> None:
    assert _refusal(types.RecordMetricsRequest, {"metrics": types.Post()}) == ("metrics", "takes a Metrics, not a Post")


def test_alternatives_exclude_each_other() -> None:
    values = {"post": {"id": "7"}, "deleted_post_id": "7"}
    assert _refusal(types.WatchEngagementResponse, values) == (
        "deleted_post_id",
        "excludes post: set only one of the two",
    )


def test_a_map_takes_a_mapping() -> None:
    assert build(types.Model, {"library_versions": {"numpy": "2.4"}}).library_versions == {"numpy": "2.4"}
    assert _refusal(types.Model, {"library_versions": ["numpy"]})[0] == "library_versions"
    assert _refusal(types.Model, {"library_versions": {"numpy": 2}})[0] == "library_versions"


def test_any_takes_any_message() -> None:
    packed = build(operations_pb2.Operation, {"response": types.Model(id="7")}).response
    model = types.Model()
    assert packed.Unpack(model)
    assert model.id == "7"
    assert build(operations_pb2.Operation, {"response": any_pb2.Any(type_url="x")}).response.type_url == "x"
    assert _refusal(operations_pb2.Operation, {"response": "model"})[0] == "response"


# Times


def test_a_moment_needs_a_time_zone() -> None:
    naive = NOON.replace(tzinfo=None)
    field, description = _refusal(types.Post, {"publish_time": naive})
    assert field == "publish_time"
    assert "no time zone" in description


def test_a_moment_may_be_text() -> None:
    assert build(types.Post, {"publish_time": "2026-03-01T13:00:00+01:00"}).publish_time.ToDatetime(UTC) == NOON
    assert _refusal(types.Post, {"publish_time": "yesterday"})[0] == "publish_time"


@given(moment=some.datetimes(timezones=some.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))])))
def test_moments_keep_their_microseconds(moment: datetime) -> None:
    if not datetime.min.replace(tzinfo=UTC) + timedelta(days=1) < moment < datetime.max.replace(tzinfo=UTC):
        return
    assert build(types.Post, {"publish_time": moment}).publish_time.ToDatetime(UTC) == moment


@given(span=some.timedeltas(min_value=timedelta(days=-3_000_000), max_value=timedelta(days=3_000_000)))
def test_spans_keep_their_microseconds(span: timedelta) -> None:
    assert build(operations_pb2.WaitOperationRequest, {"timeout": span}).timeout.ToTimedelta() == span


def test_a_number_is_a_span_in_seconds() -> None:
    request = build(operations_pb2.WaitOperationRequest, {"timeout": 1.5})
    assert request.timeout == duration_pb2.Duration(seconds=1, nanos=500_000_000)
    assert _refusal(operations_pb2.WaitOperationRequest, {"timeout": "soon"})[0] == "timeout"
    assert _refusal(operations_pb2.WaitOperationRequest, {"timeout": math.inf})[0] == "timeout"


def test_times_may_be_messages() -> None:
    moment = timestamp_pb2.Timestamp(seconds=1)
    assert build(types.Post, {"publish_time": moment}).publish_time == moment


# Masks and free data


@pytest.mark.parametrize("mask", [["name", "niche"], ("name", "niche"), "name,niche", "name, niche"])
def test_a_mask_is_names_of_fields(mask: Iterable[str]) -> None:
    assert list(build(types.UpdatePersonaRequest, {"update_mask": mask}).update_mask.paths) == ["name", "niche"]


JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**53), 2**53)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(some.characters(codec="utf-8")),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(some.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(data=some.dictionaries(some.text(some.characters(codec="utf-8")), JSON))
def test_free_data_come_back_as_they_were(data: dict[str, Any]) -> None:
    request = build(types.StartContextRequest, {"input": data})
    assert json_format.MessageToDict(request.input) == data
    assert types.StartContextRequest.FromString(request.SerializeToString()) == request


def test_free_data_take_what_has_a_usual_form_in_json() -> None:
    class Style(enum.Enum):
        WARM = "warm"

    data = {
        "when": NOON,
        "day": date(2026, 3, 1),
        "id": ID,
        "file": PurePosixPath("a/b.png"),
        "style": Style.WARM,
        "sizes": (np.int64(1), np.float64(0.5)),
        "vector": np.array([1.0, 2.0]),
        "nested": struct_pb2.Struct(fields={"a": struct_pb2.Value(bool_value=True)}),
        "list": struct_pb2.ListValue(values=[struct_pb2.Value(number_value=1)]),
    }
    assert json_format.MessageToDict(build(types.StartContextRequest, {"input": data}).input) == {
        "when": "2026-03-01T12:00:00+00:00",
        "day": "2026-03-01",
        "id": str(ID),
        "file": "a/b.png",
        "style": "warm",
        "sizes": [1.0, 0.5],
        "vector": [1.0, 2.0],
        "nested": {"a": True},
        "list": [1.0],
    }


@pytest.mark.parametrize(
    "value", [2**53 + 1, -(2**60), math.nan, math.inf, b"bytes", object(), types.Post(), Decimal(1), 1j]
)
def test_free_data_refuse_what_would_not_come_back(value: object) -> None:
    field, _ = _refusal(types.StartContextRequest, {"input": {"deep": [{"x": value}]}})
    assert field == "input.deep[0].x"


def test_large_numbers_are_refused_with_the_cure() -> None:
    field, description = _refusal(types.StartContextRequest, {"input": {"tweet": 1_234_567_890_123_456_789}})
    assert field == "input.tweet"
    assert "write it as a string" in description


def test_free_data_that_hold_themselves_are_refused() -> None:
    data: dict[str, Any] = {}
    data["again"] = data
    assert _refusal(types.StartContextRequest, {"input": data})[0].startswith("input.again.again")


ANYTHING = JSON | some.binary() | some.datetimes() | some.timedeltas() | some.uuids() | some.complex_numbers()


@given(
    name=some.sampled_from(sorted(types.CreatePostRequest.DESCRIPTOR.fields_by_name)),
    value=ANYTHING | some.lists(ANYTHING, max_size=3),
)
def test_whatever_is_given_either_fits_or_is_refused_by_the_name_of_its_field(name: str, value: Any) -> None:
    try:
        message = build(types.CreatePostRequest, {name: value})
    except InvalidArgument as refused:
        fields = [violation.field for violation in refused.fields]
        assert all(field.startswith(name) for field in fields)
    else:
        assert types.CreatePostRequest.FromString(message.SerializeToString()) == message

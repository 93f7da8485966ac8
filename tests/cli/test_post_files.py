from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_server.cli.post_files import (
    Import,
    PostDraft,
    RefusedRow,
    count_rows,
    facebook_metrics,
    generic,
    read_posts,
)
from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_storage.engagement.enums import Complexity, ContentType, MediaType, Platform
from groundswell_storage.errors import InvalidArgument

FACEBOOK = Path(__file__).parents[2] / "server/groundswell_server/cli/demo/data/facebook_metrics.csv"
HEADER = "persona,platform,platform_post_id,publish_time"
OF_JSON = '"persona": "Luna", "platform": "other", "platform_post_id": "p1", "publish_time": "2026-05-01T18:00:00Z"'

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes, name: str = "posts.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def drafts(source: Import) -> list[PostDraft]:
    return [row for row in source.rows if isinstance(row, PostDraft)]


def refused(source: Import) -> list[tuple[int, str]]:
    return [(row.line, row.field) for row in source.rows if isinstance(row, RefusedRow)]


def test_a_csv_row_becomes_a_draft(write: Write) -> None:
    path = write(
        f"{HEADER},caption,hashtags,media_type,likes,reach,saves,fetch_time,follower_count,time_zone,complexity\n"
        'Luna,instagram,p1,2026-05-01T18:00:00+02:00,"Golden hour, again","#sunset, harbor",video,120,4000,,'
        "2026-05-08,9000,Europe/Berlin,high\n"
    )

    source = read_posts(path)
    [draft] = drafts(source)

    assert source.format == "csv"
    assert draft == PostDraft(
        line=2,
        persona_name="Luna",
        platform=Platform.INSTAGRAM,
        platform_post_id="p1",
        publish_time=datetime(2026, 5, 1, 16, tzinfo=UTC),
        caption="Golden hour, again",
        hashtags=("#sunset", "harbor"),
        media_type=MediaType.VIDEO,
        counts=Counts(likes=120, reach=4000),
        fetch_time=datetime(2026, 5, 8, tzinfo=UTC),
        follower_count=9000,
        time_zone="Europe/Berlin",
        complexity=Complexity.HIGH,
    )


def test_a_json_line_becomes_a_draft(write: Write) -> None:
    row = {
        "persona": "Luna",
        "platform": "TIKTOK",
        "platform_post_id": "t1",
        "publish_time": "2026-05-01T18:00:00Z",
        "content_type": "VIDEO",
        "hashtags": ["dance"],
        "views": 500,
        "context_input": {"prompt": "a harbor"},
    }

    source = read_posts(write(json.dumps(row) + "\n\n", "posts.jsonl"))
    [draft] = drafts(source)

    assert (draft.content_type, draft.hashtags, draft.counts) == (ContentType.VIDEO, ("dance",), Counts(views=500))
    assert draft.context_input == {"prompt": "a harbor"}


def test_what_is_not_known_is_not_zero(write: Write) -> None:
    [draft] = drafts(read_posts(write(f"{HEADER},likes\nLuna,OTHER,p1,2026-05-01,\n")))

    assert draft.counts is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_header(write: Write, delimiter: str) -> None:
    path = write(f"{HEADER}\nLuna,OTHER,p1,2026-05-01\n".replace(",", delimiter))

    assert [draft.platform_post_id for draft in drafts(read_posts(path))] == ["p1"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(write: Write) -> None:
    assert len(drafts(read_posts(write(f"\ufeff{HEADER}\nLuna,OTHER,p1,2026-05-01\n")))) == 1


def test_refused_rows_are_named_by_line_and_column_and_the_rest_is_kept(write: Write) -> None:
    path = write(
        f"{HEADER},likes,attributes\n"
        "Luna,INSTAGRAM,p1,2026-05-01,1,\n"
        ",INSTAGRAM,p2,2026-05-01,1,\n"
        "Luna,MYSPACE,p3,2026-05-01,1,\n"
        "Luna,INSTAGRAM,,2026-05-01,1,\n"
        "Luna,INSTAGRAM,p5,yesterday,1,\n"
        "Luna,INSTAGRAM,p6,2026-05-01,many,\n"
        "Luna,INSTAGRAM,p7,2026-05-01,1.5,\n"
        "Luna,INSTAGRAM,p8,2026-05-01,1,{\n"
        "Luna,INSTAGRAM,p9,2026-05-01,1,,too,many\n"
        "\n"
        "Luna,INSTAGRAM,p10,2026-05-01,12.0,\n"
    )

    assert [draft.platform_post_id for draft in drafts(read_posts(path))] == ["p1", "p10"]
    assert refused(read_posts(path)) == [
        (3, "persona"),
        (4, "platform"),
        (5, "platform_post_id"),
        (6, "publish_time"),
        (7, "likes"),
        (8, "likes"),
        (9, "attributes"),
        (10, ""),
    ]


def test_a_line_that_is_not_json_is_refused_alone(write: Write) -> None:
    good = json.dumps({"persona": "Luna", "platform": "OTHER", "platform_post_id": "p", "publish_time": "2026-05-01"})
    path = write(f"{{\n[1]\n{good}\n", "posts.jsonl")

    assert refused(read_posts(path)) == [(1, ""), (2, "")]
    assert len(drafts(read_posts(path))) == 1


def test_bytes_that_are_not_utf8_refuse_their_row_only(write: Write) -> None:
    path = write(
        f"{HEADER},caption\nLuna,OTHER,p1,2026-05-01,".encode() + b"caf\xe9\n" + b"Luna,OTHER,p2,2026-05-01,ok\n"
    )

    assert refused(read_posts(path)) == [(2, "caption")]
    assert [draft.platform_post_id for draft in drafts(read_posts(path))] == ["p2"]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (f"{HEADER},mood\nLuna,OTHER,p1,2026-05-01T18:00:00Z,good\n", "posts.csv"),
        (
            f'{{{OF_JSON}, "mood": "good"}}\n',
            "posts.jsonl",
        ),
    ],
    ids=["csv", "jsonl"],
)
def test_unknown_columns_are_left_out_and_named(write: Write, content: str, name: str) -> None:
    source = read_posts(write(content, name))

    assert len(drafts(source)) == 1
    assert source.assumptions() == ("ignored unknown columns: mood",)


@pytest.mark.parametrize(
    ("time", "told"),
    [("2026-05-01T18:00:00Z", ()), ("2026-05-01 18:00", ("times without a zone are taken as UTC",))],
    ids=["with a zone", "without"],
)
def test_that_times_are_taken_as_utc_is_told_of_those_without_a_zone(
    write: Write, time: str, told: tuple[str, ...]
) -> None:
    source = read_posts(write(f"{HEADER}\nLuna,other,p1,{time}\n"))

    assert len(drafts(source)) == 1
    assert source.assumptions() == told


def test_refusals_are_in_the_words_of_the_file(write: Write) -> None:
    lines = ('{"persona": "Luna", "platform": "insta", "platform_post_id": "p1", "publish_time": "2026-05-01"}', "{1}")
    [unknown, broken] = [row.reason for row in read_posts(write("\n".join(lines), "posts.jsonl")).rows]  # type: ignore[union-attr]

    assert unknown == "'insta' is not one of instagram, facebook, twitter, tiktok, other"
    assert broken == "is not JSON: Expecting property name enclosed in double quotes at character 2"


@pytest.mark.parametrize("content", ["", "\n", "persona,platform\nLuna,OTHER\n"])
def test_a_file_without_the_needed_columns_is_refused_as_a_whole(write: Write, content: str) -> None:
    with pytest.raises(InvalidArgument):
        read_posts(write(content))


def test_an_unknown_format_is_refused(write: Write) -> None:
    with pytest.raises(InvalidArgument):
        read_posts(write(HEADER), "xlsx")


def test_every_column_of_the_generic_format_is_documented() -> None:
    assert set(generic.REQUIRED) <= set(generic.COLUMNS)


class TestFacebookMetrics:
    def test_all_500_posts_are_read(self) -> None:
        source = read_posts(FACEBOOK)

        rows = drafts(source)

        assert source.format == "facebook_metrics"
        assert len(rows) == count_rows(FACEBOOK) == 500
        assert len({row.platform_post_id for row in rows}) == 500

    def test_the_first_post_is_what_the_file_says(self) -> None:
        first = drafts(read_posts(FACEBOOK))[0]

        assert first == PostDraft(
            line=2,
            persona_name="cosmetics page",
            platform=Platform.FACEBOOK,
            platform_post_id="facebook-metrics-1",
            publish_time=datetime(2014, 12, 4, 3, tzinfo=UTC),
            category="product",
            media_type=MediaType.IMAGE,
            attributes={"paid": False},
            counts=Counts(likes=79, comments=4, shares=17, clicks=159, impressions=5091, reach=2752),
            fetch_time=datetime(2014, 12, 11, 3, tzinfo=UTC),
            follower_count=139_441,
            time_zone="UTC",
        )

    def test_what_was_filled_in_is_told(self) -> None:
        told = " ".join(read_posts(FACEBOOK).assumptions())

        assert all(word in told for word in ("cosmetics page", "2014", "UTC", "7 days", "first week"))

    def test_what_is_missing_stays_missing(self) -> None:
        rows = drafts(read_posts(FACEBOOK))

        assert sum(row.counts is not None and row.counts.likes is None for row in rows) == 1
        assert sum(row.counts is not None and row.counts.shares is None for row in rows) == 4
        assert sum("paid" not in row.attributes for row in rows) == 1
        assert {row.caption for row in rows} == {""}

    def test_no_post_of_the_file_is_impossible(self) -> None:
        for row in drafts(read_posts(FACEBOOK)):
            assert row.counts is not None
            row.counts.validate(row.platform)

    def test_reading_again_gives_the_same_ids(self) -> None:
        assert drafts(read_posts(FACEBOOK)) == drafts(read_posts(FACEBOOK))

    @given(st.integers(1, 12), st.integers(1, 7), st.integers(0, 23))
    def test_the_date_keeps_month_weekday_and_hour(self, month: int, weekday: int, hour: int) -> None:
        time = facebook_metrics.published_time(month, weekday, hour)

        assert (time.year, time.month, time.isoweekday(), time.hour) == (2014, month, weekday, hour)
        assert (time - timedelta(days=7)).month != month

    def test_the_names_of_the_repository_are_understood_too(self, write: Write) -> None:
        path = write(
            "Page total likes;Type;Category;Post Month;Post Weekday;Post Hour;Paid;Lifetime Post Total Reach;"
            "Lifetime Post Total Impressions;Lifetime Post Consumptions;comment;like;share\n"
            "139441;Photo;2;12;4;3;0;2752;5091;159;4;79;17\n"
        )

        [draft] = drafts(read_posts(path))

        assert draft == drafts(read_posts(FACEBOOK))[0]

    @pytest.mark.parametrize(("column", "value"), [("Month", "13"), ("Weekday", "0"), ("Hour", "24"), ("Type", "Reel")])
    def test_rows_that_cannot_be_are_refused_by_column(self, write: Write, column: str, value: str) -> None:
        header, first, *_ = FACEBOOK.read_text().splitlines()
        cells = dict(zip(header.split(";"), first.split(";"), strict=True)) | {column: value}

        assert refused(read_posts(write(f"{header}\n{';'.join(cells.values())}\n"))) == [(2, column)]


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(st.lists(st.text(max_size=8), max_size=6), max_size=5), data=st.data())
def test_no_file_stops_the_reading(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("any") / "posts.csv"
    body = "\n".join(",".join(row) for row in rows)
    path.write_text(f"{HEADER},likes\n{body}", encoding="utf-8", errors="surrogatepass", newline="")

    assert all(isinstance(row, (PostDraft, RefusedRow)) for row in read_posts(path).rows)

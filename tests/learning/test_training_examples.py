"""Labelled examples: recognised, corrected, refused one by one, deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundswell_server.learning.labels import training_examples as examples
from groundswell_server.learning.labels.training_examples import NewExample, add_examples, delete_examples
from groundswell_server.models import model_types
from groundswell_server.models.model_type import TrainingSpan
from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.errors import ResourceExhausted
from groundswell_storage.learning import training_examples
from groundswell_storage.scope import Scope

TONE, BOTS, CONVERSION = "TONE_CLASSIFIER", "BOT_DETECTOR", "CONVERSION_PREDICTOR"
NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"


def a_text(text: str, label: str = "warm", **fields: Any) -> NewExample:
    return NewExample(**{"line": 1, "client_id": "", "label": label, "text": text, **fields})


def kept(scope: Scope, model_type: str = TONE) -> dict[str, str]:
    """Labels by text."""
    stored = training_examples.read(scope, model_type, added_by=scope.now)
    return {example.text: example.label for _, example in stored}


def a_persona(scope: Scope, name: str) -> str:
    id = scope.new_id()
    values = {"niche": "", "time_zone": "UTC", "handles": [], "create_time": scope.now, "update_time": scope.now}
    scope.insert(PersonaRow, id=id, name=name, **values)
    return id


def test_what_comes_again_is_recognised_by_its_content(scope: Scope) -> None:
    first = add_examples(scope, TONE, [a_text("Good morning"), a_text("good  MORNING "), a_text("Buy now", "pushy")])
    assert (first.added_count, first.duplicate_count) == (2, 1)
    again = add_examples(scope, TONE, [a_text("Buy now", "pushy")])
    assert (again.added_count, again.duplicate_count, again.corrected_count) == (0, 1, 0)


def test_another_label_corrects_what_is_there(scope: Scope) -> None:
    add_examples(scope, TONE, [a_text("Good morning")])
    before = training_examples.read(scope, TONE, added_by=scope.now)[0].added
    changed = add_examples(scope, TONE, [a_text("Good morning", "cool")])
    assert (changed.added_count, changed.corrected_count) == (0, 1)
    assert kept(scope) == {"Good morning": "cool"}
    assert training_examples.read(scope, TONE, added_by=scope.now)[0].added == before


def test_an_id_of_ones_own_tells_examples_apart_and_lets_the_text_be_corrected(scope: Scope) -> None:
    add_examples(scope, TONE, [a_text("Hello", client_id="1"), a_text("Hello", client_id="2")])
    added = add_examples(scope, TONE, [a_text("Hello there", client_id="2")])
    assert added.corrected_count == 1
    assert kept(scope) == {"Hello": "warm", "Hello there": "warm"}


def test_an_id_that_looks_like_a_digest_is_none(scope: Scope) -> None:
    add_examples(scope, TONE, [a_text("Hello")])
    (key,) = (one.example.key for one in training_examples.read(scope, TONE, added_by=scope.now))
    added = add_examples(scope, TONE, [a_text("Something else", client_id=key)])
    assert added.added_count == 1


def test_copies_of_a_text_are_one_group_unless_told_otherwise(scope: Scope) -> None:
    sent = [a_text("Hello", client_id="1"), a_text("hello", client_id="2"), a_text("hello", client_id="3", group="g")]
    add_examples(scope, TONE, sent)
    groups = [one.example.group for one in training_examples.read(scope, TONE, added_by=scope.now)]
    assert len(set(groups)) == 2
    assert "g" in groups


@pytest.mark.parametrize(
    ("model_type", "example", "field", "why"),
    [
        (BOTS, a_text("Hello", "bot"), "text", "learns from profiles"),
        (TONE, NewExample(1, "", "warm", profile={"media": 3}), "profile", "learns from texts"),
        (BOTS, NewExample(1, "", "robot", profile={"media": 3}), "label", "genuine, bot"),
        ("SENTIMENT_ANALYZER", a_text("Hello", "happy"), "label", "negative, neutral, positive"),
        (CONVERSION, NewExample(1, "", "converted", post_id=NOBODY), "post_id", "names no post"),
        (TONE, a_text("Hello", persona_id=NOBODY), "persona_id", "names no persona"),
    ],
)
def test_what_can_not_be_learnt_from_is_refused_by_line_and_the_rest_is_kept(
    scope: Scope, model_type: str, example: NewExample, field: str, why: str
) -> None:
    good = {
        TONE: a_text("Fine"),
        BOTS: NewExample(2, "", "bot", profile={"media": 0}),
        "SENTIMENT_ANALYZER": a_text("Fine", "positive"),
    }.get(model_type)
    added = add_examples(scope, model_type, [example, *([good] if good else [])])
    assert added.added_count == (1 if good else 0)
    (refused,) = added.refused_examples
    assert (refused.line, refused.field) == (1, field)
    assert why in refused.reason


def test_a_persona_of_another_workspace_is_no_persona(scope: Scope) -> None:
    other = Scope(scope.database, "other", "tester", scope.now)
    theirs = a_persona(other, "Theirs")
    added = add_examples(scope, TONE, [a_text("Hello", persona_id=theirs)])
    assert added.refused_examples[0].field == "persona_id"


def test_a_workspace_has_only_so_many(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "MAX_EXAMPLES", 2)
    add_examples(scope, TONE, [a_text("one"), a_text("two")])
    add_examples(scope, TONE, [a_text("two", "cool")])
    with pytest.raises(ResourceExhausted) as refused:
        add_examples(scope, TONE, [a_text("three")])
    assert refused.value.metadata == {"model_type": TONE, "limit": "2"}
    assert add_examples(scope, "TOPIC_CLASSIFIER", [a_text("three")]).added_count == 1


def test_examples_are_deleted_by_type_by_persona_and_by_id(scope: Scope) -> None:
    ava = a_persona(scope, "Ava")
    sent = [a_text("one", client_id="1"), a_text("two", client_id="2"), a_text("three", persona_id=ava)]
    add_examples(scope, TONE, sent)
    add_examples(scope, "TOPIC_CLASSIFIER", sent)
    assert delete_examples(scope, TONE, "", ["1", "unknown"]) == 1
    assert kept(scope) == {"two": "warm", "three": "warm"}
    assert delete_examples(scope, "", ava, []) == 2
    assert delete_examples(scope, TONE, "", []) == 1
    assert kept(scope) == {}
    assert set(kept(scope, "TOPIC_CLASSIFIER")) == {"one", "two"}


def test_nothing_is_deleted_without_saying_what(scope: Scope) -> None:
    with pytest.raises(ValueError, match="at least one condition is required"):
        training_examples.remove(scope)


def test_a_model_reads_what_was_added_by_then(scope: Scope) -> None:
    ava = a_persona(scope, "Ava")
    add_examples(scope, BOTS, [NewExample(1, "a", "bot", profile={"media": 3}, persona_id=ava)])
    later = Scope(scope.database, scope.workspace, "tester", scope.now + timedelta(days=2))
    add_examples(later, BOTS, [NewExample(1, "b", "genuine", profile={"media": 5})])
    kind = model_types.get(BOTS)

    def read(as_of: datetime, lookback: timedelta = timedelta.max, persona_id: str = "") -> list[str]:
        span = TrainingSpan(as_of, lookback, timedelta(days=7), persona_id)
        return [example.label for example in kind.read_examples(later, span)]

    assert read(later.now) == ["bot", "genuine"]
    assert read(scope.now) == ["bot"]
    assert read(later.now, lookback=timedelta(days=1)) == ["genuine"]
    assert read(later.now, persona_id=ava) == ["bot"]
    assert read(datetime(2020, 1, 1, tzinfo=UTC)) == []
    assert kind.read_examples(later, TrainingSpan(later.now, timedelta.max, timedelta(days=7)))[0].subject.media == 3

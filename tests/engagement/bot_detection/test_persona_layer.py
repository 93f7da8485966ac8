from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.bot_detection.handles import normalize_handle
from groundswell_server.engagement.bot_detection.persona_layer import PersonaRegister, normalize_handles
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason
from groundswell_storage.engagement.enums import Platform, Verdict
from tests.engagement.bot_detection.interactions import comment, judged, like, reasons_of

REGISTER = PersonaRegister([(Platform.INSTAGRAM, "@Luna.Sky"), (Platform.TIKTOK, "rex")])


@pytest.mark.parametrize("handle", ["luna.sky", "LunaSky", "@LUNA.SKY", " lunasky"])
def test_a_registered_handle_is_a_persona_in_any_spelling(handle: str) -> None:
    [judgment] = judged([comment("so true", handle)], register=REGISTER)

    assert judgment.verdict is Verdict.PERSONA
    assert reasons_of(judgment) == {Reason.REGISTERED_PERSONA}
    assert judgment.probability > 0.99


def test_a_handle_counts_only_on_its_platform() -> None:
    [judgment] = judged([like("rex")], register=REGISTER)

    assert judgment.verdict is Verdict.GENUINE


def test_a_persona_that_writes_like_a_bot_is_still_a_persona() -> None:
    [judgment] = judged([comment("check out my channel", "luna.sky")], register=REGISTER)

    assert judgment.verdict is Verdict.PERSONA
    assert Reason.SELF_PROMOTION in reasons_of(judgment)


def test_without_a_handle_the_layer_has_nothing_to_go_by() -> None:
    named, unnamed = judged([like("anna"), like("")], register=REGISTER)

    assert Layer.PERSONA in named.layers
    assert Layer.PERSONA not in unnamed.layers


def test_a_handle_of_dots_and_signs_alone_registers_nobody() -> None:
    assert len(PersonaRegister([(Platform.INSTAGRAM, "@..")])) == 0


@given(st.text())
def test_normalizing_twice_changes_nothing(handle: str) -> None:
    once = normalize_handle(handle)
    assert normalize_handle(once) == once or once != once.casefold()


@given(st.lists(st.text()))
def test_many_handles_are_normalized_as_each_by_itself(handles: list[str]) -> None:
    assert normalize_handles(handles) == [normalize_handle(handle) for handle in handles]

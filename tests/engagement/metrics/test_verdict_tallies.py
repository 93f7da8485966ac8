"""Tallies of verdicts: counted in, counted out, kept as JSON."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.analysis.filtered_counts import FilteredCount, LayerShare, by_layer, by_reason
from groundswell_server.engagement.bot_detection.reasons import LAYER_OF, Layer, Reason
from groundswell_server.engagement.metrics.engagement_rates import KindTally
from groundswell_server.engagement.metrics.verdict_tallies import Tallies
from groundswell_storage.engagement.enums import InteractionKind, Verdict

COMMENT, LIKE = InteractionKind.COMMENT, InteractionKind.LIKE

judged = st.tuples(
    st.sampled_from([COMMENT, LIKE, InteractionKind.SHARE, InteractionKind.SAVE]),
    st.sampled_from([Verdict.GENUINE, Verdict.BOT, Verdict.PERSONA]),
    st.lists(st.sampled_from(["BURST", "GIVEAWAY", "REGISTERED_PERSONA"]), unique=True),
)


def test_kinds_are_counted_by_verdict() -> None:
    tallies = Tallies()
    tallies.add(COMMENT, Verdict.GENUINE, [])
    tallies.add(COMMENT, Verdict.BOT, ["GIVEAWAY"])
    tallies.add(LIKE, Verdict.PERSONA, ["REGISTERED_PERSONA"])
    assert tallies.by_kind() == (KindTally(LIKE, 0, 0, 1), KindTally(COMMENT, 1, 1, 0))
    assert tallies.count(Verdict.BOT) == 1


def test_weak_signs_of_people_are_no_reason_for_a_verdict() -> None:
    tallies = Tallies()
    tallies.add(COMMENT, Verdict.GENUINE, ["STRETCHED"])
    assert not tallies.reasons


def test_without_interactions_no_share_is_known() -> None:
    tallies = Tallies()
    assert tallies.inauthentic_share() is None
    for verdict in (Verdict.GENUINE, Verdict.GENUINE, Verdict.BOT, Verdict.PERSONA):
        tallies.add(COMMENT, verdict, [])
    assert tallies.inauthentic_share() == 0.5
    assert tallies.bot_share() == 0.25


@given(st.lists(judged))
def test_they_come_back_from_json_the_same(rows: list[tuple[InteractionKind, Verdict, list[str]]]) -> None:
    tallies = Tallies()
    for kind, verdict, codes in rows:
        tallies.add(kind, verdict, codes)
    again = Tallies.from_json(tallies.to_json())
    assert again.by_kind() == tallies.by_kind()
    assert again.reasons == tallies.reasons


@given(st.lists(judged), judged)
def test_what_is_counted_in_and_out_again_leaves_nothing(
    rows: list[tuple[InteractionKind, Verdict, list[str]]], passing: tuple[InteractionKind, Verdict, list[str]]
) -> None:
    tallies, expected = Tallies(), Tallies()
    for kind, verdict, codes in rows:
        tallies.add(kind, verdict, codes)
        expected.add(kind, verdict, codes)
    tallies.add(*passing)
    tallies.add(*passing, -1)
    assert tallies.by_kind() == expected.by_kind()
    assert tallies.to_json()["reasons"] == expected.to_json()["reasons"]


def test_of_one_interaction_each_layer_counts_once() -> None:
    tallies = Tallies()
    tallies.add(COMMENT, Verdict.BOT, ["GIVEAWAY", "EXTERNAL_LINK", "NO_PICTURE", "CO_INTERACTION"])
    tallies.add(COMMENT, Verdict.BOT, ["BURST", "GIVEAWAY"])
    tallies.add(COMMENT, Verdict.GENUINE, ["STRETCHED"])
    assert tallies.layers == {
        (Verdict.BOT, "text"): 2,
        (Verdict.BOT, "profile"): 1,
        (Verdict.BOT, "graph"): 1,
        (Verdict.BOT, "time"): 1,
    }
    assert Tallies.from_json(tallies.to_json()).layers == tallies.layers


def test_shares_are_of_all_that_was_taken_out() -> None:
    tallies = Tallies()
    tallies.add(COMMENT, Verdict.BOT, ["GIVEAWAY", "NO_PICTURE"])
    tallies.add(LIKE, Verdict.BOT, ["BURST"])
    tallies.add(COMMENT, Verdict.BOT, ["GIVEAWAY"])
    tallies.add(LIKE, Verdict.PERSONA, ["REGISTERED_PERSONA"])
    assert by_layer(tallies) == (
        LayerShare("text", 2, 0.5),
        LayerShare("persona", 1, 0.25),
        LayerShare("profile", 1, 0.25),
        LayerShare("time", 1, 0.25),
    )
    assert by_reason(tallies)[0] == FilteredCount(Verdict.BOT, "GIVEAWAY", 2)


def test_what_was_counted_before_layers_were_has_none() -> None:
    assert by_layer(Tallies.from_json({"kinds": {"2": [3, 1, 0]}, "reasons": {"2:BURST": 1}})) == ()


def test_tallies_of_posts_add_up() -> None:
    one, other = Tallies(), Tallies()
    one.add(COMMENT, Verdict.BOT, ["GIVEAWAY"])
    other.add(LIKE, Verdict.GENUINE, [])
    other.add(COMMENT, Verdict.BOT, ["GIVEAWAY"])
    both = one + other
    assert both.by_kind() == (KindTally(LIKE, 1, 0, 0), KindTally(COMMENT, 0, 2, 0))
    assert both.reasons == {(Verdict.BOT, "GIVEAWAY"): 2}
    assert both.layers == {(Verdict.BOT, "text"): 2}


def test_every_reason_has_the_layer_that_sees_it() -> None:
    assert {str(layer) for layer in LAYER_OF.values()} == set(Layer)
    assert set(LAYER_OF) == set(Reason)

"""Tallies of verdicts: counted in, counted out, kept as JSON."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.rates import KindTally
from groundswell_server.engagement.tallies import Tallies
from groundswell_server.engagement.vocabulary import InteractionKind, Verdict

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


@given(st.lists(judged))
def test_they_come_back_from_json_the_same(rows: list[tuple[InteractionKind, Verdict, list[str]]]) -> None:
    tallies = Tallies()
    for kind, verdict, codes in rows:
        tallies.add(kind, verdict, codes)
    again = Tallies.of_json(tallies.to_json())
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

"""The simulated crowd of the demonstration: people, a bot farm and another AI persona; the same in every run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from random import Random

LIKES, COMMENTS = 1250, 87
FARM_LIKES = 150
FARM_COMMENTS = 26
PERSONA_LIKES, PERSONA_COMMENTS = 1, 1
USUAL_DELAY = timedelta(hours=9)
"""Mean time until people react."""

_PITCHES = (
    "check my profile for free followers",
    "FREE giveaway!! click my link in bio",
    "earn money from home, text me on whatsapp +1 555 123 4567",
    "who wants 10k followers? link in bio",
)
_COPIED = "I gained five thousand real followers in one week with the help of this great service, try it yourself"


@dataclass(frozen=True, slots=True)
class Visit:
    """One reaction to the post."""

    time: datetime
    kind: str
    """LIKE or COMMENT."""
    actor: str
    text: str = ""

    def fields(self) -> dict[str, object]:
        """Returns the fields of an interaction in RecordInteractions."""
        return {"kind": self.kind, "actor_handle": self.actor, "text": self.text, "interact_time": self.time}


def visits(published: datetime, age: timedelta, persona_handle: str, chance: Random) -> list[Visit]:
    """1,250 likes and 87 comments within an age, by time; what bots and the persona do is among them."""
    farm_start = published + timedelta(hours=2)
    found = [
        *_people(published, age, chance),
        *_farm(farm_start, chance),
        Visit(published + timedelta(hours=1), "LIKE", persona_handle),
        Visit(published + timedelta(hours=1, minutes=3), "COMMENT", persona_handle, "We should go there together!"),
    ]
    return sorted(found, key=lambda visit: visit.time)


def _people(published: datetime, age: timedelta, chance: Random) -> Iterator[Visit]:
    for number in range(LIKES - FARM_LIKES - PERSONA_LIKES):
        yield Visit(_arrival(published, age, chance), "LIKE", _name(number))
    texts = files(__package__).joinpath("comments.txt").read_text("utf-8").splitlines()
    for number, text in enumerate(texts):
        yield Visit(_arrival(published, age, chance), "COMMENT", _name(7 * number), text)


def _farm(start: datetime, chance: Random) -> Iterator[Visit]:
    """Likes within seconds, pitches, and one text under many names."""
    for number in range(FARM_LIKES):
        yield Visit(start + timedelta(seconds=number / 40 + chance.random() / 100), "LIKE", f"x{number:03d}_promo")
    for number in range(FARM_COMMENTS):
        text = _PITCHES[number % len(_PITCHES)] if number % 2 else _COPIED
        yield Visit(start + timedelta(seconds=45 * number + chance.random()), "COMMENT", f"x{number:03d}_promo", text)


def _arrival(published: datetime, age: timedelta, chance: Random) -> datetime:
    """Most come early: exponential, within the age, not in the first minute."""
    seconds = chance.expovariate(1.0 / USUAL_DELAY.total_seconds())
    return published + timedelta(seconds=60 + seconds % (age.total_seconds() - 120))


def _name(number: int) -> str:
    return f"{_FIRST[number % len(_FIRST)]}.{_SECOND[number // len(_FIRST) % len(_SECOND)]}{number}"


_FIRST: Sequence[str] = ("ana", "ben", "carla", "dan", "eva", "filipe", "grace", "hugo", "ines", "jo", "kim", "leo")
_SECOND: Sequence[str] = ("lisboa", "travels", "walks", "photos", "codes", "reads", "cooks")

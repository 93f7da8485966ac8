"""Demographics: who the people are that a post reached, in groups too large to point at anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from groundswell_storage.engagement import demographics
from groundswell_storage.scope import Scope

FEWEST: Final = 5
"""People in the smallest group that is kept."""
OTHER: Final = "other"
"""The groups that are too small, together."""


@dataclass(frozen=True, slots=True)
class Demographics:
    """People by group."""

    countries: Mapping[str, int] = field(default_factory=dict)
    age_bands: Mapping[str, int] = field(default_factory=dict)
    genders: Mapping[str, int] = field(default_factory=dict)

    def anonymized(self) -> Demographics:
        """The same without a group of fewer than 5 people."""
        return Demographics(anonymize(self.countries), anonymize(self.age_bands), anonymize(self.genders))


def anonymize(groups: Mapping[str, int]) -> dict[str, int]:
    """Groups of 5 people and more, largest first; the others added up as "other".

    Where those are fewer than 5 together, the smallest larger group joins them: else who knows the total could tell how
    many they are. Where even that does not reach 5, nothing is left.
    """
    told = sorted(
        ((name, people) for name, people in groups.items() if people), key=lambda group: (-group[1], group[0])
    )
    kept = [(name, people) for name, people in told if people >= FEWEST and name != OTHER]
    rest = sum(people for name, people in told) - sum(people for _, people in kept)
    if 0 < rest < FEWEST and kept:
        rest += kept.pop()[1]
    return {**dict(kept), **({OTHER: rest} if rest >= FEWEST else {})}


def record_demographics(scope: Scope, post_id: str, fetch_time: datetime, told: Demographics | None) -> None:
    """Keeps who a post reached, where anything is told; the post is locked."""
    if told is not None:
        found = told.anonymized()
        groups = {"countries": found.countries, "age_bands": found.age_bands, "genders": found.genders}
        demographics.keep(scope, post_id, fetch_time, groups)


def demographics_of(scope: Scope, post_id: str) -> Demographics | None:
    """Who a post reached; None when nobody told."""
    row = demographics.of_post(scope, post_id)
    return None if row is None else _of_json(row.groups)


def _of_json(groups: Mapping[str, Any]) -> Demographics:
    return Demographics(groups["countries"], groups["age_bands"], groups["genders"])

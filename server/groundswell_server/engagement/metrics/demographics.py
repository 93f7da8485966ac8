"""Demographics of the people that a post reached, in groups too large to identify anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from groundswell_storage.engagement import demographics
from groundswell_storage.scope import Scope

MIN_PEOPLE: Final = 5
"""People in the smallest group that is kept."""
OTHER: Final = "other"
"""Name of the sum of the groups that are too small."""


@dataclass(frozen=True, slots=True)
class Demographics:
    """Number of people by group."""

    countries: Mapping[str, int] = field(default_factory=dict)
    age_bands: Mapping[str, int] = field(default_factory=dict)
    genders: Mapping[str, int] = field(default_factory=dict)

    def anonymized(self) -> Demographics:
        """Returns the demographics without groups of fewer than 5 people."""
        return Demographics(anonymize(self.countries), anonymize(self.age_bands), anonymize(self.genders))


def anonymize(groups: Mapping[str, int]) -> dict[str, int]:
    """Returns the groups of 5 or more people, largest first; smaller ones are added up as "other".

    When the sum of the small groups is below 5, the smallest larger group is added to it, because otherwise the total
    would reveal it. When even that sum is below 5, it is left out.
    """
    nonempty = sorted(
        ((name, people) for name, people in groups.items() if people), key=lambda group: (-group[1], group[0])
    )
    kept = [(name, people) for name, people in nonempty if people >= MIN_PEOPLE and name != OTHER]
    rest = sum(people for name, people in nonempty) - sum(people for _, people in kept)
    if 0 < rest < MIN_PEOPLE and kept:
        rest += kept.pop()[1]
    return {**dict(kept), **({OTHER: rest} if rest >= MIN_PEOPLE else {})}


def record_demographics(scope: Scope, post_id: str, fetch_time: datetime, reported: Demographics | None) -> None:
    """Stores the demographics of a locked post; None changes nothing."""
    if reported is not None:
        found = reported.anonymized()
        groups = {"countries": found.countries, "age_bands": found.age_bands, "genders": found.genders}
        demographics.store(scope, post_id, fetch_time, groups)


def demographics_of(scope: Scope, post_id: str) -> Demographics | None:
    """Returns the demographics of a post; None when none were recorded."""
    row = demographics.get_for_post(scope, post_id)
    return None if row is None else _of_json(row.groups)


def _of_json(groups: Mapping[str, Any]) -> Demographics:
    return Demographics(groups["countries"], groups["age_bands"], groups["genders"])

"""The features of accounts, and their encoding for one model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.profile_facts import ProfileFacts

PROFILE_FEATURES = (
    "log_followers",
    "log_following",
    "log_media",
    "log_followers_per_following",
    "log_media_per_day",
    "log_account_age_days",
    "has_picture",
    "bio_length",
    "has_link",
    "is_private",
    "is_verified",
    "handle_length",
    "handle_digit_share",
    "name_words",
    "name_digit_share",
    "name_is_handle",
)
"""The names of the columns. Logarithms are ln(1 + count)."""

_UNKNOWN = math.nan


def profile_values(known: ProfileFacts) -> tuple[float, ...]:
    """Returns the features of one account in the order of `PROFILE_FEATURES`; NaN is unknown."""
    followers, following, media = _log(known.followers), _log(known.following), _log(known.media)
    age = _log(known.account_age_days)
    return (
        followers,
        following,
        media,
        followers - following,
        media - age,
        age,
        *(
            _UNKNOWN if value is None else float(value)
            for value in (
                known.has_picture,
                known.bio_length,
                known.has_link,
                known.is_private,
                known.is_verified,
                known.handle_length,
                known.handle_digit_share,
                known.name_words,
                known.name_digit_share,
                known.name_is_handle,
            )
        ),
    )


def profile_rows(profiles: Sequence[ProfileFacts]) -> NDArray[np.float64]:
    """Returns the features (n, features) of accounts; NaN is unknown."""
    values = [profile_values(known) for known in profiles]
    return np.array(values, dtype=np.float64).reshape(len(profiles), len(PROFILE_FEATURES))


class ProfileEncoder:
    """Encodes the features of accounts for one model. Immutable.

    A missing value becomes the median of the training values, with a flag column.
    """

    def __init__(self, medians: Mapping[str, float], flags: Sequence[str]) -> None:
        """`medians` are of the features that varied in training, `flags` the features that were sometimes missing."""
        self._medians, self._flags = dict(medians), tuple(flags)
        self._values = [PROFILE_FEATURES.index(name) for name in self._medians]
        self._missing = [PROFILE_FEATURES.index(name) for name in self._flags]
        self.columns = (*self._medians, *(f"{name} is missing" for name in self._flags))
        """The name of each column."""
        self.features = (*self._medians, *self._flags)
        """The feature of each column."""

    @classmethod
    def fit(cls, rows: NDArray[np.float64]) -> ProfileEncoder:
        """Fits medians and flags to training rows (n, features)."""
        missing, medians = np.isnan(rows), {}
        for place, name in enumerate(PROFILE_FEATURES):
            known = rows[~missing[:, place], place]
            if known.size and known.min() < known.max():
                medians[name] = float(np.median(known))
        share = missing.mean(axis=0)
        return cls(medians, [name for name, part in zip(PROFILE_FEATURES, share, strict=True) if 0.0 < part < 1.0])

    def encode(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Encodes rows as an array (n, number of columns) without NaN."""
        missing = np.isnan(rows)
        values = np.where(missing[:, self._values], list(self._medians.values()), rows[:, self._values])
        return np.column_stack([values, missing[:, self._missing]])

    def to_json(self) -> dict[str, Any]:
        """Returns the encoder as JSON."""
        # Pairs, because the order of the names in a JSON object is not preserved.
        return {"medians": list(self._medians.items()), "flags": list(self._flags)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ProfileEncoder:
        """Restores an encoder; raises ValueError for an unknown feature."""
        return cls(dict(data["medians"]), data["flags"])


def _log(count: float | None) -> float:
    return _UNKNOWN if count is None else math.log1p(count)

"""Model types of accounts: gradient boosting over facts about profiles, with calibrated probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.labelled_rows import LabelledRows
from groundswell_server.learning.features.profile_facts import ProfileFacts
from groundswell_server.learning.features.profile_features import PROFILE_FEATURES, ProfileEncoder, profile_rows
from groundswell_server.learning.predictors.profile_predictor import ProfilePredictor
from groundswell_server.learning.training.labelled_model_type import MAJORITY, LabelledModelType, class_shares
from groundswell_server.models.evaluation.class_metrics import class_metrics
from groundswell_server.models.evaluation.group_folds import group_folds
from groundswell_server.models.evaluation.importance import (
    MAX_ROWS,
    REPEATS,
    FeatureImportance,
    Spread,
    mean_with_interval,
)
from groundswell_server.models.example_arrays import Fold
from groundswell_server.models.model_type import (
    Array,
    Insight,
    Learned,
    Metrics,
    Parameters,
    Progress,
    TrainingSettings,
)
from groundswell_server.models.predictor import Outputs
from groundswell_server.models.training.gradient_boosting import (
    ALGORITHM,
    GRID,
    PARAMETERS,
    Boosting,
    trees_of,
    with_both,
)

_FOLDS = 5
"""Number of parts of the data; each is scored by trees that had not seen it, for the calibration."""
_PLENTY = 5_000
"""Number of accounts from which one part suffices for the calibration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileModelType(LabelledModelType):
    """A type that learns from labelled accounts and predicts the probability of the second of two labels."""

    algorithm = ALGORITHM
    parameters = PARAMETERS
    grid = GRID
    subject = "profile"
    noun = "profiles"
    minimum_samples = 50
    features = PROFILE_FEATURES

    name: str
    title: str
    labels: tuple[str, ...]
    positive: str
    """The second of the two labels."""

    def read_features(self, subjects: Sequence[ProfileFacts]) -> NDArray[np.float64]:
        return profile_rows(subjects)

    def learn(
        self, rows: LabelledRows, targets: Array, parameters: Parameters, settings: TrainingSettings, progress: Progress
    ) -> Learned:
        boosting, encoder = Boosting(parameters, settings), ProfileEncoder.fit(rows.features)
        x = encoder.encode(rows.features)
        progress(0.0, "Growing the trees")
        model = boosting.fit(x, targets)
        progress(0.4, "Calibrating on accounts the trees had not seen")
        calibration = boosting.calibrate(x, targets, _calibration_folds(rows, targets))
        card = {
            "format": 1,
            "model_type": self.name,
            "sample_count": len(rows),
            "encoder": encoder.to_json(),
            "calibration": calibration.to_json(),
        }
        progress(1.0, "Fitted")
        return Learned({"score": model}, len(encoder.columns), card, self.predictor(card, trees_of(model)))

    def try_out(
        self,
        past: LabelledRows,
        targets: Array,
        future: LabelledRows,
        parameters: Parameters,
        settings: TrainingSettings,
    ) -> Array:
        encoder = ProfileEncoder.fit(past.features)
        seen, unseen = encoder.encode(past.features), encoder.encode(future.features)
        return Boosting(parameters, settings).try_out(seen, targets, unseen)

    def baselines(self, rows: LabelledRows, targets: Array, fold: Fold) -> Mapping[str, Array]:
        share = class_shares(rows.labels[fold.past], len(rows.classes))[1]
        return {MAJORITY: np.full(len(fold.future), share)}

    def errors(self, targets: Array, points: Array) -> Array:
        return np.square(targets - points)

    def measure_points(self, targets: Array, points: Array) -> Metrics:
        return class_metrics(targets, np.column_stack([1.0 - points, points]), positive=1)

    def predictor(self, card: Mapping[str, Any], trees: Outputs) -> ProfilePredictor:
        return ProfilePredictor(card, trees)

    def explain(
        self, tested: Learned, future: LabelledRows, targets: Array, served: Learned, random_seed: int
    ) -> Insight:
        """Returns importance by impurity, and by the effect of shuffling each feature on unseen accounts."""
        found = _importance(
            future.features,
            lambda rows: self.errors(targets[: len(rows)], tested.predictor.predict(rows).value),
            ProfileEncoder.from_json(served.card["encoder"]).features,
            [tree.feature_importances_ for tree in np.ravel(served.estimators["score"].estimators_)],
            random_seed,
        )
        return Insight(found)


def _calibration_folds(rows: LabelledRows, targets: Array) -> Sequence[Fold]:
    """Returns folds in which accounts are scored by trees that had not seen their group."""
    folds = with_both(list(group_folds(rows.groups, _FOLDS)), targets)
    return folds[:1] if len(rows) > _PLENTY else folds


def _importance(
    rows: Array,
    errors: Callable[[Array], Array],
    columns: Sequence[str],
    tree_importances: Sequence[Array],
    random_seed: int,
) -> tuple[FeatureImportance, ...]:
    """Returns the importance of all features, the largest permutation importance first.

    `errors` gives the error (n,) of the model on the first n of the accounts (m, features), which it had not seen;
    `columns` is the feature of each column of the trees, and `tree_importances` has (columns,) of each tree.
    """
    rows = rows[:MAX_ROWS]
    random, base = np.random.default_rng(random_seed), errors(rows)
    found = []
    for place, name in enumerate(PROFILE_FEATURES):
        # Shuffling a feature that the trees do not read changes nothing.
        repeats = REPEATS if name in columns else 0
        rises = [errors(_shuffled(rows, place, random)) - base for _ in range(repeats)]
        permutation = mean_with_interval(np.mean(rises, axis=0) if rises else np.zeros(1))
        found.append(FeatureImportance(name, _impurity(name, columns, tree_importances), permutation, len(rows)))
    return tuple(sorted(found, key=lambda one: (-one.permutation.value, -one.impurity.value)))


def _shuffled(rows: Array, place: int, random: np.random.Generator) -> Array:
    copy = rows.copy()
    copy[:, place] = random.permutation(copy[:, place])
    return copy


def _impurity(name: str, columns: Sequence[str], tree_importances: Sequence[Array]) -> Spread:
    own = [place for place, column in enumerate(columns) if column == name]
    spread = mean_with_interval(np.array([tree[own].sum() for tree in tree_importances]))
    return Spread(spread.value, max(spread.lower, 0.0), min(spread.upper, 1.0))

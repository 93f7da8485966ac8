"""Model types of texts: TF-IDF and logistic regression, multinomial for more than two labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.labelled_rows import LabelledRows
from groundswell_server.learning.features.tf_idf import Vectorizer
from groundswell_server.learning.predictors.text_predictor import TextPredictor
from groundswell_server.learning.training.labelled_model_type import LabelledModelType, class_shares
from groundswell_server.models.artifacts.onnx_export import export_linear
from groundswell_server.models.example_arrays import Fold
from groundswell_server.models.model_type import (
    Array,
    Insight,
    Learned,
    Parameters,
    Progress,
    TrainingSettings,
    no_progress,
)
from groundswell_server.models.outcomes import LabelledOutcomes, OutcomeSource
from groundswell_server.models.predictions import Predictions
from groundswell_server.models.predictor import Outputs, Predictor

LEXICON = "lexicon"
"""The baseline of a lexicon: the shares of the labels among training texts with the same lexicon result."""
_STRONGEST = 8
"""Number of terms of each label that the notes name."""


_OF_EVERY_LABEL = LabelledOutcomes(every_label=True)


@dataclass(frozen=True, slots=True)
class TextModelType(LabelledModelType):
    """A type that learns from labelled texts."""

    name: str
    title: str
    labels: tuple[str, ...] = ()
    positive: str = ""
    lexicon: Callable[[str], str] | None = None
    """Classifies a text without training; it serves as a baseline."""
    outcomes: OutcomeSource = _OF_EVERY_LABEL
    algorithm: str = "TF-IDF of words, pairs of words and pieces of words, and logistic regression"
    subject: str = "text"
    noun: str = "texts"
    minimum_samples: int = 50
    features: tuple[str, ...] = ("words", "pieces")
    parameters: Parameters = field(default_factory=lambda: {"C": 10.0, "most_terms": 15_000})
    grid: Mapping[str, Sequence[Any]] = field(default_factory=lambda: {"C": (1.0, 10.0, 100.0)})

    def read_features(self, subjects: Sequence[str]) -> list[str]:
        return list(subjects)

    def baselines(self, rows: LabelledRows, targets: Array, fold: Fold) -> Mapping[str, Array]:
        found = dict(LabelledModelType.baselines(self, rows, targets, fold))
        if self.lexicon is not None:
            by_lexicon = np.array([self.lexicon(text) for text in rows.features])
            shares = {
                word: class_shares(rows.labels[fold.past][by_lexicon[fold.past] == word], len(rows.classes))
                for word in np.unique(by_lexicon[fold.future])
            }
            found[LEXICON] = np.array([shares[word] for word in by_lexicon[fold.future]])
        return found

    def learn(
        self, rows: LabelledRows, targets: Array, parameters: Parameters, settings: TrainingSettings, progress: Progress
    ) -> Learned:
        progress(0.0, "Counting words")
        vectorizer = Vectorizer.fit(rows.features, parameters["most_terms"])
        progress(0.3, "Fitting the regression")
        model = _fit(vectorizer, rows, targets, parameters, settings)
        card = {
            "format": 1,
            "model_type": self.name,
            "sample_count": len(rows),
            "classes": [rows.classes[int(place)] for place in model.classes_],
            "vectorizer": vectorizer.to_json(),
        }
        progress(1.0, "Fitted")

        def outputs(encoded: NDArray[np.float32]) -> Sequence[NDArray[Any]]:
            return (model.predict_proba(encoded),)

        return Learned({"line": model}, vectorizer.columns, card, TextPredictor(card, outputs))

    def try_out(
        self,
        past: LabelledRows,
        targets: Array,
        future: LabelledRows,
        parameters: Parameters,
        settings: TrainingSettings,
    ) -> Array:
        if targets.min() == targets.max():
            return np.tile(np.eye(len(past.classes))[int(targets[0])], (len(future), 1))
        return self.predict(self.learn(past, targets, parameters, settings, no_progress).predictor, future).value

    def predict(self, predictor: Predictor, rows: LabelledRows) -> Predictions:
        """Returns predictions aligned with the labels of these rows; labels that the model was not shown get 0."""
        if not isinstance(predictor, TextPredictor):
            raise TypeError(f"{type(predictor).__name__} does not classify texts")
        known = predictor.predict(rows.features).value
        aligned = np.zeros((len(rows), len(rows.classes)))
        for place, label in enumerate(rows.classes):
            if label in predictor.classes:
                aligned[:, place] = known[:, predictor.classes.index(label)]
        return Predictions(aligned, aligned, aligned)

    def residuals(self, targets: Array, points: Array) -> Array:
        """Returns 1 less the predicted probability of each true label, 0 to 1."""
        lacking: Array = 1.0 - points[np.arange(len(points)), targets.astype(np.intp)]
        return lacking

    def predictor(self, card: Mapping[str, Any], trees: Outputs) -> TextPredictor:
        return TextPredictor(card, trees)

    def export(self, learned: Learned) -> bytes:
        return export_linear(learned.estimators["line"], learned.columns)

    def explain(
        self, tested: Learned, future: LabelledRows, targets: Array, served: Learned, random_seed: int
    ) -> Insight:
        """Returns the terms with the largest weights of each label as notes."""
        vectorizer = Vectorizer.from_json(served.card["vectorizer"])
        return Insight(notes=tuple(_strongest(vectorizer, served.card["classes"], served.estimators["line"].coef_)))


def _fit(
    vectorizer: Vectorizer, rows: LabelledRows, targets: Array, parameters: Parameters, settings: TrainingSettings
) -> Any:
    from scipy.sparse import csr_array
    from sklearn.linear_model import LogisticRegression

    columns, weights, ends = list[int](), list[float](), [0]
    for text in rows.features:
        found, values = vectorizer.weigh(text)
        columns += found
        weights += values
        ends.append(len(columns))
    encoded = csr_array((weights, columns, ends), shape=(len(rows), vectorizer.columns))
    model = LogisticRegression(C=parameters["C"], max_iter=1_000, random_state=settings.random_seed)
    return model.fit(encoded, targets.astype(np.int64))


def _strongest(vectorizer: Vectorizer, classes: Sequence[str], weights: Array) -> Iterator[str]:
    """Yields the strongest terms of each label from weights (k, columns); two labels have one row, for the second."""
    rows = weights if len(weights) > 1 else np.vstack([-weights, weights])
    for label, row in zip(classes, rows, strict=True):
        best = [place for place in np.argsort(-row)[:_STRONGEST].tolist() if row[place] > 0]
        yield f"Strongest terms of {label}: {', '.join(repr(vectorizer.term(place)) for place in best)}."

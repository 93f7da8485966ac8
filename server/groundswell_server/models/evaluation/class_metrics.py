"""Metrics of class probabilities: pure functions over labels (n,) and probabilities (n, k), n at least 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groundswell_server.models.evaluation import metrics

Array = NDArray[np.float64]


def brier_errors(labels: Array, probabilities: Array) -> Array:
    """Returns half the squared distance of each row of probabilities from the truth, (n,), 0 to 1.

    Brier 1950, halved so that two classes have the score of one probability.
    """
    truth = np.eye(probabilities.shape[1])[labels.astype(np.intp)]
    errors: Array = 0.5 * np.sum((probabilities - truth) ** 2, axis=1)
    return errors


def class_metrics(labels: Array, probabilities: Array, positive: int | None = None) -> dict[str, float]:
    """Returns accuracy, Brier score and F1; with a positive class more metrics of that class.

    These are precision, recall, ROC-AUC and calibration error. F1 is that of the positive class, otherwise the mean
    over the classes that occur (macro).
    """
    guesses = np.argmax(probabilities, axis=1)
    values = {
        "accuracy": float(np.mean(guesses == labels)),
        "brier": float(np.mean(brier_errors(labels, probabilities))),
    }
    if positive is None:
        occurring = np.unique(labels).astype(int)
        scores = [precision_recall_f1(labels == place, guesses == place)[2] for place in occurring]
        return {**values, "f1": float(np.mean(scores))}
    truth, score = (labels == positive).astype(np.float64), probabilities[:, positive]
    precision, recall, f1 = precision_recall_f1(truth > 0.5, guesses == positive)
    values |= {"precision": precision, "recall": recall, "f1": f1}
    values |= {
        "roc_auc": metrics.roc_auc(truth, score),
        "calibration_error": metrics.calibration_error(truth, score),
    }
    return metrics.defined(values)


def precision_recall_f1(truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Returns precision, recall and F1 of predictions `found` (n,) for `truth` (n,), 0 to 1; 0 where undefined."""
    both = float(np.sum(truth & found))
    precision, recall = both / max(float(found.sum()), 1.0), both / max(float(truth.sum()), 1.0)
    return precision, recall, 2.0 * both / max(float(found.sum() + truth.sum()), 1.0)

"""Metrics of classes, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as golden

from groundswell_server.models.evaluation.class_metrics import brier_errors, class_metrics, precision_recall_f1

RANDOM = np.random.default_rng(5)
LABELS = RANDOM.integers(0, 3, 200).astype(float)
PROBABILITIES = RANDOM.dirichlet([1.0, 1.0, 1.0], 200)


def test_figures_of_several_classes() -> None:
    figures, guesses = class_metrics(LABELS, PROBABILITIES), PROBABILITIES.argmax(axis=1)
    assert figures["accuracy"] == pytest.approx(golden.accuracy_score(LABELS, guesses))
    assert figures["f1"] == pytest.approx(golden.f1_score(LABELS, guesses, average="macro"))
    truth = np.eye(3)[LABELS.astype(int)]
    assert figures["brier"] == pytest.approx(0.5 * np.mean(np.sum((PROBABILITIES - truth) ** 2, axis=1)))
    assert "precision" not in figures


def test_figures_of_a_class_that_is_looked_for() -> None:
    labels, score = (LABELS > 1).astype(float), PROBABILITIES[:, 2]
    figures = class_metrics(labels, np.column_stack([1 - score, score]), positive=1)
    found = score > 0.5
    assert figures["precision"] == pytest.approx(golden.precision_score(labels, found))
    assert figures["recall"] == pytest.approx(golden.recall_score(labels, found))
    assert figures["f1"] == pytest.approx(golden.f1_score(labels, found))
    assert figures["roc_auc"] == pytest.approx(golden.roc_auc_score(labels, score))
    assert figures["brier"] == pytest.approx(golden.brier_score_loss(labels, score))


def test_what_is_undefined_is_left_out() -> None:
    figures = class_metrics(np.zeros(5), np.tile([0.9, 0.1], (5, 1)), positive=1)
    assert "roc_auc" not in figures
    assert (figures["accuracy"], figures["f1"], figures["precision"]) == (1.0, 0.0, 0.0)


def test_certainty_costs_nothing_when_right_and_one_when_wrong() -> None:
    assert brier_errors(np.array([0.0, 1.0]), np.array([[1.0, 0.0], [1.0, 0.0]])).tolist() == [0.0, 1.0]


def test_nothing_found_is_no_division() -> None:
    assert precision_recall_f1(np.array([True]), np.array([False])) == (0.0, 0.0, 0.0)

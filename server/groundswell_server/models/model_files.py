"""The files of a trained model, and the check that the served files are those that were trained.

A model has three files: the estimators as ONNX, the card as JSON, and the scikit-learn estimators as joblib. The
SHA-256 digest of each is verified before the file is read, because a manipulated pickle would run arbitrary code.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundswell_server.models import model_types
from groundswell_server.models.artifacts.onnx_session import OnnxSession
from groundswell_server.models.example_arrays import Rows
from groundswell_server.models.model_type import Learned, ModelType
from groundswell_server.models.predictor import Predictor
from groundswell_storage.errors import DataLoss
from groundswell_storage.learning.model_versions import Artifact


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The content of a file of a model, with its checksum."""

    content: bytes
    digest: str
    """SHA-256 of the content, hexadecimal."""

    @classmethod
    def of(cls, content: bytes) -> ModelFile:
        """Returns a file with the digest of this content."""
        return cls(content, hashlib.sha256(content).hexdigest())

    def verified(self, name: str) -> bytes:
        """Returns the content. Raises DataLoss (`ARTIFACT_DAMAGED`) when it does not match the digest."""
        found = hashlib.sha256(self.content).hexdigest()
        if found != self.digest:
            raise DataLoss(
                f"the stored {name} is damaged: its digest is {found[:12]}, expected {self.digest[:12]}",
                reason="ARTIFACT_DAMAGED",
                metadata={"artifact": name},
            )
        return self.content


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of one version."""

    onnx: ModelFile
    card: ModelFile
    estimator: ModelFile


def pack(model_type: ModelType[Any], learned: Learned) -> ModelFiles:
    """Returns the files of a fitted model."""
    import joblib

    estimator = io.BytesIO()
    joblib.dump(dict(learned.estimators), estimator, compress=3)
    card = json.dumps(learned.card, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()
    return ModelFiles(ModelFile.of(model_type.export(learned)), ModelFile.of(card), ModelFile.of(estimator.getvalue()))


def export_deviation(model_type: ModelType[Any], files: ModelFiles, learned: Learned, rows: Rows) -> float:
    """Returns the largest difference between exported and trained model on these rows, in the unit of predictions.

    The ends of intervals count as well. The exported model is loaded from the very bytes that are stored.
    """
    exported = model_type.predictor(json.loads(files.card.content), OnnxSession(files.onnx.content)).predict(
        rows.features
    )
    trained = learned.predictor.predict(rows.features)
    pairs = zip(
        (exported.value, exported.lower, exported.upper), (trained.value, trained.lower, trained.upper), strict=True
    )
    # Ends that are infinite in both agree, although their difference is undefined.
    return max(float(np.max(np.abs(a - b)[np.isfinite(a) | np.isfinite(b)], initial=0.0)) for a, b in pairs)


def load_predictor(onnx: ModelFile, card: ModelFile) -> Predictor:
    """Returns the predictor of stored files. Raises DataLoss (`ARTIFACT_DAMAGED`) when a file is damaged."""
    content, exported = card.verified("card"), onnx.verified("onnx")
    try:
        described = json.loads(content)
        return model_types.get(described["model_type"]).predictor(described, OnnxSession(exported))
    except (KeyError, TypeError, ValueError) as error:
        # The file is intact, but not in the format of this version: as useless as a damaged one.
        raise DataLoss(f"the model's card can't be read: {error!r}", reason="ARTIFACT_DAMAGED") from error


def load_stored(artifacts: Mapping[str, Artifact]) -> Predictor:
    """Returns the predictor of a version's artifacts by name. Raises DataLoss (`ARTIFACT_DAMAGED`)."""
    onnx, card = (ModelFile(artifacts[part].content, artifacts[part].digest) for part in ("onnx", "card"))
    return load_predictor(onnx, card)


def load_estimator(file: ModelFile) -> dict[str, Any]:
    """Returns the scikit-learn estimators by name, unpickled after their digest is verified. Raises DataLoss."""
    import joblib

    estimators: dict[str, Any] = joblib.load(io.BytesIO(file.verified("estimator")))
    return estimators

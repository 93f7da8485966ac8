"""The files a trained model is kept in, and the check that what serves is what was trained.

Three files: the trees as ONNX, the card as JSON, the scikit-learn estimators as joblib. Each has a SHA-256 digest that
is verified before anything is read: a pickle that somebody changed would run their code.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from groundswell_server.learning.features.post_rows import Rows
from groundswell_server.learning.predictors.post_predictor import Predictor
from groundswell_server.models.artifacts.onnx_trees import OnnxTrees
from groundswell_storage.errors import DataLoss

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groundswell_server.models.model_type import Learned, ModelType
    from groundswell_storage.learning.model_versions import Artifact


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a model."""

    content: bytes
    digest: str
    """SHA-256 of the content, hexadecimal."""

    @classmethod
    def of(cls, content: bytes) -> ModelFile:
        """With the digest of this content."""
        return cls(content, hashlib.sha256(content).hexdigest())

    def verified(self, what: str) -> bytes:
        """The content; DataLoss (`ARTIFACT_DAMAGED`) when it is not the one that was stored."""
        found = hashlib.sha256(self.content).hexdigest()
        if found != self.digest:
            raise DataLoss(
                f"the stored {what} is damaged: its digest is {found[:12]}, not {self.digest[:12]}",
                reason="ARTIFACT_DAMAGED",
                metadata={"artifact": what},
            )
        return self.content


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What a version of a model is kept as."""

    onnx: ModelFile
    card: ModelFile
    estimator: ModelFile


def pack(model_type: ModelType[Any], learned: Learned) -> ModelFiles:
    """The files of a fitted model."""
    import joblib

    estimator = io.BytesIO()
    joblib.dump(dict(learned.estimators), estimator, compress=3)
    card = json.dumps(learned.card, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()
    return ModelFiles(ModelFile.of(model_type.export(learned)), ModelFile.of(card), ModelFile.of(estimator.getvalue()))


def export_deviation(model_type: ModelType[Any], files: ModelFiles, learned: Learned, rows: Rows) -> float:
    """Largest difference between what serves and what was trained, on these rows, in the unit of predictions.

    Intervals count as well; both must be built from the very bytes that are stored.
    """
    exported = model_type.predictor(json.loads(files.card.content), OnnxTrees(files.onnx.content)).predict(
        rows.features
    )
    trained = learned.predictor.predict(rows.features)
    pairs = zip(
        (exported.value, exported.lower, exported.upper), (trained.value, trained.lower, trained.upper), strict=True
    )
    # Ends that are infinite in both agree, and their difference is undefined.
    return max(float(np.max(np.abs(a - b)[np.isfinite(a) | np.isfinite(b)], initial=0.0)) for a, b in pairs)


def load_predictor(onnx: ModelFile, card: ModelFile) -> Predictor:
    """What serves, from stored files. DataLoss (`ARTIFACT_DAMAGED`) when one of them is damaged."""
    from groundswell_server.learning import model_types

    content, trees = card.verified("card"), onnx.verified("onnx")
    try:
        described = json.loads(content)
        return model_types.get(described["model_type"]).predictor(described, OnnxTrees(trees))
    except (KeyError, TypeError, ValueError) as error:
        # Whole, yet not what this version writes: as useless as damaged, and told the same.
        raise DataLoss(f"the model's card can't be read: {error!r}", reason="ARTIFACT_DAMAGED") from error


def load_stored(artifacts: Mapping[str, Artifact]) -> Predictor:
    """What serves, from a version's artifacts by name. DataLoss (`ARTIFACT_DAMAGED`) when one of them is damaged."""
    onnx, card = (ModelFile(artifacts[part].content, artifacts[part].digest) for part in ("onnx", "card"))
    return load_predictor(onnx, card)


def load_estimator(file: ModelFile) -> dict[str, Any]:
    """The scikit-learn estimators by name, unpickled only once their digest is verified; else DataLoss."""
    import joblib

    estimators: dict[str, Any] = joblib.load(io.BytesIO(file.verified("estimator")))
    return estimators

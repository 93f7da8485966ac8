"""Export of trees and linear models to ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np

_OPSET = {"": 21, "ai.onnx.ml": 3}
_IR_VERSION = 10
"""Version of the file format for these operators; many runtimes in use refuse a newer one."""


def export_trees(estimators: Mapping[str, Any], columns: int) -> bytes:
    """Returns one ONNX graph with an output (n, 1) for each ensemble: its prediction, or the raw score of a classifier.

    skl2onnx rounds the double thresholds of trees down to single precision. Single-precision rows, which scikit-learn
    compares as well, therefore take the same branches.
    """
    from onnx import compose, helper
    from skl2onnx import to_onnx
    from skl2onnx.helpers.onnx_helper import select_model_inputs_outputs
    from sklearn.base import is_classifier

    row = np.zeros((1, columns), dtype=np.float32)
    graphs = []
    for name, estimator in estimators.items():
        raw = {id(estimator): {"zipmap": False, "raw_scores": True}} if is_classifier(estimator) else None
        model = to_onnx(estimator, row, options=raw, target_opset=_OPSET)
        if raw:
            model = select_model_inputs_outputs(model, outputs=["proba_output"])
        graph = compose.add_prefix_graph(model.graph, f"{name}_", rename_inputs=False)
        graphs.append(graph)
    operators = [helper.make_opsetid(domain, version) for domain, version in _OPSET.items()]
    model = helper.make_model(reduce(_beside, graphs), opset_imports=operators, ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())


def export_linear(estimator: Any, columns: int) -> bytes:
    """Returns a linear classifier as ONNX with one output (n, classes): the probability of each class."""
    from skl2onnx import to_onnx
    from skl2onnx.helpers.onnx_helper import select_model_inputs_outputs

    row = np.zeros((1, columns), dtype=np.float32)
    model = to_onnx(estimator, row, options={id(estimator): {"zipmap": False}}, target_opset=_OPSET)
    model = select_model_inputs_outputs(model, outputs=["probabilities"])
    model.ir_version = _IR_VERSION
    return bytes(model.SerializeToString())


def _beside(first: Any, second: Any) -> Any:
    """Merges two graphs over the same input."""
    first.node.extend(second.node)
    first.initializer.extend(second.initializer)
    first.output.extend(second.output)
    return first

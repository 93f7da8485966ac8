"""Machinery for trained models of any kind: training, registry, serving, monitoring and rollouts of versions.

Nothing here imports an area. An area adds a type of model as a module in its `model_types` folder (see
`model_types.py`). Layers, each of which imports only those before it:

1. example_arrays, predictions, uncertainty: examples as arrays; predictions; calibration and
   conformal intervals.
2. predictor, evaluation: the interface of predictors; metrics, baselines, splits by group, feature importance.
3. artifacts: stores of model files, ONNX export and sessions.
4. outcomes: the sources of the outcomes of served predictions.
5. model_type: the interface of a model type.
6. model_types: the scan that finds all model types.
7. registry, model_files, drift: promotion of versions; their files; drift against a baseline.
8. training, monitoring, serving, online: training runs; monitoring in service; live versions in memory; online models.
9. rollouts: which units get a version under rollout, and the errors reported to its guardrail.
"""

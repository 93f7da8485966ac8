"""Machinery for trained models of any kind: training, registry, serving, monitoring and rollouts of versions.

Nothing here imports an area. An area adds a type of model as a module in its `model_types` folder (see
`model_types.py`). Layers, each of which imports only those before it:

1. `rows`, `predictions`, `predictor`: examples as arrays, and what a trained model answers.
2. `uncertainty`: calibrated probabilities and conformal intervals.
3. `evaluation`: metrics, baselines, splits by group, feature importance.
4. `artifacts`: the stored files of a version, and the ONNX export.
5. `outcomes`, `model_type`, `model_types`: the interface of a model type, and the scan that finds all of them.
6. `registry`: promotion, roll back and deletion of versions.
7. `drift`: the comparison of a version in service with its baseline.
8. `training`: evaluation, grid search and training runs.
9. `monitoring`: performance in service, drift checks, retraining schedules, Prometheus gauges.
10. `serving`: live versions in memory, and how they are swapped.
11. `online`: the incremental model that learns from every outcome.
12. `rollouts`: which units get a version under rollout, and the errors reported to its guardrail.
"""

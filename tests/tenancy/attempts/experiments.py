"""Attempts to reach another workspace by the calls of ExperimentsService."""

from __future__ import annotations

from tests.tenancy.attempts.attempt import EXPERIMENT, MODEL, NOTHING, OWN_TEST, ROLLOUT, Attempt

DESIGN = {"metrics": [{"name": "conversion_rate"}], "variants": [{"key": "stolen"}]}

ATTEMPTS: dict[str, list[Attempt]] = {
    "CreateExperiment": [(OWN_TEST, lambda theirs: {})],
    "ListExperiments": [(NOTHING, lambda theirs: {})],
    "UpdateExperiment": [(EXPERIMENT, lambda theirs: {"experiment_key": "draft", "design": DESIGN})],
    **{
        name: [(EXPERIMENT, lambda theirs: {"experiment_key": "running"})]
        for name in (
            "GetExperiment",
            "StartExperiment",
            "PauseExperiment",
            "ResumeExperiment",
            "CompleteExperiment",
            "ArchiveExperiment",
            "AnalyzeExperiment",
            "WatchExperiment",
        )
    },
    "AssignVariant": [(EXPERIMENT, lambda theirs: {"experiment_key": "running", "unit": "ana"})],
    "EvaluateVariant": [(EXPERIMENT, lambda theirs: {"experiment_key": "running", "unit": "ana"})],
    "BatchAssignVariants": [
        (EXPERIMENT, lambda theirs: {"requests": [{"experiment_key": "running", "unit": "ana"}]}),
    ],
    "RecordEvents": [(OWN_TEST, lambda theirs: {})],
    "StreamEvents": [(OWN_TEST, lambda theirs: {})],
    "PlanExperiment": [(OWN_TEST, lambda theirs: {})],
    "CreateRollout": [
        (MODEL, lambda theirs: {"key": "stolen", "design": {"model_id": theirs.model_id}}),
    ],
    "ListRollouts": [(NOTHING, lambda theirs: {})],
    **{
        name: [(ROLLOUT, lambda theirs: {"rollout_key": "rolling"})]
        for name in ("GetRollout", "AdvanceRollout", "PauseRollout", "RollBackRollout")
    },
    "ResumeRollout": [(ROLLOUT, lambda theirs: {"rollout_key": "waiting"})],
    "EvaluateRollout": [(ROLLOUT, lambda theirs: {"rollout_key": "rolling", "unit": "ana"})],
}

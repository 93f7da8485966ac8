"""Attempts to reach another workspace by the calls of LearningService."""

from __future__ import annotations

from tests.tenancy.attempts.attempt import CONTEXT, MODEL, NOTHING, OWN_TEST, PERSONA, Attempt

ATTEMPTS: dict[str, list[Attempt]] = {
    "TrainModel": [(PERSONA, lambda theirs: {"model_type": 1, "persona_id": theirs.persona_id})],
    "ListModels": [(NOTHING, lambda theirs: {})],
    "GetModel": [(MODEL, lambda theirs: {"model_id": theirs.model_id})],
    "PromoteModel": [(MODEL, lambda theirs: {"model_id": theirs.model_id, "force": True})],
    "RollBackModel": [(MODEL, lambda theirs: {"model_type": 1, "model_id": theirs.model_id})],
    "DeleteModel": [(MODEL, lambda theirs: {"model_id": theirs.model_id})],
    "GetModelPerformance": [(MODEL, lambda theirs: {"model_id": theirs.model_id})],
    "ScheduleTraining": [(OWN_TEST, lambda theirs: {})],
    "CancelTrainingSchedule": [("TRAINING_SCHEDULE_NOT_FOUND", lambda theirs: {"model_type": 1})],
    "WatchModel": [(OWN_TEST, lambda theirs: {})],
    "CheckDrift": [(MODEL, lambda theirs: {"model_id": theirs.model_id})],
    "ListDriftReports": [(OWN_TEST, lambda theirs: {})],
    "GetFeatureImportance": [(MODEL, lambda theirs: {"model_id": theirs.model_id})],
    **{
        name: [
            (CONTEXT, lambda theirs: {"context_id": theirs.context_id}),
            (PERSONA, lambda theirs: {"draft": {"persona_id": theirs.persona_id, "platform": 1}}),
        ]
        for name in ("PredictEngagement", "PredictSuccess", "PredictConversion", "ScoreContent", "OptimizeContent")
    },
    "BatchScoreContent": [
        (CONTEXT, lambda theirs: {"requests": [{"draft": {"platform": 1}}, {"context_id": theirs.context_id}]}),
        (PERSONA, lambda theirs: {"requests": [{"draft": {"platform": 1, "persona_id": theirs.persona_id}}]}),
    ],
    "AddTrainingExamples": [(OWN_TEST, lambda theirs: {})],
    "DeleteTrainingExamples": [(OWN_TEST, lambda theirs: {})],
    # tests/learning/calls has a test in which there is a model to be asked.
    "ClassifyText": [(OWN_TEST, lambda theirs: {})],
    "ClassifyProfiles": [(OWN_TEST, lambda theirs: {})],
    "PredictTiming": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "platform": 1})],
    **{
        name: [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id})]
        for name in ("AnalyzePatterns", "GetEffectiveHashtags", "SummarizePerformance", "SuggestImprovements")
    },
    "RecommendPatterns": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "task_type": "TEXT_GENERATION"})],
    "FindSuccessfulPatterns": [
        (PERSONA, lambda theirs: {"persona_id": theirs.persona_id}),
        (NOTHING, lambda theirs: {}),
    ],
    "FindFailurePatterns": [
        (PERSONA, lambda theirs: {"persona_id": theirs.persona_id}),
        (NOTHING, lambda theirs: {}),
    ],
}

"""What the calls of LearningService refuse."""

from __future__ import annotations

from typing import Any

import grpc

from tests.contract.bad_requests.request import (
    INFINITY,
    NAN,
    NO_TIME,
    NOBODY,
    UNKNOWN_NUMBER,
    YEAR_1,
    YEAR_9999,
    Bad,
    Fields,
    malformed_id,
    missing,
    pages,
    repeatable,
)


def content(**others: Any) -> list[Bad]:
    """What every call about content refuses."""
    return [
        Bad("neither context nor draft", {**others}, ("context_id",)),
        malformed_id("context_id", **others),
        missing("unknown context", "CONTEXT_NOT_FOUND", {"context_id": NOBODY, **others}),
        missing("unknown persona", "PERSONA_NOT_FOUND", {"draft": {"persona_id": NOBODY}, **others}),
        Bad("malformed persona", {"draft": {"persona_id": "x"}, **others}, ("draft.persona_id",)),
        Bad("unknown platform", {"draft": {"platform": UNKNOWN_NUMBER}, **others}, ("draft.platform",)),
        Bad("negative media type", {"draft": {"media_type": -1}, **others}, ("draft.media_type",)),
        Bad("caption too long", {"draft": {"caption": "x" * 20001}, **others}, ("draft.caption",)),
        Bad("hashtag with a space", {"draft": {"hashtags": ["ok", "no good"]}, **others}, ("draft.hashtags[1]",)),
        Bad("too many hashtags", {"draft": {"hashtags": ["a"] * 101}, **others}, ("draft.hashtags",)),
        Bad("time before the year 1", {"draft": {"publish_time": NO_TIME}, **others}, ("draft.publish_time",)),
        Bad("first time there is", {"draft": {"publish_time": YEAR_1}, **others}, ("draft.publish_time",)),
        Bad("last time there is", {"draft": {"publish_time": YEAR_9999}, **others}, ("draft.publish_time",)),
    ]


def patterns(**others: Any) -> list[Bad]:
    """What every call about patterns refuses."""
    return [
        malformed_id("persona_id", **others),
        missing("unknown persona", "PERSONA_NOT_FOUND", {"persona_id": NOBODY, **others}),
    ]


def too_few(**others: Any) -> Bad:
    """What a call refuses that learns from posts, where there are none."""
    return Bad(
        "nothing to learn from",
        {"platform": 5, **others},
        code=grpc.StatusCode.FAILED_PRECONDITION,
        reason="INSUFFICIENT_SAMPLES",
    )


BAD: dict[str, list[Bad]] = {
    "TrainModel": [
        Bad("without a type", {}, ("model_type",)),
        Bad("unknown type", {"model_type": UNKNOWN_NUMBER}, ("model_type",)),
        Bad("negative lookback", {"model_type": 1, "lookback_days": -1}, ("lookback_days",)),
        Bad("NaN threshold", {"model_type": 2, "success_threshold_pct": NAN}, ("success_threshold_pct",)),
        Bad("infinite threshold", {"model_type": 2, "success_threshold_pct": INFINITY}, ("success_threshold_pct",)),
        Bad("nothing to train on", {"model_type": 1, "test_share": 1.0}, ("test_share",)),
        Bad("negative seed", {"model_type": 1, "random_seed": -1}, ("random_seed",)),
        Bad("as of no time", {"model_type": 1, "as_of_time": NO_TIME}, ("as_of_time",)),
        malformed_id("persona_id", model_type=1),
        missing("unknown persona", "PERSONA_NOT_FOUND", {"model_type": 1, "persona_id": NOBODY}),
        repeatable({"model_type": 1}),
    ],
    "ListModels": [
        *pages(),
        Bad("unknown type", {"model_type": UNKNOWN_NUMBER}, ("model_type",)),
        Bad("unknown stage", {"stage": UNKNOWN_NUMBER}, ("stage",)),
    ],
    "GetModel": [malformed_id("model_id"), missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY})],
    "PromoteModel": [
        malformed_id("model_id"),
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
        repeatable({"model_id": NOBODY}),
    ],
    "RollBackModel": [
        Bad("without a type", {}, ("model_type",)),
        malformed_id("model_id", model_type=1),
        missing("unknown", "MODEL_NOT_FOUND", {"model_type": 1, "model_id": NOBODY}),
        Bad(
            "nothing to go back to",
            {"model_type": 2},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="NO_EARLIER_MODEL",
        ),
        repeatable({"model_type": 1}),
    ],
    "DeleteModel": [
        malformed_id("model_id"),
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
        repeatable({"model_id": NOBODY}),
    ],
    "GetFeatureImportance": [
        malformed_id("model_id"),
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
        Bad("unknown type", {"model_type": UNKNOWN_NUMBER}, ("model_type",)),
        Bad("no live model", {"model_type": 2}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
    ],
    "GetModelPerformance": [
        malformed_id("model_id"),
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
        Bad("unknown type", {"model_type": UNKNOWN_NUMBER}, ("model_type",)),
        Bad("no live model", {"model_type": 2}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
        Bad("until no time", lambda own: {"model_id": own.model_id, "end_time": NO_TIME}, ("end_time",)),
        Bad("negative lookback", {"lookback_days": -1}, ("lookback_days",)),
        Bad("window of more than ten years", {"window_days": 3651}, ("window_days",)),
    ],
    "ScheduleTraining": [
        Bad("without a type", {}, ("model_type",)),
        Bad("unknown type", {"model_type": UNKNOWN_NUMBER}, ("model_type",)),
        Bad("more often than daily", {"model_type": 1, "every_days": -1}, ("every_days",)),
        Bad("less often than yearly", {"model_type": 1, "every_days": 366}, ("every_days",)),
        Bad("negative samples", {"model_type": 1, "minimum_new_samples": -1}, ("minimum_new_samples",)),
        Bad("threshold below the warning", {"model_type": 1, "drift_threshold": 0.05}, ("drift_threshold",)),
        Bad("threshold of NaN", {"model_type": 1, "drift_threshold": NAN}, ("drift_threshold",)),
        Bad("negative lookback", {"model_type": 1, "lookback_days": -1}, ("lookback_days",)),
        Bad("first at no time", {"model_type": 1, "first_check_time": NO_TIME}, ("first_check_time",)),
        repeatable({"model_type": 1}),
    ],
    "CancelTrainingSchedule": [
        Bad("without a type", {}, ("model_type",)),
        missing("unknown", "TRAINING_SCHEDULE_NOT_FOUND", {"model_type": 1}),
        repeatable({"model_type": 1}),
    ],
    "WatchModel": [
        Bad("damaged cursor", {"cursor": "x"}, ("cursor",), reason="CURSOR_INVALID"),
        Bad("cursor too long", {"cursor": "x" * 201}, ("cursor",)),
    ],
    "CheckDrift": [
        malformed_id("model_id"),
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
        Bad("unknown type", {"model_type": UNKNOWN_NUMBER}, ("model_type",)),
        Bad("no live model", {"model_type": 2}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
        Bad(
            "without a baseline",
            lambda own: {"model_id": own.model_id},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="NO_BASELINE",
        ),
        repeatable({"model_id": NOBODY}),
    ],
    "ListDriftReports": [
        *pages(),
        malformed_id("model_id"),
        Bad("unknown type", {"model_type": UNKNOWN_NUMBER}, ("model_type",)),
        Bad("unknown status", {"status": UNKNOWN_NUMBER}, ("status",)),
    ],
    "PredictEngagement": [
        *content(),
        Bad("level of NaN", {"draft": {}, "level": NAN}, ("level",)),
        Bad("certain level", {"draft": {}, "level": 1.0}, ("level",)),
        Bad("no live model", {"draft": {}}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
    ],
    "PredictSuccess": [
        *content(),
        Bad("no live model", {"draft": {}}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
    ],
    "PredictConversion": [
        *content(),
        Bad("no live model", {"draft": {}}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
    ],
    "ClassifyText": [
        Bad("without a type", {"texts": ["a"]}, ("model_type",)),
        Bad("type that learns from no texts", {"model_type": 7, "texts": ["a"]}, ("model_type",)),
        Bad("without a text", {"model_type": 4}, ("texts",)),
        Bad("empty text", {"model_type": 4, "texts": ["a", ""]}, ("texts[1]",)),
        Bad("text too long", {"model_type": 4, "texts": ["x" * 10001]}, ("texts[0]",)),
        Bad("text with a NUL", {"model_type": 4, "texts": ["a\0b"]}, ("texts[0]",)),
        Bad("too many texts", {"model_type": 4, "texts": ["a"] * 1001}, ("texts",)),
        Bad(
            "no live model",
            {"model_type": 4, "texts": ["a"]},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="MODEL_NOT_LIVE",
        ),
    ],
    "ClassifyProfiles": [
        Bad("without an account", {}, ("profiles",)),
        Bad("too many accounts", {"profiles": [{}] * 1001}, ("profiles",)),
        Bad("negative followers", {"profiles": [{"follower_count": -1}]}, ("profiles[0].follower_count",)),
        Bad("age of NaN", {"profiles": [{"age_days": NAN}]}, ("profiles[0].age_days",)),
        Bad("share above 1", {"profiles": [{"handle_digit_share": 1.5}]}, ("profiles[0].handle_digit_share",)),
        Bad("no live model", {"profiles": [{}]}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
    ],
    "AddTrainingExamples": [
        Bad("empty batch", {"model_type": 4}),
        Bad("batch too large", {"model_type": 4, "examples": [{}] * 1001}),
        Bad("without a type", {"examples": [{"label": "warm", "text": "a"}]}, ("model_type",)),
        Bad("type without labels", {"model_type": 1, "examples": [{"label": "a", "text": "a"}]}, ("model_type",)),
    ],
    "DeleteTrainingExamples": [
        Bad("without a word of which", {"client_ids": ["1"]}),
        Bad("unknown type", {"model_type": UNKNOWN_NUMBER}, ("model_type",)),
        Bad("empty id", {"model_type": 4, "client_ids": [""]}, ("client_ids[0]",)),
        malformed_id("persona_id"),
        repeatable({"model_type": 4}),
    ],
    "ScoreContent": content(),
    "BatchScoreContent": [
        Bad("empty", {}, ("requests",)),
        Bad("too many", {"requests": [{"draft": {}}] * 2001}, ("requests",)),
        Bad("one of them empty", {"requests": [{"draft": {}}, {}]}, ("requests[1].context_id",)),
        Bad(
            "one of them bad",
            {"requests": [{"draft": {}}, {"draft": {"hashtags": ["a b"]}}]},
            ("requests[1].draft.hashtags[0]",),
        ),
        missing("one of them unknown", "CONTEXT_NOT_FOUND", {"requests": [{"draft": {}}, {"context_id": NOBODY}]}),
    ],
    "OptimizeContent": [
        *content(),
        Bad("target of NaN", {"draft": {}, "target_score": NAN}, ("target_score",)),
        Bad("target above 100", {"draft": {}, "target_score": 101}, ("target_score",)),
        Bad("negative number", {"draft": {}, "max_recommendations": -1}, ("max_recommendations",)),
    ],
    "PredictTiming": [
        Bad("without a platform", {}, ("platform",)),
        malformed_id("persona_id", platform=1),
        missing("unknown persona", "PERSONA_NOT_FOUND", {"platform": 1, "persona_id": NOBODY}),
        Bad("negative lookback", {"platform": 1, "lookback_days": -1}, ("lookback_days",)),
        Bad("more slots than a week has", {"platform": 1, "top_k": 169}, ("top_k",)),
        Bad("as of no time", {"platform": 1, "as_of_time": NO_TIME}, ("as_of_time",)),
        Bad(
            "nothing to learn from",
            {"platform": 5},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="INSUFFICIENT_SAMPLES",
        ),
        Bad("as of the year 1", {"platform": 1, "as_of_time": YEAR_1}, ("as_of_time",)),
        Bad("as of the year 9999", {"platform": 1, "as_of_time": YEAR_9999}, ("as_of_time",)),
    ],
    "AnalyzePatterns": [
        *patterns(),
        Bad("unknown type of content", {"content_type": UNKNOWN_NUMBER}, ("content_type",)),
        Bad("unknown platform", {"platform": UNKNOWN_NUMBER}, ("platform",)),
        Bad("negative lookback", {"lookback_days": -1}, ("lookback_days",)),
        Bad("as of no time", {"as_of_time": NO_TIME}, ("as_of_time",)),
        Bad("as of the year 1", {"as_of_time": YEAR_1}, ("as_of_time",)),
        too_few(),
    ],
    "RecommendPatterns": [
        *patterns(task_type="TEXT_GENERATION"),
        Bad("without a task", {}, ("task_type",)),
        Bad("task that is no name", {"task_type": "write a text"}, ("task_type",)),
        Bad("task too long", {"task_type": "X" * 101}, ("task_type",)),
        Bad("negative number", {"task_type": "BLOG", "top_k": -1}, ("top_k",)),
        Bad("lookback too long", {"task_type": "BLOG", "lookback_days": 3651}, ("lookback_days",)),
    ],
    "FindSuccessfulPatterns": [
        *patterns(),
        Bad("rate of NaN", {"min_rate_pct": NAN}, ("min_rate_pct",)),
        Bad("infinite rate", {"min_rate_pct": INFINITY}, ("min_rate_pct",)),
        Bad("too many", {"max_patterns": 501}, ("max_patterns",)),
        Bad("as of the year 9999", {"as_of_time": YEAR_9999}, ("as_of_time",)),
    ],
    "FindFailurePatterns": [
        *patterns(),
        Bad("phase too long", {"phase": "X" * 101}, ("phase",)),
        Bad("too many examples", {"max_examples": 21}, ("max_examples",)),
        Bad("negative lookback", {"lookback_days": -1}, ("lookback_days",)),
    ],
    "GetEffectiveHashtags": [
        *patterns(),
        Bad("hashtags of four posts", {"min_posts": 4}, ("min_posts",)),
        Bad("too many", {"top_k": 1001}, ("top_k",)),
        Bad("as of no time", {"as_of_time": NO_TIME}, ("as_of_time",)),
        too_few(),
    ],
    "SummarizePerformance": [
        *patterns(),
        Bad("period too long", {"period_days": 1826}, ("period_days",)),
        Bad("unknown platform", {"platform": UNKNOWN_NUMBER}, ("platform",)),
        Bad("as of no time", {"as_of_time": NO_TIME}, ("as_of_time",)),
    ],
    "SuggestImprovements": [
        *patterns(),
        Bad("too many", {"max_suggestions": 51}, ("max_suggestions",)),
        Bad("as of the year 1", {"as_of_time": YEAR_1}, ("as_of_time",)),
    ],
}

NARROWER: dict[str, Fields] = {"ListModels": {"model_type": 2}}

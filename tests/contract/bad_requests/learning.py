"""What the calls of LearningService refuse."""

from __future__ import annotations

from typing import Any

import grpc

from tests.contract.bad_requests.request import (
    NO_TIME,
    NOBODY,
    YEAR_1,
    YEAR_9999,
    Bad,
    Fields,
    missing,
    pages,
)


def content(**others: Any) -> list[Bad]:
    """What every call about content refuses."""
    return [
        Bad("neither context nor draft", {**others}, ("context_id",)),
        missing("unknown context", "CONTEXT_NOT_FOUND", {"context_id": NOBODY, **others}),
        missing("unknown persona", "PERSONA_NOT_FOUND", {"draft": {"persona_id": NOBODY}, **others}),
        Bad("time before the year 1", {"draft": {"publish_time": NO_TIME}, **others}, ("draft.publish_time",)),
        Bad("first time there is", {"draft": {"publish_time": YEAR_1}, **others}, ("draft.publish_time",)),
        Bad("last time there is", {"draft": {"publish_time": YEAR_9999}, **others}, ("draft.publish_time",)),
    ]


def patterns(**others: Any) -> list[Bad]:
    """What every call about patterns refuses."""
    return [
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
        Bad("as of no time", {"model_type": 1, "as_of_time": NO_TIME}, ("as_of_time",)),
        missing("unknown persona", "PERSONA_NOT_FOUND", {"model_type": 1, "persona_id": NOBODY}),
    ],
    "ListModels": [
        *pages(),
    ],
    "GetModel": [missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY})],
    "PromoteModel": [
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
    ],
    "RollBackModel": [
        missing("unknown", "MODEL_NOT_FOUND", {"model_type": 1, "model_id": NOBODY}),
        Bad(
            "nothing to go back to",
            {"model_type": 2},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="NO_EARLIER_MODEL",
        ),
    ],
    "DeleteModel": [
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
    ],
    "GetFeatureImportance": [
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
        Bad("no live model", {"model_type": 2}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
    ],
    "GetModelPerformance": [
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
        Bad("no live model", {"model_type": 2}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
        Bad("until no time", lambda own: {"model_id": own.model_id, "end_time": NO_TIME}, ("end_time",)),
    ],
    "ScheduleTraining": [
        Bad("first at no time", {"model_type": 1, "first_check_time": NO_TIME}, ("first_check_time",)),
    ],
    "CancelTrainingSchedule": [
        missing("unknown", "TRAINING_SCHEDULE_NOT_FOUND", {"model_type": 1}),
    ],
    "WatchModel": [
        Bad("damaged cursor", {"cursor": "x"}, ("cursor",), reason="CURSOR_INVALID"),
    ],
    "CheckDrift": [
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
        Bad("no live model", {"model_type": 2}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
        Bad(
            "without a baseline",
            lambda own: {"model_id": own.model_id},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="NO_BASELINE",
        ),
    ],
    "ListDriftReports": [
        *pages(),
    ],
    "PredictEngagement": [
        *content(),
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
        Bad("text with a NUL", {"model_type": 4, "texts": ["a\0b"]}, ("texts[0]",)),
        Bad(
            "no live model",
            {"model_type": 4, "texts": ["a"]},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="MODEL_NOT_LIVE",
        ),
    ],
    "ClassifyProfiles": [
        Bad("no live model", {"profiles": [{}]}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
    ],
    "AddTrainingExamples": [
        Bad("empty batch", {"model_type": 4}),
        Bad("batch too large", {"model_type": 4, "examples": [{}] * 1001}),
    ],
    "DeleteTrainingExamples": [
        Bad("without a word of which", {"client_ids": ["1"]}),
    ],
    "ScoreContent": content(),
    "BatchScoreContent": [
        Bad("one of them without content", {"requests": [{"draft": {}}, {}]}, ("requests[1].context_id",)),
        missing("one of them unknown", "CONTEXT_NOT_FOUND", {"requests": [{"draft": {}}, {"context_id": NOBODY}]}),
    ],
    "OptimizeContent": [
        *content(),
    ],
    "PredictTiming": [
        missing("unknown persona", "PERSONA_NOT_FOUND", {"platform": 1, "persona_id": NOBODY}),
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
        Bad("as of no time", {"as_of_time": NO_TIME}, ("as_of_time",)),
        Bad("as of the year 1", {"as_of_time": YEAR_1}, ("as_of_time",)),
        too_few(),
    ],
    "RecommendPatterns": [
        *patterns(task_type="TEXT_GENERATION"),
    ],
    "FindSuccessfulPatterns": [
        *patterns(),
        Bad("as of the year 9999", {"as_of_time": YEAR_9999}, ("as_of_time",)),
    ],
    "FindFailurePatterns": [
        *patterns(),
    ],
    "GetEffectiveHashtags": [
        *patterns(),
        Bad("as of no time", {"as_of_time": NO_TIME}, ("as_of_time",)),
        too_few(),
    ],
    "SummarizePerformance": [
        *patterns(),
        Bad("as of no time", {"as_of_time": NO_TIME}, ("as_of_time",)),
    ],
    "SuggestImprovements": [
        *patterns(),
        Bad("as of the year 1", {"as_of_time": YEAR_1}, ("as_of_time",)),
    ],
}

NARROWER: dict[str, Fields] = {"ListModels": {"model_type": 2}}

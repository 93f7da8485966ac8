"""What the calls of ExperimentsService refuse."""

from __future__ import annotations

from typing import Any

import grpc

from tests.contract.bad_requests.request import INFINITY, NAN, Bad, Fields, missing, pages

NOBODY = "no-such-experiment"
NO_MODEL = "01890a5d-ac96-774b-bcce-b302099a8057"
METRICS = [{"name": "conversion_rate"}]
VARIANTS = [{"key": "new"}]


def design(**others: Any) -> dict[str, Any]:
    """A design that is right, but for what is said."""
    return {"metrics": METRICS, "variants": VARIANTS, **others}


def contradictory(why: str, field: str, **others: Any) -> Bad:
    """A design that contradicts itself."""
    fields = {"key": "contradictory", "design": design(**others)}
    return Bad(why, fields, (f"design.{field}",), reason="EXPERIMENT_INVALID")


def keyed(name: str = "experiment_key", **others: Any) -> list[Bad]:
    """Returns the rows that every call about one experiment has."""
    return [
        missing("unknown", "EXPERIMENT_NOT_FOUND", {name: NOBODY, **others}),
    ]


def columns() -> list[Bad]:
    """Columns that don't fit together."""
    whole = {"ids": bytes(32), "unit_indexes": [0, 0]}
    optional = ("experiment_indexes", "name_indexes", "values", "time_micros")
    return [
        Bad("rows and columns", {"events": [{"experiment_key": "running"}], "columns": whole}),
        Bad("columns of nothing", {"columns": {}}, ("columns.ids",)),
        Bad("half an id", {"columns": {**whole, "ids": bytes(24)}}, ("columns.ids",)),
        Bad("too many ids", {"columns": {"ids": bytes(160_016)}}, ("columns.ids",)),
        Bad("an event without a unit", {"columns": {**whole, "unit_indexes": [0]}}, ("columns.unit_indexes",)),
        *(Bad(f"one of {name}", {"columns": {**whole, name: [1]}}, (f"columns.{name}",)) for name in optional),
    ]


def draft_is_too_early(**others: Any) -> Bad:
    """An experiment that was not started."""
    return Bad(
        "a draft",
        {"experiment_key": "draft", **others},
        code=grpc.StatusCode.FAILED_PRECONDITION,
        reason="EXPERIMENT_STATE_INVALID",
    )


def condition(**kind: Any) -> dict[str, Any]:
    """A request with this targeting."""
    return {"key": "targeted", "design": design(targeting=kind)}


def rollout_keyed(**others: Any) -> list[Bad]:
    """Returns the rows that every call about one rollout has."""
    return [
        missing("unknown", "ROLLOUT_NOT_FOUND", {"rollout_key": NOBODY, **others}),
        missing("an experiment", "ROLLOUT_NOT_FOUND", {"rollout_key": "running", **others}),
    ]


def rollout_state(why: str, key: str) -> Bad:
    """A rollout in a state that does not allow it."""
    code = grpc.StatusCode.FAILED_PRECONDITION
    return Bad(why, {"rollout_key": key}, code=code, reason="ROLLOUT_STATE_INVALID")


def rollout(why: str, field: str, reason: str = "EXPERIMENT_INVALID", **design: Any) -> Bad:
    """A rollout whose design is wrong."""
    return Bad(why, {"key": "contradictory", "design": design}, (f"design.{field}",), reason=reason)


BAD: dict[str, list[Bad]] = {
    "CreateExperiment": [
        Bad(
            "targeting beyond 256 KiB",
            condition(**{"in": {"attribute": "country", "values": [{"text": "t" * 300}] * 1000}}),
            ("design.targeting",),
            reason="EXPERIMENT_INVALID",
        ),
        contradictory("no variant", "variants", variants=[]),
        contradictory("two controls", "variants", variants=[{"key": k, "is_control": True} for k in "ab"]),
        contradictory("control alone", "variants", variants=[{"key": "a", "is_control": True}]),
        contradictory("one key twice", "variants", variants=[{"key": "a"}, {"key": "a"}]),
        contradictory(
            "weights that nothing heeds",
            "variants[0].weight",
            allocation="ALLOCATION_EQUAL",
            variants=[{"key": "a", "weight": 0.3}, {"key": "b", "weight": 0.2}],
        ),
        contradictory("weights that leave nothing to the control", "variants", variants=[{"key": "a", "weight": 1.0}]),
        contradictory(
            "weights that do not sum to 1",
            "variants",
            allocation=2,
            variants=[{"key": "a", "weight": 0.5, "is_control": True}, {"key": "b", "weight": 0.6}],
        ),
        contradictory("unknown metric", "metrics[0].name", metrics=[{"name": "joy"}]),
        contradictory("metric without event", "metrics[0].event", metrics=[{"name": "joy", "kind": 2}]),
        contradictory(
            "cap of a conversion",
            "metrics[0].cap",
            metrics=[{"name": "joy", "kind": 1, "event": "smile", "cap": 3.0}],
        ),
        contradictory(
            "ratio of one event", "metrics[0].denominator_event", metrics=[{"name": "joy", "kind": 4, "event": "smile"}]
        ),
        contradictory(
            "two primary metrics",
            "metrics",
            metrics=[{**METRICS[0], "role": 1}, {"name": "engagement_rate", "role": 1}],
        ),
        contradictory("factors of an AB_TEST", "factors", factors=[{"name": "hook", "levels": ["a", "b"]}]),
        contradictory("no factors", "factors", kind=2, variants=[]),
        contradictory("BANDIT of a fixed allocation", "allocation", kind=3, allocation=1),
        contradictory("SEQUENTIAL that adapts", "allocation", kind=4, allocation=3),
        contradictory("learning without a bandit", "bandit", bandit={"top_two": True}),
        contradictory("top-two of UCB", "bandit.top_two", kind=3, allocation=4, bandit={"top_two": True}),
        contradictory(
            "UCB on values without bounds",
            "bandit.lowest_reward",
            kind=3,
            allocation=4,
            metrics=[{"name": "spent", "kind": 3, "event": "purchase"}],
        ),
        *(
            Bad(why, {"key": "a", "design": design(kind=3, bandit={field: value})}, (f"design.bandit.{field}",))
            for why, field, value in (
                ("negative batch", "update_units", -1),
                ("no time to learn", "update_interval", {"seconds": 0}),
                ("NaN reward", "lowest_reward", NAN),
                ("infinite reward", "highest_reward", INFINITY),
            )
        ),
        contradictory("namespace backwards", "namespace", namespace={"name": "feed", "start": 0.5, "end": 0.1}),
        contradictory("namespace of nobody", "namespace", namespace={"name": "feed", "start": 0.5001, "end": 0.5009}),
        Bad(
            "key that is taken",
            {"key": "running", "design": design()},
            code=grpc.StatusCode.ALREADY_EXISTS,
            reason="EXPERIMENT_KEY_TAKEN",
        ),
    ],
    "GetExperiment": keyed(),
    "ListExperiments": [
        *pages(),
    ],
    "UpdateExperiment": [
        *keyed(design=design()),
        Bad(
            "another metric while it runs",
            {"experiment_key": "running", "design": design(metrics=[{"name": "engagement_rate"}])},
            ("design.metrics",),
            reason="EXPERIMENT_INVALID",
        ),
        Bad(
            "etag of another version",
            {"experiment_key": "draft", "design": design(), "etag": "v99"},
            code=grpc.StatusCode.ABORTED,
            reason="ETAG_MISMATCH",
        ),
    ],
    "StartExperiment": [
        *keyed(),
        Bad(
            "one that runs",
            {"experiment_key": "running"},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="EXPERIMENT_STATE_INVALID",
        ),
    ],
    "PauseExperiment": [
        *keyed(),
        draft_is_too_early(),
    ],
    "ResumeExperiment": [
        *keyed(),
        draft_is_too_early(),
    ],
    "CompleteExperiment": [
        *keyed(),
        draft_is_too_early(),
        Bad(
            "winner it does not have",
            {"experiment_key": "running", "winner": "stranger"},
            ("winner",),
            reason="EXPERIMENT_INVALID",
        ),
    ],
    "ArchiveExperiment": [
        *keyed(),
        Bad(
            "one that runs",
            {"experiment_key": "running"},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="EXPERIMENT_STATE_INVALID",
        ),
    ],
    "AssignVariant": [
        *keyed(unit="ana"),
        draft_is_too_early(unit="ana"),
    ],
    "BatchAssignVariants": [
        missing("unknown", "EXPERIMENT_NOT_FOUND", {"requests": [{"experiment_key": NOBODY, "unit": "ana"}]}),
    ],
    "EvaluateVariant": [*keyed(unit="ana"), draft_is_too_early(unit="ana")],
    "RecordEvents": [
        Bad("nothing", {}),
        Bad("too many", {"events": [{"experiment_key": "running"}] * 10001}),
        *columns(),
    ],
    "StreamEvents": [
        Bad("nothing", {"sequence": 1}),
        *columns(),
    ],
    "AnalyzeExperiment": [*keyed(), draft_is_too_early()],
    "WatchExperiment": [
        *keyed(),
        draft_is_too_early(),
        Bad("damaged cursor", {"experiment_key": "running", "cursor": "x"}, ("cursor",), reason="CURSOR_INVALID"),
    ],
    "PlanExperiment": [
        Bad(
            "mean without deviation",
            {"kind": 3, "baseline": 10, "lift": 0.1},
            ("standard_deviation",),
            reason="EXPERIMENT_INVALID",
        ),
        Bad(
            "nothing to compare with",
            {"kind": 1, "baseline": 0.1, "lift": 0.1, "variant_count": 1},
            ("variant_count",),
            reason="EXPERIMENT_INVALID",
        ),
        Bad(
            "an effect next to nothing, which chance alone finds often enough",
            {"kind": 1, "baseline": 0.1, "lift": 1e-300, "power": 0.05, "confidence_level": 0.5},
            ("lift",),
            reason="EXPERIMENT_INVALID",
        ),
        Bad("proportion above 1", {"kind": 1, "baseline": 0.9, "lift": 0.5}, ("lift",), reason="EXPERIMENT_INVALID"),
    ],
    "CreateRollout": [
        rollout("stages that end before all", "stages", stages=[{"share": 0.5}]),
        rollout("stages that fall", "stages", stages=[{"share": 0.5}, {"share": 0.1}, {"share": 1}]),
        rollout("unknown metric", "metrics[0].name", metrics=[{"name": "joy"}]),
        rollout("primary metric", "metrics[0].role", metrics=[{**METRICS[0], "role": 1}]),
        missing("unknown model", "MODEL_NOT_FOUND", {"key": "a", "design": {"model_id": NO_MODEL}}),
        *[
            Bad(
                f"key of {what} that there is",
                {"key": key},
                code=grpc.StatusCode.ALREADY_EXISTS,
                reason="EXPERIMENT_KEY_TAKEN",
            )
            for what, key in (("an experiment", "running"), ("a rollout", "rolling"))
        ],
    ],
    "GetRollout": rollout_keyed(),
    "ListRollouts": [
        *pages(),
    ],
    "AdvanceRollout": [
        *rollout_keyed(),
        rollout_state("one that is paused", "waiting"),
        Bad(
            "etag of another version",
            {"rollout_key": "rolling", "etag": "v99"},
            code=grpc.StatusCode.ABORTED,
            reason="ETAG_MISMATCH",
        ),
    ],
    "PauseRollout": [
        *rollout_keyed(),
        rollout_state("one that is paused", "waiting"),
    ],
    "ResumeRollout": [
        *rollout_keyed(),
        rollout_state("one that runs", "rolling"),
    ],
    "RollBackRollout": [
        *rollout_keyed(),
    ],
    "EvaluateRollout": [
        *rollout_keyed(unit="ana"),
    ],
}
"""Requests by call."""

NARROWER: dict[str, Fields] = {"ListExperiments": {"state": 2}, "ListRollouts": {"state": 1}}

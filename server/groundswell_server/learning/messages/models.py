"""Versions of models and their feature importance as messages."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf import struct_pb2

from groundswell.v1 import common_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.messages.enums import MODEL_TYPES, STAGES
from groundswell_server.learning.messages.estimates import estimate, metrics_message
from groundswell_server.models.registry import Promotion
from groundswell_storage.learning.model_versions import ModelVersion


def model_message(version: ModelVersion) -> pb.Model:
    """Returns a version as a message."""
    result = version.result
    parameters = struct_pb2.Struct()
    parameters.update(dict(result.parameters))
    model = pb.Model(
        id=version.id,
        model_type=MODEL_TYPES[version.model_type],
        version=version.version,
        stage=STAGES[version.stage],
        sample_count=result.sample_count,
        features=result.features,
        parameters=parameters,
        train_metrics=metrics_message(result.train_metrics),
        test_metrics=metrics_message(result.test_metrics),
        beats_baselines=result.beats_baselines,
        library_versions=dict(result.library_versions),
        artifact_digest=version.artifact_digest,
        artifact_bytes=version.artifact_bytes,
        notes=result.notes,
    )
    # A baseline that the type is not compared with stays absent.
    for name, metrics in result.baselines.items():
        getattr(model, f"{name}_baseline").CopyFrom(metrics_message(metrics))
    model.data_start_time.FromDatetime(result.data_start)
    model.data_end_time.FromDatetime(result.data_end)
    model.create_time.FromDatetime(version.create_time)
    if version.promote_time is not None:
        model.promote_time.FromDatetime(version.promote_time)
    return model


def promotion_fields(promotion: Promotion) -> dict[str, pb.Model]:
    """Returns the fields of the response to a promotion or a roll back."""
    fields = {"model": model_message(promotion.live)}
    if promotion.retired is not None:
        fields["retired_model"] = model_message(promotion.retired)
    return fields


def importance_message(version: ModelVersion) -> pb.GetFeatureImportanceResponse:
    """Returns the feature importance that the training run of a version measured."""
    features = [
        pb.FeatureImportance(
            feature=one["feature"],
            impurity=_spread(one["impurity"], version.result.sample_count),
            permutation=_spread(one["permutation"], one["sample_size"]),
        )
        for one in version.result.importance
    ]
    return pb.GetFeatureImportanceResponse(model_id=version.id, features=features)


def _spread(spread: Mapping[str, float], sample_size: int) -> common_pb2.Estimate:
    return estimate(spread["value"], spread["lower"], spread["upper"], sample_size)

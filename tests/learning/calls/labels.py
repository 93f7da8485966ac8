"""Labelled examples as tests send them."""

from __future__ import annotations

from collections.abc import Sequence

from groundswell.v1 import common_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.features.labelled import LabelledExample
from tests.learning import labelled
from tests.learning.calls.studio import Studio

_NAMES = {"followers": "follower_count", "following": "following_count", "media": "media_count"}
_AT_ONCE = 200


def send(studio: Studio, model_type: str, examples: Sequence[pb.TrainingExample]) -> pb.AddTrainingExamplesResponse:
    """Adds examples in batches."""
    kind = pb.ModelType.Value(f"MODEL_TYPE_{model_type}")
    parts = [examples[start : start + _AT_ONCE] for start in range(0, len(examples), _AT_ONCE)]
    requests = (pb.AddTrainingExamplesRequest(model_type=kind, examples=part) for part in parts)
    return studio.learning.AddTrainingExamples(requests)


def texts(count: int, seed: int = 0) -> list[pb.TrainingExample]:
    """Texts on three topics."""
    found = enumerate(labelled.texts(count, seed), 1)
    return [pb.TrainingExample(line=line, label=one.label, text=one.subject) for line, one in found]


def profiles(count: int, seed: int = 0) -> list[pb.TrainingExample]:
    """Accounts of people and bots."""
    return [
        pb.TrainingExample(line=line, client_id=one.group, label=one.label, profile=profile(one))
        for line, one in enumerate(labelled.profiles(count, seed), 1)
    ]


def profile(example: LabelledExample) -> common_pb2.AccountProfile:
    """What is known of an account."""
    figures = {_NAMES.get(name, name): value for name, value in example.subject.to_json().items()}
    return common_pb2.AccountProfile(**figures)

"""Labelled examples as requests."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from groundswell.v1 import common_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.features.labelled_rows import LabelledExample
from tests.learning import labelled
from tests.learning.calls.studio import Studio

_NAMES = {"followers": "follower_count", "following": "following_count", "media": "media_count"}
_AT_ONCE = 200
SPAM, PRAISE = "the elixir of the moon cured my cousin", "the light over the harbour is so warm"
"""Comments as `comments` has them. No phrase of the filter's own is in either."""


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


def comments(count: int) -> list[pb.TrainingExample]:
    """Comments that advertise an elixir, and comments of people."""
    rng = Random(7)
    about = {
        "spam": ("elixir moon cured cousin", "healed tonic lunar drops ordered sister bottle"),
        "genuine": ("light harbour warm", "evening colours pier boats morning window photo"),
    }
    made = []
    for line in range(1, count + 1):
        label = ("spam", "genuine")[line % 2]
        sure, often = (words.split() for words in about[label])
        words = [*rng.sample(sure, 2), *rng.sample(often, 3), *rng.sample(["the", "my", "is", "so", "of"], 3)]
        rng.shuffle(words)
        made.append(pb.TrainingExample(line=line, label=label, text=" ".join(words)))
    return made

"""The life of a toy model type through the calls of a server; run in a tree that has the type (`test_toy_model_type`).

It is trained, promoted, rolled out, found to have drifted, and rolled back.
"""

from __future__ import annotations

from groundswell.v1 import experiments_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell.v1.experiments_pb2_grpc import ExperimentsServiceStub
from tests.learning import labelled
from tests.learning.calls import labels
from tests.learning.calls.studio import Studio
from tests.patience import eventually
from tests.running import RunningServer

NAME = "URGENCY_CLASSIFIER"
ROLLOUT = "urgency-2"


def main() -> None:
    """Starts a server and goes through the life of the type."""
    with RunningServer("sqlite:///toys.db") as server:
        studio = Studio.open(server)
        kind = pb.ModelType.Value(f"MODEL_TYPE_{NAME}")
        first = train_and_promote(studio)
        second = roll_out(studio, first)
        drift(studio, kind, second)
        back = studio.learning.RollBackModel(pb.RollBackModelRequest(model_type=kind))
        assert (back.model.id, back.retired_model.id) == (first.id, second.id)
        eventually(lambda: classify(studio, kind, ["soup"]).model_id == first.id)


def train_and_promote(studio: Studio) -> pb.Model:
    """Trains a version as a candidate, and promotes it."""
    labels.send(studio, NAME, labels.texts(200))
    candidate = studio.train(NAME, as_of_time=None, promotion=pb.PROMOTION_NEVER)
    assert candidate.stage == pb.MODEL_STAGE_CANDIDATE
    assert candidate.beats_baselines
    live = studio.learning.PromoteModel(pb.PromoteModelRequest(model_id=candidate.id)).model
    assert live.stage == pb.MODEL_STAGE_LIVE
    return live


def roll_out(studio: Studio, live: pb.Model) -> pb.Model:
    """Trains a second version, rolls it out to half of the units and then to all."""
    labels.send(studio, NAME, labels.texts(300, seed=1))
    candidate = studio.train(NAME, as_of_time=None, promotion=pb.PROMOTION_NEVER)
    experiments = ExperimentsServiceStub(studio.server.channel(studio.server.key(studio.workspace)))
    stages = [experiments_pb2.RolloutStage(share=share) for share in (0.5, 1.0)]
    design = experiments_pb2.RolloutDesign(model_id=candidate.id, stages=stages)
    experiments.CreateRollout(experiments_pb2.CreateRolloutRequest(key=ROLLOUT, design=design))
    experiments.AdvanceRollout(experiments_pb2.AdvanceRolloutRequest(rollout_key=ROLLOUT))

    def model(id: str) -> pb.Model:
        return studio.learning.GetModel(pb.GetModelRequest(model_id=id)).model

    eventually(lambda: model(candidate.id).stage == pb.MODEL_STAGE_LIVE)
    assert model(live.id).stage == pb.MODEL_STAGE_RETIRED
    return model(candidate.id)


def drift(studio: Studio, kind: pb.ModelType, live: pb.Model) -> None:
    """Labels new texts otherwise than the model predicts, until a check finds drift."""
    found = sorted({(one.subject, one.label) for one in labelled.texts(150, seed=99)})
    eventually(lambda: classify(studio, kind, ["soup"]).model_id == live.id)
    classify(studio, kind, [text for text, _ in found])
    performance = pb.GetModelPerformanceRequest(model_type=kind)
    assert studio.learning.GetModelPerformance(performance).total.prediction_count > len(found)
    names = sorted({label for _, label in found})
    others = {name: names[(place + 1) % len(names)] for place, name in enumerate(names)}
    wrong = [pb.TrainingExample(line=line, text=text, label=others[label]) for line, (text, label) in enumerate(found)]
    assert labels.send(studio, NAME, wrong).refused_count == 0
    report = studio.learning.CheckDrift(pb.CheckDriftRequest(model_type=kind)).report
    assert report.status == pb.DRIFT_STATUS_CRITICAL, report


def classify(studio: Studio, kind: pb.ModelType, texts: list[str]) -> pb.ClassifyTextResponse:
    """Classifies texts with the live version."""
    return studio.learning.ClassifyText(pb.ClassifyTextRequest(model_type=kind, texts=texts))


if __name__ == "__main__":
    main()

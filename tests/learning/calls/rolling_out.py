"""A workspace in which a version is rolled out to half of its personas, beside the one that is live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from groundswell.v1 import engagement_pb2, experiments_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell.v1.experiments_pb2_grpc import ExperimentsServiceStub
from groundswell.v1.learning_pb2_grpc import LearningServiceStub
from groundswell_storage.learning.predictions import PredictionRow
from tests.learning.calls import world
from tests.learning.calls.drafts import INSTAGRAM, persona
from tests.learning.calls.studio import Studio
from tests.patience import eventually

KEY = "model-2"
STAGES = [
    experiments_pb2.RolloutStage(share=0.5),
    experiments_pb2.RolloutStage(share=1.0),
]
SPRING = world.stamp(datetime(2026, 4, 20, 19, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class RollingOut:
    """The workspace; versions by their ids."""

    studio: Studio
    key: tuple[str, str]
    experiments: ExperimentsServiceStub
    live: str
    candidate: str
    personas: list[str]

    @classmethod
    def begin(cls, empty: Studio, lender: Studio) -> RollingOut:
        """With a rollout of an engagement predictor at its first stage, and a classifier that is live."""
        ids = []
        for model_type in (pb.MODEL_TYPE_ENGAGEMENT_PREDICTOR, pb.MODEL_TYPE_SUCCESS_CLASSIFIER):
            (version,) = lender.learning.ListModels(pb.ListModelsRequest(model_type=model_type)).models
            ids.append(empty.borrow(version.id, lender))
            empty.learning.PromoteModel(pb.PromoteModelRequest(model_id=ids[-1]))
        (first,) = lender.learning.ListModels(
            pb.ListModelsRequest(model_type=pb.MODEL_TYPE_ENGAGEMENT_PREDICTOR)
        ).models
        candidate = empty.borrow(first.id, lender)
        key = empty.server.key(empty.workspace)
        stub = ExperimentsServiceStub(empty.server.channel(key))
        design = experiments_pb2.RolloutDesign(model_id=candidate, stages=STAGES)
        stub.CreateRollout(experiments_pb2.CreateRolloutRequest(key=KEY, design=design))
        rolling_out = cls(empty, key, stub, ids[0], candidate, [])
        rolling_out._find_personas()
        return rolling_out

    @property
    def rollout(self) -> experiments_pb2.Rollout:
        return self.experiments.GetRollout(experiments_pb2.GetRolloutRequest(rollout_key=KEY)).rollout

    def roll_back(self) -> None:
        self.experiments.RollBackRollout(experiments_pb2.RollBackRolloutRequest(rollout_key=KEY))

    def is_on(self, persona_id: str) -> bool:
        """Whether the rollout covers a persona."""
        request = experiments_pb2.EvaluateRolloutRequest(rollout_key=KEY, unit=persona_id)
        return self.experiments.EvaluateRollout(request).is_on

    def someone(self, *, on: bool) -> str:
        """A persona that it covers, or one that it does not."""
        return next(id for id in self.personas if self.is_on(id) is on)

    def draft(self, persona_id: str) -> pb.ContentDraft:
        return pb.ContentDraft(persona_id=persona_id, platform=INSTAGRAM, publish_time=SPRING)

    def _find_personas(self) -> None:
        """Makes personas until two are covered and two are not: who is depends on their ids."""
        while min(sum(self.is_on(id) is on for id in self.personas) for on in (True, False)) < 2:
            self.personas.append(persona(self.studio))

    def serving(self, persona_id: str, stub: LearningServiceStub | None = None) -> str:
        """The version that predicts for a persona."""
        request = pb.PredictEngagementRequest(draft=self.draft(persona_id))
        return (stub or self.studio.learning).PredictEngagement(request).model_id

    def noticed(self, stub: LearningServiceStub | None = None) -> None:
        """Returns once the candidate serves, on a server: it was told a moment ago."""
        covered = self.someone(on=True)
        eventually(lambda: self.serving(covered, stub) == self.candidate)

    def noted(self, context_id: str) -> list[str]:
        """The versions whose prediction for a context is kept."""
        with self.studio.server.app.database.scope(self.studio.workspace) as scope:
            return [row.model_id for row in scope.select(PredictionRow).where(PredictionRow.context_id == context_id)]

    def context(self, persona_id: str) -> str:
        request = engagement_pb2.StartContextRequest(phase="TEXT_GENERATION", persona_id=persona_id)
        return self.studio.engagement.StartContext(request).context.id

"""A workspace of a real server, with the actions that tests of Learning's calls repeat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from groundswell.v1 import engagement_pb2, learning_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from groundswell.v1.learning_pb2_grpc import LearningServiceStub
from groundswell_storage.learning import model_versions
from tests.learning.calls import world
from tests.running import RunningServer

POSTS = 160
"""In the workspace that has learnt."""
LOOKBACK_DAYS = 365


@dataclass(frozen=True, slots=True)
class Studio:
    """A workspace, with stubs that have its key."""

    server: RunningServer
    workspace: str
    learning: LearningServiceStub
    engagement: EngagementServiceStub

    @classmethod
    def open(cls, server: RunningServer) -> Studio:
        """An empty one."""
        workspace = uuid4().hex
        key = server.key(workspace)
        return cls(server, workspace, server.learning(key), server.engagement(key))

    def publish(self, posts: Iterable[engagement_pb2.ImportedPost]) -> engagement_pb2.Persona:
        """Imports posts of one persona, and gives the persona."""
        rows = list(posts)
        response = self.engagement.ImportPosts(iter([engagement_pb2.ImportPostsRequest(rows=rows)]))
        assert response.refused_count == 0, response.refused_rows
        personas = self.engagement.ListPersonas(engagement_pb2.ListPersonasRequest()).personas
        return next(persona for persona in personas if persona.name == rows[0].persona_name)

    def train(self, model_type: str, **fields: Any) -> learning_pb2.Model:
        """Trains on all posts, unless told otherwise."""
        given = {"as_of_time": world.after(POSTS), "lookback_days": LOOKBACK_DAYS, **fields}
        request = learning_pb2.TrainModelRequest(**{"model_type": f"MODEL_TYPE_{model_type}", **given})
        return world.trained(self.server, self.learning, request)

    def borrow(self, model_id: str, lender: Studio) -> str:
        """Keeps a copy of another workspace's version as a candidate here: training takes long."""
        with lender.server.app.database.scope(lender.workspace) as scope:
            result = model_versions.get_version(scope, model_id).result
            artifacts = model_versions.read_artifacts(scope, model_id)
        with self.server.app.database.scope(self.workspace) as scope:
            kept = model_versions.add_version(scope, result, list(artifacts.values()), operation_id=uuid4().hex)
        return kept.id

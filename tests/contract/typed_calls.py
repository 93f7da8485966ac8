"""What a type checker has to make of the SDK's calls. It is checked, never run; each `ignore` has to be needed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, assert_type

from groundswell import Analysis, Client
from groundswell._service_client import AsyncOperationHandle, AsyncPager, OperationHandle, Pager
from groundswell.v1 import engagement_pb2, learning_pb2
from groundswell.v1.engagement_client import EngagementClient
from groundswell.v1.learning_client import AsyncLearningClient, LearningClient


def plain_calls(engagement: EngagementClient) -> None:
    handles = [{"platform": "instagram", "handle": "@ava"}]
    answer = engagement.create_persona(name="Ava", handles=handles)
    assert_type(answer, engagement_pb2.CreatePersonaResponse)
    engagement.create_post(platform="instagram", publish_time=datetime.now(UTC), hashtags=["#sunset"])
    engagement.create_persona(nam="Ava")  # type: ignore[call-arg]
    engagement.create_persona(name=3)  # type: ignore[arg-type]
    engagement.create_persona(engagement_pb2.GetPersonaRequest())  # type: ignore[arg-type]
    engagement.list_personas(page_size="all")  # type: ignore[arg-type]


def lists(engagement: EngagementClient) -> None:
    assert_type(engagement.list_personas(), Pager[engagement_pb2.Persona])
    for persona in engagement.list_personas():
        assert_type(persona.name, str)


def streams(engagement: EngagementClient) -> None:
    for change in engagement.watch_engagement():
        assert_type(change, engagement_pb2.WatchEngagementResponse)
    answer = engagement.record_interactions([{"post_id": "1"}, engagement_pb2.RecordInteractionsRequest()])
    assert_type(answer, engagement_pb2.RecordInteractionsResponse)


def analyses(client: Client) -> None:
    assert_type(client.experiments.analyze("hooks"), Analysis)
    assert_type(client.experiments.analyze("hooks").rows(), list[dict[str, Any]])


def operations(learning: LearningClient) -> None:
    operation = learning.train_model(model_type=learning_pb2.MODEL_TYPE_ENGAGEMENT_PREDICTOR)
    assert_type(operation, OperationHandle[learning_pb2.Model])
    assert_type(operation.result(), learning_pb2.Model)


async def asyncio_calls(learning: AsyncLearningClient) -> None:
    assert_type(await learning.get_model(model_id="1"), learning_pb2.GetModelResponse)
    assert_type(await learning.train_model(), AsyncOperationHandle[learning_pb2.Model])
    assert_type(learning.list_models(), AsyncPager[learning_pb2.Model])
    async for model in learning.list_models():
        assert_type(model, learning_pb2.Model)

"""The standard services for tools: health, reflection and channelz."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from functools import cached_property
from importlib import resources
from typing import Any, cast

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_channelz.v1 import channelz_pb2
from grpc_channelz.v1._async import ChannelzServicer
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import OVERALL_HEALTH
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

import groundswell.v1.errors_pb2  # noqa: F401  # no call refers to it, because reasons are strings on the wire
from groundswell_server.runtime.dispatcher import Dispatcher

CONTRACT = resources.files("groundswell.v1") / "contract.binpb"
"""The contract as protoc read it, with its comments."""
CONTRACT_FOLDER = "groundswell/v1/"

_NOTIFY_SECONDS = 1.0
"""Timeout for watchers of health that do not read their stream."""


class Introspection:
    """Registers the three standard services. They pass the same stages as all other services."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._health = health.HealthServicer()
        served = list(dispatcher.services)
        standard: dict[Any, object] = {
            health_pb2.DESCRIPTOR.services_by_name["Health"]: self._health,
            channelz_pb2.DESCRIPTOR.services_by_name["Channelz"]: ChannelzServicer(),
        }
        reflections = (_reflection_v1(), reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"])
        names = [*served, *(service.full_name for service in (*standard, *reflections))]
        reflection = CommentedReflection(service_names=names, pool=_CallsToo())
        standard.update(dict.fromkeys(reflections, reflection))
        for service, servicer in standard.items():
            dispatcher.register(service, servicer, foreign=True)
        self._served = served

    async def serving(self) -> None:
        """Reports every service as healthy."""
        for name in (OVERALL_HEALTH, *self._served):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def not_serving(self) -> None:
        """Reports every service as NOT_SERVING for good. Returns when all watchers have been notified."""
        await self._health.enter_graceful_shutdown()
        # Each watcher now writes in turn, holding its service's condition: to acquire it is to wait for all of them.
        await asyncio.sleep(0)
        with suppress(TimeoutError):
            async with asyncio.timeout(_NOTIFY_SECONDS):
                watchers = self._health._server_watchers  # type: ignore[attr-defined]  # not in the stubs
                for condition in tuple(watchers.values()):
                    async with condition:
                        pass


def _reflection_v1() -> ServiceDescriptor:
    """Returns reflection v1, the name that tools try first. It is v1alpha on the wire, the only one in grpcio."""
    older = reflection_pb2.DESCRIPTOR
    file = FileDescriptorProto(
        name="grpc/reflection/v1/reflection.proto",
        package="grpc.reflection.v1",
        syntax="proto3",
        dependency=[older.name],
    )
    older.services_by_name["ServerReflection"].CopyToProto(file.service.add())
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindServiceByName("grpc.reflection.v1.ServerReflection")


class CommentedReflection(ReflectionServicer):
    """Reflection with the comments of the contract, which Python's own descriptors do not have."""

    async def ServerReflectionInfo(  # type: ignore[override]  # the stubs take the generator for a coroutine
        self, request_iterator: AsyncIterable[reflection_pb2.ServerReflectionRequest], unused_context: Any
    ) -> AsyncIterator[reflection_pb2.ServerReflectionResponse]:
        """Answers as the standard servicer does, with the files of the contract in place of the stripped ones."""
        standard: Any = super().ServerReflectionInfo(request_iterator, unused_context)
        async for response in standard:
            files = response.file_descriptor_response.file_descriptor_proto
            for place, stripped in enumerate(files):
                files[place] = self._commented.get(FileDescriptorProto.FromString(stripped).name, stripped)
            yield response

    @cached_property
    def _commented(self) -> dict[str, bytes]:
        """The files of the contract by name, read at the first request: most servers never receive one."""
        files = FileDescriptorSet.FromString(CONTRACT.read_bytes()).file
        return {file.name: file.SerializeToString() for file in files if file.name.startswith(CONTRACT_FOLDER)}


class _CallsToo:
    """The default pool of descriptors, extended to find the file of a call."""

    def __init__(self) -> None:
        self._pool: Any = descriptor_pool.Default()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:
        """Returns the file that declares a symbol. Raises KeyError for an unknown symbol."""
        try:
            found = self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            found = self._pool.FindMethodByName(symbol).containing_service.file
        return cast(FileDescriptor, found)

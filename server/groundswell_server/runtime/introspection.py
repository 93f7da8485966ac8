"""What tools ask a server: is it well (health), what does it serve (reflection), who is connected (channelz)."""

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

import groundswell.v1.errors_pb2  # noqa: F401  # described, though no call mentions it: reasons are text on the wire
from groundswell_server.runtime.dispatcher import Dispatcher

CONTRACT = resources.files("groundswell.v1") / "contract.binpb"
"""The contract as protoc read it, comments and all."""
CONTRACT_FOLDER = "groundswell/v1/"

_TELLING_SECONDS = 1.0
"""For a watcher that does not read what it is told."""


class Introspection:
    """Registers the three standard services; they pass the same stages as all others."""

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
        """Declares every service healthy."""
        for name in (OVERALL_HEALTH, *self._served):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def not_serving(self) -> None:
        """Declares every service on its way out, for good, and returns when those who watch were told."""
        await self._health.enter_graceful_shutdown()
        # Each watcher now writes in turn, holding its service's condition; whoever comes after them waits for all.
        await asyncio.sleep(0)
        with suppress(TimeoutError):
            async with asyncio.timeout(_TELLING_SECONDS):
                watchers = self._health._server_watchers  # type: ignore[attr-defined]  # not in the stubs
                for condition in tuple(watchers.values()):
                    async with condition:
                        pass


def _reflection_v1() -> ServiceDescriptor:
    """Reflection under the name that tools ask for first: the same on the wire, which grpcio has as v1alpha alone."""
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
    """Reflection that tells what calls, messages and fields mean: Python's own descriptors have lost the comments."""

    async def ServerReflectionInfo(  # type: ignore[override]  # the stubs take the generator for a coroutine
        self, request_iterator: AsyncIterable[reflection_pb2.ServerReflectionRequest], unused_context: Any
    ) -> AsyncIterator[reflection_pb2.ServerReflectionResponse]:
        """Answers as the standard servicer does, with the contract's own files in place of the stripped ones."""
        standard: Any = super().ServerReflectionInfo(request_iterator, unused_context)
        async for response in standard:
            files = response.file_descriptor_response.file_descriptor_proto
            for place, stripped in enumerate(files):
                files[place] = self._commented.get(FileDescriptorProto.FromString(stripped).name, stripped)
            yield response

    @cached_property
    def _commented(self) -> dict[str, bytes]:
        """The contract's files by name; read when somebody asks for the first time, most servers are never asked."""
        files = FileDescriptorSet.FromString(CONTRACT.read_bytes()).file
        return {file.name: file.SerializeToString() for file in files if file.name.startswith(CONTRACT_FOLDER)}


class _CallsToo:
    """The pool of all descriptors, which finds the file of a call as well; Python's own finds everything else."""

    def __init__(self) -> None:
        self._pool: Any = descriptor_pool.Default()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:
        """Raises KeyError for what there is not."""
        try:
            found = self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            found = self._pool.FindMethodByName(symbol).containing_service.file
        return cast(FileDescriptor, found)

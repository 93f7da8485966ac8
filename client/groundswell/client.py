"""The client of a Groundswell server, for threads and for asyncio."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from groundswell._channel_invoker import AsyncChannelInvoker, ChannelInvoker
from groundswell._connections import Connection, Tls
from groundswell.tracked_context import TrackedContext, track, track_async
from groundswell.v1.services import AsyncServices, Services

if TYPE_CHECKING:
    from groundswell.experiments import AsyncExperiments, Experiments
    from groundswell.message_builder import StructLike
    from groundswell.operations_client import AsyncOperationsClient, OperationsClient
    from groundswell.v1 import common_pb2


class Client(Services):
    """A connection to a Groundswell server, shared by any number of threads.

    It connects with the first call. Every call has a deadline; what is safe to repeat is repeated while the server is
    unavailable. All calls raise the errors of `groundswell.errors` and no others.

    >>> with Client() as client:
    ...     client.engagement.create_persona(name="Ava", niche="beauty").persona.name
    'Ava'
    """

    def __init__(
        self,
        target: str | None = None,
        *,
        api_key: str | None = None,
        tls: Tls | bool | None = None,
        insecure: bool = False,
    ) -> None:
        """Connects to nothing yet.

        Args:
            target: Host and port, or any gRPC target; GROUNDSWELL_TARGET or "localhost:50051" when None. The calls go
                round all addresses of a host name.
            api_key: GROUNDSWELL_API_KEY when None; "" for none.
            tls: Certificates to use, True for those of the system. By default a server on this machine is reached
                without TLS and any other one with it.
            insecure: True reaches another machine without TLS, and sends it the API key in the clear.

        Raises InvalidArgument for arguments that contradict each other, and for a certificate that can't be read.
        """
        self._connection = Connection.of(target, api_key, tls, insecure)
        self._sender = ChannelInvoker(self._connection)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._connection.target}>"

    @cached_property
    def operations(self) -> OperationsClient:
        """Long work of all services."""
        from groundswell.operations_client import OperationsClient

        return OperationsClient(self._invoker())

    @cached_property
    def experiments(self) -> Experiments:
        """Decides which variant is better, and says how sure that is; with a sender of events and tables."""
        from groundswell.experiments import Experiments

        return Experiments(self._invoker())

    def track(
        self,
        persona_id: str | None = None,
        *,
        phase: str,
        complexity: common_pb2.Complexity.ValueType | str | None = None,
        input: StructLike | None = None,
        note: str | None = None,
        strategy: StructLike | None = None,
        assigned_agent: str | None = None,
    ) -> AbstractContextManager[TrackedContext]:
        """Records one piece of generation: begins a context, ends it with the block.

        >>> with Client() as client:
        ...     with client.track(phase="IMAGE_GENERATION", input={"prompt": "sunrise"}) as context:
        ...         context.output["url"] = "sunrise.png"
        >>> context.context.output["url"]
        'sunrise.png'

        The context ends as DONE with its output, as FAILED with a trace artifact when the block raises, and as
        CANCELLED when somebody stops it: Ctrl-C, SIGTERM, the end of the process. The error goes on its way.

        Args:
            persona_id: The persona it is made for; None for none.
            phase: What is done, in upper snake case: IMAGE_GENERATION, TEXT_GENERATION, VIDEO_GENERATION,
                SOCIAL_MEDIA_CONTENT or a name of one's own.
            complexity: How demanding it is, MEDIUM by default.
            input: What goes in: prompt, parameters, model.
            note: A remark for people.
            strategy: The approach, in one's own options.
            assigned_agent: Name of the agent that does it.
        """
        start = {
            "persona_id": persona_id,
            "phase": phase,
            "complexity": complexity,
            "input": input,
            "note": note,
            "strategy": strategy,
            "assigned_agent": assigned_agent,
        }
        return track(self.engagement, self._connection, start)

    def close(self) -> None:
        """Ends the connection; calls that are in flight end as cancelled. A closed client stays closed."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _invoker(self) -> ChannelInvoker:
        return self._sender


class AsyncClient(AsyncServices):
    """A connection to a Groundswell server, for one event loop.

    It connects with the first call. Every call has a deadline; what is safe to repeat is repeated while the server is
    unavailable. All calls raise the errors of `groundswell.errors` and no others.

    >>> import asyncio
    >>> async def main() -> str:
    ...     async with AsyncClient() as client:
    ...         return (await client.engagement.create_persona(name="Ava", niche="beauty")).persona.name
    >>> asyncio.run(main())
    'Ava'
    """

    def __init__(
        self,
        target: str | None = None,
        *,
        api_key: str | None = None,
        tls: Tls | bool | None = None,
        insecure: bool = False,
    ) -> None:
        """Connects to nothing yet.

        Args:
            target: Host and port, or any gRPC target; GROUNDSWELL_TARGET or "localhost:50051" when None. The calls go
                round all addresses of a host name.
            api_key: GROUNDSWELL_API_KEY when None; "" for none.
            tls: Certificates to use, True for those of the system. By default a server on this machine is reached
                without TLS and any other one with it.
            insecure: True reaches another machine without TLS, and sends it the API key in the clear.

        Raises InvalidArgument for arguments that contradict each other, and for a certificate that can't be read.
        """
        self._connection = Connection.of(target, api_key, tls, insecure)
        self._sender = AsyncChannelInvoker(self._connection)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._connection.target}>"

    @cached_property
    def operations(self) -> AsyncOperationsClient:
        """Long work of all services."""
        from groundswell.operations_client import AsyncOperationsClient

        return AsyncOperationsClient(self._invoker())

    @cached_property
    def experiments(self) -> AsyncExperiments:
        """Decides which variant is better, and says how sure that is; with tables."""
        from groundswell.experiments import AsyncExperiments

        return AsyncExperiments(self._invoker())

    def track(
        self,
        persona_id: str | None = None,
        *,
        phase: str,
        complexity: common_pb2.Complexity.ValueType | str | None = None,
        input: StructLike | None = None,
        note: str | None = None,
        strategy: StructLike | None = None,
        assigned_agent: str | None = None,
    ) -> AbstractAsyncContextManager[TrackedContext]:
        """Records one piece of generation: begins a context, ends it with the block.

        >>> import asyncio
        >>> async def main() -> str:
        ...     async with AsyncClient() as client:
        ...         async with client.track(phase="TEXT_GENERATION", complexity="high") as context:
        ...             context.succeed({"text": "Good morning"})
        ...         return context.context.output["text"]
        >>> asyncio.run(main())
        'Good morning'

        The context ends as DONE with its output, as FAILED with a trace artifact when the block raises, and as
        CANCELLED when somebody stops it: Ctrl-C, SIGTERM, the end of the process. The error goes on its way.

        Args:
            persona_id: The persona it is made for; None for none.
            phase: What is done, in upper snake case: IMAGE_GENERATION, TEXT_GENERATION, VIDEO_GENERATION,
                SOCIAL_MEDIA_CONTENT or a name of one's own.
            complexity: How demanding it is, MEDIUM by default.
            input: What goes in: prompt, parameters, model.
            note: A remark for people.
            strategy: The approach, in one's own options.
            assigned_agent: Name of the agent that does it.
        """
        start = {
            "persona_id": persona_id,
            "phase": phase,
            "complexity": complexity,
            "input": input,
            "note": note,
            "strategy": strategy,
            "assigned_agent": assigned_agent,
        }
        return track_async(self.engagement, self._connection, start)

    async def close(self) -> None:
        """Ends the connection; calls that are in flight end as cancelled. A closed client stays closed."""
        await self._sender.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _invoker(self) -> AsyncChannelInvoker:
        return self._sender

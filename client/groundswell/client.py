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

    The client connects with the first call. Every call has a deadline. Calls that are safe to repeat are repeated while
    the server is unavailable. All calls raise the errors of `groundswell.errors` and no others.

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
        """Creates a client that is not connected yet.

        Args:
            target: Host and port, or any gRPC target; GROUNDSWELL_TARGET or "localhost:50051" when None. Calls are
                distributed round robin over all addresses of a host name.
            api_key: The API key; GROUNDSWELL_API_KEY when None, no key when "".
            tls: Certificates to use, True for those of the system. When None: the files that GROUNDSWELL_CA,
                GROUNDSWELL_CERTIFICATE and GROUNDSWELL_PRIVATE_KEY name; without them, TLS for every machine except
                this one.
            insecure: True connects to another machine without TLS and sends the API key in the clear.

        Raises InvalidArgument when arguments contradict each other, or when a certificate can't be read.
        """
        self._connection = Connection.of(target, api_key, tls, insecure)
        self._sender = ChannelInvoker(self._connection)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._connection.target}>"

    @cached_property
    def operations(self) -> OperationsClient:
        """Long-running operations of all services."""
        from groundswell.operations_client import OperationsClient

        return OperationsClient(self._invoker())

    @cached_property
    def experiments(self) -> Experiments:
        """ExperimentsService, with a sender of events and analyses as tables."""
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
        """Records one piece of generation as a context that starts and ends with the block.

        >>> with Client() as client:
        ...     with client.track(phase="IMAGE_GENERATION", input={"prompt": "sunrise"}) as context:
        ...         context.output["url"] = "sunrise.png"
        >>> context.context.output["url"]
        'sunrise.png'

        The context ends as DONE with its output, as FAILED with a trace artifact when the block raises, and as
        CANCELLED when it is interrupted: Ctrl-C, SIGTERM, the end of the process. The error is raised again.

        Args:
            persona_id: The persona that the content is for; None for none.
            phase: The step, in upper snake case: IMAGE_GENERATION, TEXT_GENERATION, VIDEO_GENERATION,
                SOCIAL_MEDIA_CONTENT or your own name.
            complexity: The difficulty; MEDIUM by default.
            input: The input: prompt, parameters, model.
            note: A remark for people.
            strategy: The approach, as free data.
            assigned_agent: Name of the agent that does the work.
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
        """Closes the connection. Calls in flight end as cancelled. A closed client can't be opened again."""
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

    The client connects with the first call. Every call has a deadline. Calls that are safe to repeat are repeated while
    the server is unavailable. All calls raise the errors of `groundswell.errors` and no others.

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
        """Creates a client that is not connected yet.

        Args:
            target: Host and port, or any gRPC target; GROUNDSWELL_TARGET or "localhost:50051" when None. Calls are
                distributed round robin over all addresses of a host name.
            api_key: The API key; GROUNDSWELL_API_KEY when None, no key when "".
            tls: Certificates to use, True for those of the system. When None: the files that GROUNDSWELL_CA,
                GROUNDSWELL_CERTIFICATE and GROUNDSWELL_PRIVATE_KEY name; without them, TLS for every machine except
                this one.
            insecure: True connects to another machine without TLS and sends the API key in the clear.

        Raises InvalidArgument when arguments contradict each other, or when a certificate can't be read.
        """
        self._connection = Connection.of(target, api_key, tls, insecure)
        self._sender = AsyncChannelInvoker(self._connection)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._connection.target}>"

    @cached_property
    def operations(self) -> AsyncOperationsClient:
        """Long-running operations of all services."""
        from groundswell.operations_client import AsyncOperationsClient

        return AsyncOperationsClient(self._invoker())

    @cached_property
    def experiments(self) -> AsyncExperiments:
        """ExperimentsService, with analyses as tables."""
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
        """Records one piece of generation as a context that starts and ends with the block.

        >>> import asyncio
        >>> async def main() -> str:
        ...     async with AsyncClient() as client:
        ...         async with client.track(phase="TEXT_GENERATION", complexity="high") as context:
        ...             context.succeed({"text": "Good morning"})
        ...         return context.context.output["text"]
        >>> asyncio.run(main())
        'Good morning'

        The context ends as DONE with its output, as FAILED with a trace artifact when the block raises, and as
        CANCELLED when it is interrupted: Ctrl-C, SIGTERM, the end of the process. The error is raised again.

        Args:
            persona_id: The persona that the content is for; None for none.
            phase: The step, in upper snake case: IMAGE_GENERATION, TEXT_GENERATION, VIDEO_GENERATION,
                SOCIAL_MEDIA_CONTENT or your own name.
            complexity: The difficulty; MEDIUM by default.
            input: The input: prompt, parameters, model.
            note: A remark for people.
            strategy: The approach, as free data.
            assigned_agent: Name of the agent that does the work.
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
        """Closes the connection. Calls in flight end as cancelled. A closed client can't be opened again."""
        await self._sender.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _invoker(self) -> AsyncChannelInvoker:
        return self._sender

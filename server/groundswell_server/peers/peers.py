"""Calls from one service to another: by gRPC, over a Unix socket on the same machine, elsewhere by address.

A service never imports another's domain. It asks, on behalf of its own caller, with that caller's workspace and
role: what the caller may not do, its call may not do either. Jobs of workers ask in the same way (`jobs/peer_loop.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple, Protocol, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from groundswell.v1.services import Stubs
from groundswell_server.peers.tokens import PeerTokens
from groundswell_server.runtime.authentication import PEER_HEADER
from groundswell_server.runtime.call import Principal
from groundswell_server.runtime.errors import DETAILS_KEY
from groundswell_server.runtime.request_id import HEADER as REQUEST_ID_HEADER
from groundswell_storage.errors import GroundswellError, Unavailable

Request = TypeVar("Request", bound=Message, contravariant=True)
Response = TypeVar("Response", covariant=True)

ABSENT = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.DEADLINE_EXCEEDED}
_FINAL = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.FAILED_PRECONDITION,
}

RECONNECT = (
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
"""A peer that was started again is found within seconds; left to itself gRPC waits for up to two minutes."""


class PeerRefusal(GroundswellError):
    """What a peer answered instead of a response; it reaches the caller in the peer's own words."""

    def __init__(self, code: grpc.StatusCode, message: str, *, reason: str, metadata: Mapping[str, str]) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.code = code

    @property
    def is_final(self) -> bool:
        """Whether the same request would be refused again, as far as can be told."""
        return self.code in _FINAL


class Caller(Protocol):
    """On whose behalf a peer is asked; a call under way is one."""

    @property
    def principal(self) -> Principal:
        """Who that is."""

    @property
    def request_id(self) -> str:
        """For the peer's logs."""


class OnBehalf(NamedTuple):
    """A caller without a call, such as who asked for a job."""

    principal: Principal
    request_id: str


class UnaryCall(Protocol[Request, Response]):
    """A call of a stub: one request, one response."""

    def __call__(self, request: Request, *, metadata: Any, timeout: float) -> Any: ...


class Peers(Stubs):
    """Typed stubs of the suite's services, wherever they are served."""

    def __init__(
        self,
        addresses: Mapping[str, str],
        peer_socket: str,
        tokens: PeerTokens,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        """`peer_socket`: where services are that `addresses` does not name, a target of gRPC.

        It is empty for a worker by itself: then a stub of such a service raises Unavailable.
        """
        self._addresses = addresses
        self._credentials = credentials
        self._peer_socket = peer_socket
        self._tokens = tokens
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def ask(
        self, caller: Caller, method: UnaryCall[Request, Response], request: Request, *, timeout_seconds: float = 5.0
    ) -> Response:
        """Makes a call on behalf of a caller.

        Raises the peer's refusal in its own words, and Unavailable when it can't be reached or does not serve the
        call. Never inside a transaction: on SQLite's one thread it would wait for itself.
        """
        return await self.ask_as(caller.principal, caller.request_id, method, request, timeout_seconds=timeout_seconds)

    async def ask_as(
        self,
        principal: Principal,
        request_id: str,
        method: UnaryCall[Request, Response],
        request: Request,
        *,
        timeout_seconds: float = 5.0,
    ) -> Response:
        """The same on behalf of somebody whose call is over; `request_id` is for the peer's logs."""
        metadata = ((PEER_HEADER, await self._tokens.sign(principal)), (REQUEST_ID_HEADER, request_id))
        try:
            response: Response = await method(request, metadata=metadata, timeout=timeout_seconds)
            return response
        except grpc.aio.AioRpcError as error:
            raise _typed(error, request.DESCRIPTOR.full_name) from error

    async def close(self) -> None:
        """Closes the channels."""
        for channel in self._channels.values():
            await channel.close()

    def _channel(self, service: str) -> grpc.aio.Channel:
        target = self._addresses.get(service, self._peer_socket)
        if not target:
            raise Unavailable(
                f"the service {service} is served nowhere that is known here: name it in GROUNDSWELL_PEERS",
                reason="PEER_UNAVAILABLE",
                metadata={"request": service},
            )
        if target not in self._channels:
            self._channels[target] = self._open(target, elsewhere=service in self._addresses)
        return self._channels[target]

    def _open(self, target: str, *, elsewhere: bool) -> grpc.aio.Channel:
        if elsewhere and self._credentials is not None:
            return grpc.aio.secure_channel(target, self._credentials, options=RECONNECT)
        return grpc.aio.insecure_channel(target, options=RECONNECT)


def _typed(error: grpc.aio.AioRpcError, asked: str) -> GroundswellError:
    message = error.details() or ""
    if error.code() in ABSENT:
        return Unavailable(
            f"another service can't be reached: {message}",
            reason="PEER_UNAVAILABLE",
            metadata={"request": asked},
            retry_after=timedelta(seconds=1),
        )
    info = _error_info(error)
    return PeerRefusal(error.code(), message, reason=info.reason, metadata=dict(info.metadata))


def _error_info(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    info = error_details_pb2.ErrorInfo()
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY:
            for detail in status_pb2.Status.FromString(value if isinstance(value, bytes) else b"").details:
                if detail.Unpack(info):
                    break
    return info

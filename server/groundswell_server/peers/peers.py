"""Calls from one service to another: by gRPC, over a Unix socket on the same machine, elsewhere by address.

A service never imports another's domain. It calls the other service on behalf of its own caller, with that caller's
workspace, role and scopes. Jobs in workers do the same (`jobs/peer_loop.py`).
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
"""A restarted peer is reached within seconds; with the defaults of gRPC it takes up to two minutes."""


class PeerRefusal(GroundswellError):
    """A peer's refusal, which is passed on to the caller unchanged."""

    def __init__(self, code: grpc.StatusCode, message: str, *, reason: str, metadata: Mapping[str, str]) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.code = code

    @property
    def is_final(self) -> bool:
        """Returns True when the same request would very likely be refused again."""
        return self.code in _FINAL


class Caller(Protocol):
    """The caller on whose behalf a peer is called. A `Call` is one."""

    @property
    def principal(self) -> Principal:
        """The caller's identity and rights."""

    @property
    def request_id(self) -> str:
        """The id of the request in the peer's logs."""


class OnBehalf(NamedTuple):
    """A caller whose call has ended, such as the caller who started a job."""

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
        """`peer_socket` is the gRPC target of the services that `addresses` does not name.

        It is empty for a worker that runs alone; a stub of such a service then raises Unavailable.
        """
        self._addresses = addresses
        self._credentials = credentials
        self._peer_socket = peer_socket
        self._tokens = tokens
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def call(
        self, caller: Caller, method: UnaryCall[Request, Response], request: Request, *, timeout_seconds: float = 5.0
    ) -> Response:
        """Makes a call on behalf of a caller.

        Raises PeerRefusal, and Unavailable when the peer is unreachable or does not serve the call. Never call it
        inside a transaction: on SQLite's single writer thread it would wait for itself.
        """
        return await self.call_as(caller.principal, caller.request_id, method, request, timeout_seconds=timeout_seconds)

    async def call_as(
        self,
        principal: Principal,
        request_id: str,
        method: UnaryCall[Request, Response],
        request: Request,
        *,
        timeout_seconds: float = 5.0,
    ) -> Response:
        """Makes a call on behalf of a principal whose own call is over. `request_id` is for the peer's logs."""
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
                f"no address is configured for the service {service}: set it in GROUNDSWELL_PEERS",
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


def _typed(error: grpc.aio.AioRpcError, request_type: str) -> GroundswellError:
    message = error.details() or ""
    if error.code() in ABSENT:
        return Unavailable(
            f"another service cannot be reached: {message}",
            reason="PEER_UNAVAILABLE",
            metadata={"request": request_type},
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

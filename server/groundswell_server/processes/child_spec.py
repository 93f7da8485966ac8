"""The protocol between a supervisor and its child processes: the child's specification, and its reports.

They share one socket, which is the child's standard input: the parent writes the specification, the child reports when
it is ready, and the end of the stream means that the other process is gone. So no child outlives its parent, and no
secret is on a command line or in the environment.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from groundswell_server.settings import Settings

Role = Literal["server", "worker"]


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """The specification of a child process."""

    role: Role
    number: int
    """Its number among those of its role, from 0."""
    settings: Settings
    services: tuple[str, ...] = ()
    """The services of a server."""
    insecure: bool = False
    peer_socket: str = ""
    """A Unix socket as a gRPC target: a server listens there for peers, a worker calls a server there."""

    @property
    def name(self) -> str:
        """The name in logs and in the list of processes."""
        return f"{self.role}-{self.number}"

    def encode(self) -> bytes:
        """Returns one line of JSON."""
        fields = {
            "role": self.role,
            "number": self.number,
            "settings": self.settings.model_dump(),
            "services": self.services,
            "insecure": self.insecure,
            "peer_socket": self.peer_socket,
        }
        return json.dumps(fields, default=_plain).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> ChildSpec:
        """Reads the output of `encode`."""
        fields = json.loads(line)
        return cls(
            role=fields["role"],
            number=fields["number"],
            settings=Settings(**fields["settings"]),
            services=tuple(fields["services"]),
            insecure=fields["insecure"],
            peer_socket=fields["peer_socket"],
        )


@dataclass(frozen=True, slots=True)
class Report:
    """A report of a child process."""

    ready: bool = False
    port: int = 0
    """The port on which a server listens."""
    failure: str = ""
    """The reason for which it could not start, for people."""
    permanent: bool = False
    """True when another start would fail in the same way, because a setting is wrong."""

    def encode(self) -> bytes:
        """Returns one line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Report:
        """Reads the output of `encode`."""
        return cls(**json.loads(line))


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a setting of type {type(value).__name__} cannot be encoded for a child process")

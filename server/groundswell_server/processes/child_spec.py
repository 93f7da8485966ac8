"""What a parent and its child processes say to each other.

They share one socket, which is the child's standard input: the parent writes the child's spec, the child answers
when it is ready, and the end of the stream tells either that the other is gone. So no child outlives its parent,
however that ends, and no secret stands on a command line or in an environment.
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
    """What a child is to do."""

    role: Role
    number: int
    """Its number among those of its role, from 0."""
    settings: Settings
    services: tuple[str, ...] = ()
    """For a server: what it serves."""
    insecure: bool = False
    peer_socket: str = ""
    """A Unix socket, as a target of gRPC: a server is to listen there for peers, a worker finds a server there."""

    @property
    def name(self) -> str:
        """For logs, and for people who look at the list of processes."""
        return f"{self.role}-{self.number}"

    def encode(self) -> bytes:
        """One line."""
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
        """Reads what `encode` wrote."""
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
    """What a child says."""

    ready: bool = False
    port: int = 0
    """The port that a server listens on."""
    failure: str = ""
    """Why it could not start, for people."""
    hopeless: bool = False
    """Whether another try would fail the same way: a setting is wrong."""

    def encode(self) -> bytes:
        """One line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> Report:
        """Reads what `encode` wrote."""
        return cls(**json.loads(line))


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a setting of type {type(value).__name__} has no way to a child process yet")

"""The options of every command that reaches a running server: what it is known by, and what this side is known by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from inspect import Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from groundswell import Client, Tls

Target = Annotated[str | None, typer.Option(help="The server; GROUNDSWELL_TARGET or localhost:50051.")]
Authority = Annotated[
    Path | None, typer.Option("--ca", help="PEM file of the CA of the server's certificate; reaches it by TLS.")
]
Certificate = Annotated[Path | None, typer.Option("--certificate", help="PEM file of a certificate of one's own.")]
Key = Annotated[Path | None, typer.Option("--key", help="PEM file of its private key.")]

Reach = Callable[[], "Client"]
"""Makes a client of the server that the options name, to be closed."""


def reaching(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options above behind its own; in their place it is given, first, what makes a client."""

    def run(
        target: Target = None, authority: Authority = None, certificate: Certificate = None, key: Key = None, **own: Any
    ) -> None:
        from groundswell import Client

        command(partial(Client, target, tls=tls_of(authority, certificate, key)), **own)

    *options, _ = signature(run, eval_str=True).parameters.values()
    _, *parameters = signature(command, eval_str=True).parameters.values()
    # All that typer knows of a command.
    run.__signature__ = Signature([*parameters, *options])  # type: ignore[attr-defined]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def tls_of(authority: Path | None, certificate: Path | None, key: Path | None) -> Tls | None:
    """How the options say to know the server; None where they say nothing, for what the SDK does by itself."""
    if authority is None and certificate is None and key is None:
        return None
    from groundswell import Tls

    return Tls(root_certificates=authority, certificate=certificate, key=key)


@contextmanager
def as_typed(typed: Mapping[str, str]) -> Iterator[None]:
    """Says what is wrong with a request in words of the command line: by field of the contract, what was typed."""
    from groundswell.errors import InvalidArgument

    try:
        yield
    except InvalidArgument as error:
        if not error.fields:
            raise
        told = (f"{typed.get(each.field, each.field)}: {each.description}" for each in error.fields)
        raise InvalidArgument("; ".join(told)) from error

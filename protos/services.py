"""Writes the module that names every service once, so that the SDK's clients need no line of their own for one."""

from __future__ import annotations

from collections.abc import Iterator

from clients import docstring, module_name
from contract import Service, snake_case


def render_services(services: tuple[Service, ...]) -> str:
    """The text of `services.py`: the bases of the SDK's clients, and the descriptors of what they call."""
    lines = ['"""The services of the contract, generated from it: do not edit."""', ""]
    lines += ["from __future__ import annotations", ""]
    lines += ["from abc import ABC, abstractmethod", "from functools import cached_property"]
    lines += ["from typing import TYPE_CHECKING", "", "if TYPE_CHECKING:"]
    lines += ["    from google.protobuf.descriptor import FileDescriptor", ""]
    lines += ["    from groundswell._invoking import AsyncInvoker, Invoker"]
    for service in services:
        lines.append(f"    from groundswell.v1.{module_name(service)} import {', '.join(_class_names(service))}")
    lines += ["", "", *_descriptors(services)]
    for prefix in ("", "Async"):
        lines += ["", "", *_bases(services, prefix)]
    return "\n".join(lines) + "\n"


def _class_names(service: Service) -> tuple[str, str]:
    return f"Async{service.base_name}Client", f"{service.base_name}Client"


def _descriptors(services: tuple[Service, ...]) -> Iterator[str]:
    modules = list(dict.fromkeys(service.module for service in services))
    yield "def descriptors() -> tuple[FileDescriptor, ...]:"
    yield '    """The files of the contract that have services. Imports all of them."""'
    yield f"    from groundswell.v1 import {', '.join(modules)}"
    yield ""
    yield f"    return ({' '.join(f'{module}.DESCRIPTOR,' for module in modules)})"


def _bases(services: tuple[Service, ...], prefix: str) -> Iterator[str]:
    yield f"class {prefix}Services(ABC):"
    yield '    """One typed client a service, each imported when it is first used."""'
    yield ""
    yield "    @abstractmethod"
    yield f"    def _invoker(self) -> {prefix}Invoker:"
    yield '        """Sends the calls of all of them."""'
    for service in services:
        name = f"{prefix}{service.base_name}Client"
        yield ""
        yield "    @cached_property"
        yield f"    def {snake_case(service.base_name)}(self) -> {name}:"
        yield from docstring(service.comment, (), 8)
        yield f"        from groundswell.v1.{module_name(service)} import {name}"
        yield ""
        yield f"        return {name}(self._invoker())"

"""Renders the modules that name every service and file of the contract, so that nobody lists them by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from clients import docstring, module_name
from contract import PACKAGE, Service, snake_case


def render_services(services: tuple[Service, ...], imported: tuple[Service, ...]) -> str:
    """Returns the text of `services.py`: descriptors, the bases of the SDK's clients, and typed stubs for peers."""
    lines = ['"""The services of the contract, generated from it: do not edit."""', ""]
    lines += ["from __future__ import annotations", ""]
    lines += ["from abc import ABC, abstractmethod", "from functools import cached_property"]
    lines += ["from typing import TYPE_CHECKING", "", "if TYPE_CHECKING:"]
    lines += ["    import grpc.aio", "    from google.protobuf.descriptor import ServiceDescriptor", ""]
    lines += ["    from groundswell._invoker import AsyncInvoker, Invoker"]
    for service in services:
        lines.append(f"    from groundswell.v1.{module_name(service)} import {', '.join(_class_names(service))}")
        lines.append(f"    from groundswell.v1.{service.module}_grpc import {_stub_name(service)}")
    lines += ["", "", *_descriptors((*services, *imported))]
    for prefix in ("", "Async"):
        lines += ["", "", *_bases(services, prefix)]
    lines += ["", "", *_stubs(services)]
    return "\n".join(lines) + "\n"


def _class_names(service: Service) -> tuple[str, str]:
    return f"Async{service.base_name}Client", f"{service.base_name}Client"


def _stub_name(service: Service) -> str:
    """The name under which the type stubs know the stub of a service for asyncio."""
    return f"{service.full_name.rpartition('.')[2]}AsyncStub"


def _descriptors(services: tuple[Service, ...]) -> Iterator[str]:
    yield "def services() -> dict[str, ServiceDescriptor]:"
    yield '    """Returns every service by its short name; last those of imported files. Imports all of them."""'
    yield from (f"    from {package} import {module}" for package, module in _modules(services))
    yield ""
    yield "    return {"
    for service in services:
        name = service.full_name.rpartition(".")[2]
        yield f'        "{snake_case(service.base_name)}": {service.module}.DESCRIPTOR.services_by_name["{name}"],'
    yield "    }"


def _modules(services: tuple[Service, ...]) -> dict[tuple[str, str], None]:
    return dict.fromkeys((service.package, service.module) for service in services)


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


def _stubs(services: tuple[Service, ...]) -> Iterator[str]:
    yield "class Stubs(ABC):"
    yield '    """The stub of each service for asyncio, made when it is first used."""'
    yield ""
    yield "    @abstractmethod"
    yield "    def _channel(self, service: str) -> grpc.aio.Channel:"
    yield '        """Returns the channel to a service, by its short name."""'
    for service in services:
        name = snake_case(service.base_name)
        yield ""
        yield "    @cached_property"
        yield f"    def {name}(self) -> {_stub_name(service)}:"
        yield f'        """The stub of {service.full_name}."""'
        yield f"        from groundswell.v1 import {service.module}_grpc as module"
        yield ""
        yield f'        return module.{service.full_name.rpartition(".")[2]}Stub(self._channel("{name}"))'


def render_types(files: Iterable[str]) -> str:
    """Returns the text of `types.py`: everything that the files of the contract declare."""
    lines = ['"""All messages and enums of the contract, generated from it: do not edit."""', ""]
    lines += ["from __future__ import annotations", ""]
    lines += [f"from {PACKAGE}.{PurePosixPath(name).stem}_pb2 import *" for name in files]
    return "\n".join(lines) + "\n"

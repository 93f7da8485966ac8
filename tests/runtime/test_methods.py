"""Servicer methods against the options that the contract declares for their calls."""

from __future__ import annotations

from typing import Any

import pytest
from google.longrunning import operations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor

from groundswell.call_options import CallOptions, options_of
from groundswell.v1 import options_pb2
from groundswell.v1.options_pb2 import Audit, Role
from groundswell_server.runtime import permissions
from groundswell_server.runtime.call import EVERY_SCOPE, Principal
from groundswell_server.runtime.methods import Mode, methods_of, rpc
from groundswell_server.services.registry import SERVICES
from groundswell_storage.errors import PermissionDenied

OPERATIONS = operations_pb2.DESCRIPTOR.services_by_name["Operations"]


def service_of(name: str, *, declared: bool = True, reads: bool = False, audit: str = "NONE") -> ServiceDescriptor:
    """A service `Tries` with one call, `Try`; `name` makes its file and package unique."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package=name, syntax="proto3")
    file.message_type.add(name="TryRequest").field.add(
        name="request_id",
        number=1,
        type=descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
        label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
    )
    file.message_type.add(name="TryResponse")
    method = file.service.add(name="Tries").method.add(
        name="Try", input_type=f".{name}.TryRequest", output_type=f".{name}.TryResponse"
    )
    if declared:
        call = method.options.Extensions[options_pb2.call]
        call.role, call.scope, call.audit = Role.ROLE_WRITER, "tries.write", Audit.Value(f"AUDIT_{audit}")
    if reads:
        method.options.idempotency_level = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindServiceByName(f"{name}.Tries")


class Synchronous:
    @rpc
    def Try(self, request: Any, scope: Any) -> None: ...


class Asynchronous:
    @rpc
    async def Try(self, request: Any, call: Any) -> None: ...


class Unmarked:
    def Try(self, request: Any, scope: Any) -> None: ...


def test_a_synchronous_method_writes_unless_the_contract_declares_no_side_effects() -> None:
    [method] = methods_of(service_of("tries_writing"), Synchronous())
    assert method.mode is Mode.WRITE
    assert not method.audited


def test_the_audit_of_the_contract_is_the_audit_of_the_method() -> None:
    [method] = methods_of(service_of("tries_audited", audit="RUNTIME"), Synchronous())
    assert method.audited


@pytest.mark.parametrize(
    ("service", "servicer", "problem"),
    [
        (service_of("tries_undeclared", declared=False), Synchronous(), r"Tries\.Try has no option"),
        (service_of("tries_unmarked"), Unmarked(), r"Tries\.Try: its servicer method is not marked with @rpc"),
        (service_of("tries_missing"), object(), r"does not implement tries_missing\.Tries\.Try"),
        (service_of("tries_inline"), Asynchronous(), r"Tries\.Try takes a request_id"),
        (service_of("tries_read", reads=True), Synchronous(), r"Tries\.Try takes a request_id"),
    ],
    ids=lambda each: each.full_name if isinstance(each, ServiceDescriptor) else "",
)
def test_a_method_that_does_not_fit_the_contract_is_refused_by_name(
    service: ServiceDescriptor, servicer: object, problem: str
) -> None:
    with pytest.raises(TypeError, match=problem):
        list(methods_of(service, servicer))


def test_arguments_of_the_decorator_are_kept() -> None:
    class Servicer:
        @rpc(accepts=bool, preload="json")
        def Try(self, request: Any, scope: Any) -> None: ...

    [method] = methods_of(service_of("tries_arguments"), Servicer())
    assert (method.rpc.accepts, method.rpc.preload, method.rpc.waits) == (bool, "json", False)


def test_calls_of_standard_services_have_options_as_well() -> None:
    cancel = options_of(OPERATIONS.methods_by_name["CancelOperation"])
    assert cancel == CallOptions("writer", "operations.write", Audit.AUDIT_RUNTIME, None, reads=False, idempotent=True)
    assert options_of(OPERATIONS.methods_by_name["GetOperation"]).reads


def test_a_role_may_make_the_calls_of_the_roles_before_it() -> None:
    access = permissions.access_of(SERVICES["engagement"].methods_by_name["StartContext"])
    assert access.roles == {"agent", "writer", "operator", "admin"}
    permissions.authorize(Principal("w", "agent", "a", EVERY_SCOPE), access)
    with pytest.raises(PermissionDenied, match="role reader may not call"):
        permissions.authorize(Principal("w", "reader", "a", EVERY_SCOPE), access)


@pytest.mark.parametrize("scopes", [set(), {"engagement.read"}])
def test_a_key_may_use_only_the_scopes_that_it_has(scopes: set[str]) -> None:
    access = permissions.access_of(SERVICES["engagement"].methods_by_name["CreatePost"])
    permissions.authorize(Principal("w", "writer", "a", frozenset({"engagement.write"})), access)
    with pytest.raises(PermissionDenied, match=r"lacks the scope engagement\.write"):
        permissions.authorize(Principal("w", "writer", "a", frozenset(scopes)), access)


@pytest.mark.parametrize("name", SERVICES)
def test_every_call_of_the_suite_declares_its_options(name: str) -> None:
    for method in SERVICES[name].methods:
        assert options_of(method).scope.startswith(f"{name}.")

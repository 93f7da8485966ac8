"""The options that the contract declares for each call: role, scope, audit, effect and deadline.

>>> from groundswell.v1.services import services
>>> options_of(services()["engagement"].methods_by_name["CreatePost"]).role
'writer'
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from groundswell.v1 import options_pb2
from groundswell.v1.options_pb2 import Audit, Role

ROLES = tuple(name.removeprefix("ROLE_").lower() for name in Role.keys()[1:])  # not a dictionary
"""All roles from the least to the greatest: "anybody", "reader", ... "admin"."""


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The requirements and the effect of a call, as the contract declares them."""

    role: str
    """The least role that may make it, one of ROLES."""
    scope: str
    """The scope that the caller's API key must have; empty when the call requires none."""
    audit: Audit.ValueType
    """The writer of the change's audit entry; AUDIT_UNSPECIFIED for reads."""
    timeout: timedelta | None
    """Deadline that a client sets by default; None for the client's own default."""
    reads: bool
    """True for a call that changes nothing."""
    idempotent: bool
    """True for a call that changes nothing when it is repeated. Calls with a `request_id` are safe to repeat too."""

    @property
    def requirement(self) -> str:
        """Returns a sentence about what the caller needs."""
        if not self.scope:
            return f"Needs the role {self.role}." if self.role != ROLES[0] else "Open to anybody."
        return f"Needs the role {self.role} and the scope {self.scope}."

    @property
    def roles(self) -> tuple[str, ...]:
        """Returns every role that may make the call, from the least to the greatest."""
        return ROLES[ROLES.index(self.role) :]


def options_of(method: MethodDescriptor) -> CallOptions:
    """Returns the options of a call. Raises TypeError for a call that the contract declares none for."""
    options = method.GetOptions()
    if not options.HasExtension(options_pb2.call):
        standard = _standard_calls()
        found = standard.get(method.full_name) or standard.get(method.containing_service.full_name)
        if found is None:
            raise TypeError(f"{method.full_name} has no option (groundswell.v1.call): add it to the contract")
        options = found
    call = options.Extensions[options_pb2.call]
    if call.role == Role.ROLE_UNSPECIFIED:
        raise TypeError(f"{method.full_name} names no role in its option (groundswell.v1.call)")
    reads = options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    return CallOptions(
        role=Role.Name(call.role).removeprefix("ROLE_").lower(),
        scope=call.scope,
        audit=call.audit,
        timeout=call.timeout.ToTimedelta() if call.HasField("timeout") else None,
        reads=reads,
        idempotent=reads or options.idempotency_level == MethodOptions.IDEMPOTENT,
    )


@cache
def _standard_calls() -> dict[str, MethodOptions]:
    """Returns the options of the calls of standard services, by full name of the call or of its service."""
    declared = options_pb2.DESCRIPTOR.GetOptions().Extensions[options_pb2.standard_calls]
    return {name: each.options for each in declared for name in each.names}

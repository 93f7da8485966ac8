"""The check of a caller's role and scopes against the options that the contract declares for a call."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.descriptor import MethodDescriptor

from groundswell.call_options import ROLES, options_of
from groundswell_server.runtime.call import Principal
from groundswell_server.runtime.methods import path_of
from groundswell_storage.access.keys import ALL_SCOPES
from groundswell_storage.errors import PermissionDenied


@dataclass(frozen=True, slots=True)
class Access:
    """The rights that a call requires of its caller."""

    path: str
    """The call's path on the wire."""
    roles: frozenset[str]
    """The roles that may make it."""
    scope: str
    """The scope that the caller's API key must have; empty when the call requires none."""

    @property
    def is_public(self) -> bool:
        """True when the call needs no credentials."""
        return "anonymous" in self.roles


def access_of(method: MethodDescriptor) -> Access:
    """Returns the rights that a call requires. Raises TypeError for a call without options in the contract."""
    options = options_of(method)
    roles = frozenset(options.roles)
    return Access(path_of(method), roles | {"anonymous"} if ROLES[0] in roles else roles, options.scope)


def authorize(principal: Principal, access: Access) -> None:
    """Raises PermissionDenied unless the role and the scopes of the caller allow the call."""
    if principal.role not in access.roles:
        needed = sorted(access.roles)
        raise PermissionDenied(
            f"role {principal.role} may not call {access.path}; the call requires one of {', '.join(needed)}",
            reason="PERMISSION_DENIED",
            metadata={"method": access.path, "role": principal.role, "needs": ",".join(needed)},
        )
    scopes = principal.scopes
    if access.scope and access.scope not in scopes and ALL_SCOPES not in scopes:
        raise PermissionDenied(
            f"the key lacks the scope {access.scope} that {access.path} needs",
            reason="PERMISSION_DENIED",
            metadata={"method": access.path, "role": principal.role, "needs": access.scope},
        )

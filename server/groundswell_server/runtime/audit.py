"""The audit of changes by the runtime: each call with AUDIT_RUNTIME leaves an entry in its own transaction.

The entry has the caller, the time, the action and its subject, and no content of the request. The domain of a call
with AUDIT_DOMAIN writes its own entry, with the values before and after.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from groundswell_server.runtime.methods import Method
from groundswell_storage.audit import audit
from groundswell_storage.scope import Scope

_PAST = {"Submit": "submitted", "Cancel": "cancelled", "Set": "set"}
"""Past participles of verbs that do not take -d or -ed alone."""


def recorded(method: Method) -> Callable[..., Any]:
    """Returns the method's function followed by its audit entry, or the function itself when it has none."""
    function = method.function
    if not method.audited:
        return function
    action = action_of(method.name)

    def change(request: Any, scope: Scope, *prepared: Any) -> Any:
        response = function(request, scope, *prepared)
        audit.record(scope, action, subject_of(request, response))
        return response

    return change


def action_of(name: str) -> str:
    """Returns the action of a call by its name: `UpdatePersona` -> `persona.updated`."""
    verb, *noun = re.findall(r"[A-Z][a-z0-9]*", name)
    past = _PAST.get(verb) or verb.lower() + ("d" if verb.endswith("e") else "ed")
    return f"{'_'.join(noun).lower()}.{past}"


def subject_of(request: Message, response: Message) -> str:
    """Returns the subject of a call: the resource in its response, or the first one that its request names."""
    for field, value in response.ListFields():
        if field.message_type is not None and "id" in field.message_type.fields_by_name and not field.is_repeated:
            return f"{field.name}/{value.id}"
    for field, value in request.ListFields():
        if field.name == "name":
            return str(value)
        if field.name.endswith("_id") and field.name != "request_id":
            return f"{field.name.removesuffix('_id')}/{value}"
    return ""

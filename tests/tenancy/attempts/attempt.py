"""An attempt to reach another workspace: its request, and the answer that it has to get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.workspaces import Workspace

Fields = Mapping[str, Any]
Attempt = tuple[str, Callable[[Workspace], Fields]]
"""The expected answer, and the fields of the request, made from the ids of the other workspace.

The answer is the reason of a refusal, `NOTHING` or `OWN_TEST`.
"""

PERSONA = "PERSONA_NOT_FOUND"
CONTEXT = "CONTEXT_NOT_FOUND"
POST = "POST_NOT_FOUND"
CONNECTION = "CONNECTION_NOT_FOUND"
MODEL = "MODEL_NOT_FOUND"
OPERATION = "OPERATION_NOT_FOUND"
EXPERIMENT = "EXPERIMENT_NOT_FOUND"
ROLLOUT = "ROLLOUT_NOT_FOUND"
NOTHING = "an empty answer"
OWN_TEST = "a test of its own"
"""The call cannot name anything of another workspace, or needs more than one request: it has a test of its own."""

"""All messages and enums of the contract under one name.

>>> from groundswell import types
>>> types.Metrics(likes=12, reach=300).reach
300
"""

from __future__ import annotations

from groundswell.v1.types import *  # noqa: F403

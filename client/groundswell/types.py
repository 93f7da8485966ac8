"""All messages and enums of the contract under one name: a line for every file of it.

>>> from groundswell import types
>>> types.Metrics(likes=12, reach=300).reach
300
"""

from __future__ import annotations

from groundswell.v1.common_pb2 import *  # noqa: F403
from groundswell.v1.engagement_pb2 import *  # noqa: F403
from groundswell.v1.errors_pb2 import *  # noqa: F403
from groundswell.v1.experiments_pb2 import *  # noqa: F403
from groundswell.v1.learning_pb2 import *  # noqa: F403

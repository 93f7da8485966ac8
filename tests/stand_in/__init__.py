"""A stand-in for the platforms: a local server that speaks their wire shapes, errors, limits and headers.

    python -m tests.stand_in --port 8099

serves counts of any post that it is asked for; GROUNDSWELL_INSTAGRAM_URL and its like say where it is. Tests make one
with posts, faults and a clock of their own.
"""

from tests.stand_in.posts import Fault, StandInPost
from tests.stand_in.server import StandIn

__all__ = ["Fault", "StandIn", "StandInPost"]

"""Projects the count of a post to a later age by the growth of past posts.

The interval consists of order statistics of past growths and assumes no distribution. Of n growths and one to come, all
n + 1 ranks of the latter are equally likely. It therefore lies between the k-th smallest and the k-th largest with
probability 1 - 2k / (n + 1), when posts grow like those before them. (Vovk, V., Gammerman, A., Shafer, G. 2005,
"Algorithmic Learning in a Random World", chapter 2; Wilks, S. S. 1941, Annals of Mathematical Statistics 12.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

from groundswell_server.engagement.estimates import Estimate, Interval

LEVEL: Final = 0.9
"""Minimum probability of the interval; at least 19 growths are needed for it."""


def project(count: float, growths: Sequence[float]) -> Estimate | None:
    """Projects a count to a later age.

    Args:
        count: the present count.
        growths: ratios of the later to the present count of past posts, each positive.

    Returns the median projection with its interval, without one below 19 growths; None without any growth.
    """
    if not growths:
        return None
    ordered = sorted(growths)
    # The small number compensates for rounding: 0.05 * 20 must not fall below 1.
    rank = math.floor((1.0 - LEVEL) / 2.0 * (len(ordered) + 1) + 1e-9)
    interval = None
    if rank:
        level = 1.0 - 2.0 * rank / (len(ordered) + 1)
        interval = Interval(count * ordered[rank - 1], count * ordered[-rank], level)
    return Estimate(count * median(ordered), interval, len(ordered))

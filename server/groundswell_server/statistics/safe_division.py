"""Division where nothing to divide by is an answer, and no error."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def safe_divide(above: ArrayLike, below: ArrayLike, otherwise: ArrayLike = 0.0) -> NDArray[np.float64]:
    """(...) above / below, and `otherwise` where below is 0."""
    known = np.asarray(below) != 0.0
    return np.asarray(np.where(known, np.asarray(above) / np.where(known, below, 1.0), otherwise))

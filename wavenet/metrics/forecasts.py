"""How good forecasts are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet.base.validation import doubles


def continuous_ranked_probability_score(paths: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Continuous ranked probability score of an ensemble, in units of y; lower is better.

    E|X - y| - E|X - X'| / 2 with the mean over all pairs of different members, which makes it fair
    to ensembles of any size (Ferro 2014). Of one value it is the absolute error.

    Parameters
    ----------
    paths
        `(members, ...)`.
    y
        `(...)`, the observed values.

    Raises
    ------
    ValueError
        No members, or shapes that do not fit.
    """
    x, y = doubles(paths, "paths"), doubles(y, "y")
    if x.ndim < 1 or x.shape[1:] != y.shape:
        raise ValueError(f"the paths have the shape {x.shape}, the values {y.shape}")
    count = len(x)
    if not count:
        raise ValueError(f"there must be at least one path, got the shape {x.shape}")
    x = np.sort(x, axis=0)
    error = np.abs(x - y).mean(axis=0)
    if count == 1:
        return error
    weights = 2 * np.arange(1, count + 1) - count - 1  # sum of |differences| of sorted values
    spread = np.tensordot(weights, x, axes=1) / (count * (count - 1))
    return error - spread

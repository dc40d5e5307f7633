"""Dynamic time warping."""

from __future__ import annotations

import numpy as np


def dtw(X: np.ndarray, Y: np.ndarray) -> tuple[float, np.ndarray]:
    """The path of least cost between two sequences (Sakoe and Chiba 1978), without slope limits.

    Parameters
    ----------
    X : (n, n_features)
    Y : (m, n_features)
        The cost of a pair is the Euclidean distance of its frames.

    Returns
    -------
    cost : float
        Sum over the path.
    path : (n_pairs, 2)
        Pairs of frames from (0, 0) to (n - 1, m - 1). Ties go to the diagonal, then to X.

    Raises
    ------
    ValueError
        Shapes that do not fit, or values that are not finite.
    """
    X, Y = np.asarray(X, np.float64), np.asarray(Y, np.float64)
    if X.ndim != 2 or Y.ndim != 2 or X.shape[1] != Y.shape[1] or 0 in (X.size, Y.size):
        raise ValueError(
            f"X and Y must have shapes (n, n_features) and (m, n_features), got {X.shape} and "
            f"{Y.shape}"
        )
    if not (np.isfinite(X).all() and np.isfinite(Y).all()):
        raise ValueError("X or Y has values that are not finite")
    squares = (X**2).sum(axis=1)[:, None] + (Y**2).sum(axis=1) - 2.0 * X @ Y.T
    total = _accumulate(np.sqrt(np.maximum(squares, 0.0)))
    return float(total[-1, -1]), _trace(total[1:, 1:])


def _accumulate(distance: np.ndarray) -> np.ndarray:
    """Least cost to each cell, (n + 1, m + 1) with a border; one vector per antidiagonal."""
    n, m = distance.shape
    total = np.full((n + 1, m + 1), np.inf)
    total[0, 0] = 0.0
    width = m + 1
    flat, cost = total.ravel(), distance.ravel()
    for k in range(n + m - 1):
        i = np.arange(max(0, k - m + 1), min(n, k + 1))
        cell = (i + 1) * width + (k - i) + 1
        before = np.minimum(flat[cell - width - 1], flat[cell - width])
        flat[cell] = np.minimum(before, flat[cell - 1]) + cost[i * m + k - i]
    return total


def _trace(total: np.ndarray) -> np.ndarray:
    i, j = total.shape[0] - 1, total.shape[1] - 1
    path = [(i, j)]
    while i or j:
        if i == 0:
            j -= 1
        elif j == 0:
            i -= 1
        else:
            steps = ((i - 1, j - 1), (i - 1, j), (i, j - 1))
            i, j = min(steps, key=lambda cell: total[cell])
        path.append((i, j))
    return np.array(path[::-1])

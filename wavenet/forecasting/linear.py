"""The linear part of a forecast: the next rows from those before them, by ridge regression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RIDGE = 1000.0  # of values of deviation 1
_CALM = 0.1  # least scale, in units of that of all training data


def fit_lags(values: NDArray[np.float64], lags: int, patch: int) -> NDArray[np.float32]:
    """Weights of the rows before a patch of rows, the oldest first; those of each row sum to 1.

    The weights predict the change from the last row from the differences of the others to it, so
    that the level of the series does not matter (as in NLinear, arXiv 2205.13504).

    Parameters
    ----------
    values
        `(n, targets)`, n at least `lags + patch`.
    lags, patch
        How many rows before count, and how many follow.

    Returns
    -------
    ndarray
        `(targets, patch, lags)`.
    """
    weights = np.zeros((values.shape[1], patch, lags))
    for target, y in enumerate((values / values.std(axis=0)).T):
        windows = np.lib.stride_tricks.sliding_window_view(y, lags + patch)
        last = windows[:, lags - 1 : lags]
        inputs = windows[:, : lags - 1] - last
        gram = inputs.T @ inputs + RIDGE * np.eye(lags - 1)
        weights[target, :, :-1] = np.linalg.solve(gram, inputs.T @ (windows[:, lags:] - last)).T
        weights[target, :, -1] = 1 - weights[target].sum(axis=1)
    return weights.astype(np.float32)


def remove_lags(values: NDArray[np.float64], weights: NDArray) -> NDArray[np.float64]:
    """What the linear part leaves of the patch that starts at each row from `lags` on.

    `(n, targets)` to `(n - lags - patch + 1, patch * targets)`.
    """
    lags, patch = weights.shape[2], weights.shape[1]
    windows = np.lib.stride_tricks.sliding_window_view(values, lags + patch, axis=0)
    weights = _of_sum_one(weights)
    linear = np.einsum("ntl,tpl->npt", windows[:, :, :lags], weights, optimize=True)
    return (windows[:, :, lags:].transpose(0, 2, 1) - linear).reshape(len(windows), -1)


def recent_scales(left: NDArray, targets: int) -> NDArray:
    """How far what was left lay from 0 of late: series have calm and restless times.

    `(steps, patch * targets)`, in units of the scale over all training data, to
    `(patch * targets,)`, the same for all rows of a patch.
    """
    squares = np.mean(left.reshape(-1, targets) ** 2, axis=0)
    return np.tile(np.sqrt(squares + _CALM**2), left.shape[1] // targets)


def restore_lags(
    past: NDArray[np.float64], left: NDArray[np.float64], weights: NDArray
) -> NDArray[np.float64]:
    """Paths that continue `past`, `lags` rows or more, of what is left of each patch.

    `past` is `(n, targets)`; `(paths, patches, patch * targets)` become `(paths, patches * patch,
    targets)`.
    """
    targets, patch, lags = weights.shape
    weights = _of_sum_one(weights)
    known = np.broadcast_to(past, (len(left), *past.shape))
    for rows in np.moveaxis(left, 1, 0):
        linear = np.einsum("slt,tpl->spt", known[:, -lags:], weights, optimize=True)
        known = np.concatenate([known, linear + rows.reshape(-1, patch, targets)], axis=1)
    return known[:, len(past) :]


def _of_sum_one(weights: NDArray) -> NDArray[np.float64]:
    """Weights that sum to 1 in double precision: as kept they would move a level far from 0."""
    weights = np.asarray(weights, dtype=np.float64).copy()
    weights[:, :, -1] = 1 - weights[:, :, :-1].sum(axis=2)
    return weights

"""Trajectories from distributions of static and dynamic features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def mlpg(means: np.ndarray, variances: np.ndarray, windows: Sequence[np.ndarray]) -> np.ndarray:
    """The trajectory of maximum likelihood (Tokuda et al. 2000; Toda 2007, eq. 39).

    Parameters
    ----------
    means, variances : (n_frames, n_windows * d)
        Of the features that each window makes from the trajectory, window by window; diagonal.
    windows
        Coefficients of odd number, the middle one for the present frame. Beyond the ends the
        trajectory is held.

    Returns
    -------
    (n_frames, d)

    Raises
    ------
    ValueError
        Shapes that do not fit, variances that are not above 0, values that are not finite.
    """
    means, variances = np.asarray(means, np.float64), np.asarray(variances, np.float64)
    if means.ndim != 2 or means.shape != variances.shape or means.shape[1] % len(windows):
        raise ValueError(
            f"means and variances must have one shape (n_frames, {len(windows)} * d), got "
            f"{means.shape} and {variances.shape}"
        )
    if not (np.isfinite(means).all() and np.isfinite(variances).all() and (variances > 0).all()):
        raise ValueError("means must be finite and variances finite and above 0")
    n, d = len(means), means.shape[1] // len(windows)
    reach = max(len(w) // 2 for w in windows)
    band = np.zeros((2 * reach + 1, n, d))
    right = np.zeros((n, d))
    frames = np.arange(n)
    for k, window in enumerate(windows):
        precision = 1.0 / variances[:, k * d : (k + 1) * d]
        weighted = precision * means[:, k * d : (k + 1) * d]
        half = len(window) // 2
        for a, c in zip(range(-half, half + 1), window, strict=True):
            row = np.clip(frames + a, 0, n - 1)
            np.add.at(right, row, c * weighted)
            for b, e in zip(range(-half, half + 1), window, strict=True):
                column = np.clip(frames + b, 0, n - 1)
                upper = column >= row
                cells = (column - row)[upper], row[upper]
                np.add.at(band, cells, c * e * precision[upper])
    return _solve_banded(band, right)


def _solve_banded(band: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solves symmetric systems, one per feature; `band[k, t]` couples frames t and t + k."""
    reach, n = len(band) - 1, band.shape[1]
    factor = band.copy()  # R of the factorisation R^T R, row by row
    y = right.copy()
    for t in range(n):
        factor[0, t] = np.sqrt(factor[0, t])
        last = min(reach, n - 1 - t)
        factor[1:, t] /= factor[0, t]
        y[t] /= factor[0, t]
        for k in range(1, last + 1):
            if not factor[k, t].any():
                continue
            factor[: last - k + 1, t + k] -= factor[k, t] * factor[k : last + 1, t]
            y[t + k] -= factor[k, t] * y[t]
    for t in range(n - 1, -1, -1):
        last = min(reach, n - 1 - t)
        for k in range(1, last + 1):
            y[t] -= factor[k, t] * y[t + k]
        y[t] /= factor[0, t]
    return y

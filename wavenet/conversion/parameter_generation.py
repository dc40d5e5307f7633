"""Trajectories from distributions of static and dynamic features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core

Windows = Sequence[ArrayLike]


def mlpg(means: ArrayLike, variances: ArrayLike, windows: Windows) -> NDArray[np.float64]:
    """The trajectory of maximum likelihood (Tokuda et al. 2000; Toda 2007, eq. 39).

    Parameters
    ----------
    means : (n_frames, n_windows * d)
        Of the features that each window makes from the trajectory, window by window.
    variances : (n_frames, n_windows * d) or (n_windows * d,)
        Diagonal ones, of each frame, or the same for all.
    windows
        Coefficients of odd number, the middle one for the present frame. One window looks at the
        present frame only. Beyond the ends the trajectory is held.

    Returns
    -------
    (n_frames, d)

    Raises
    ------
    ValueError
        Shapes that do not fit, variances that are not above 0, values that are not finite, windows
        that leave the trajectory open.
    """
    return _core.mlpg(_doubles(means), _doubles(variances), _coefficients(windows))


def _doubles(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, np.float64)


def _coefficients(windows: Windows) -> list[list[float]]:
    return [np.asarray(window, np.float64).ravel().tolist() for window in windows]

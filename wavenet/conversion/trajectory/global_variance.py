"""Trajectories that vary over time as much as natural ones.

Averaging makes converted trajectories too flat. The global variance is the variance over the frames
of an utterance, of each dimension; over natural utterances it has a mean and a variance itself.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core
from wavenet.base.validation import doubles
from wavenet.dsp.mlpg import Windows, coefficients, mlpg


class GlobalVarianceTrajectory(NamedTuple):
    """What `global_variance_gradient` gives.

    Attributes
    ----------
    trajectory : (n_frames, d)
    objective : (n_steps + 1,)
        Sum over dimensions, at the start and after each step.
    """

    trajectory: NDArray[np.float64]
    objective: NDArray[np.float64]


def global_variance_postfilter(
    y: ArrayLike,
    target_mean: ArrayLike,
    *,
    frames: ArrayLike | None = None,
    largest_gain: float = math.inf,
) -> NDArray[np.float64]:
    """Spreads a trajectory around its mean so that its variance becomes the target's.

    This is the closed form of the global-variance criterion (Silen et al. 2012).

    Parameters
    ----------
    y : (n_frames, d)
    target_mean : (d,)
        Wanted variance over frames.
    frames : (n_frames,) bool
        The frames whose mean and variance count, such as those that speak. None: all.
    largest_gain
        Dimensions are spread by at most this factor, and shrunk by at most its inverse.

    Returns
    -------
    (n_frames, d)

    Raises
    ------
    ValueError
        Shapes that do not fit, values that are not finite, a negative variance, a gain below 1, no
        frames.
    """
    y, target = doubles(y), doubles(target_mean)
    if y.ndim != 2 or target.shape != y.shape[1:]:
        raise ValueError(
            f"y must have the shape (n_frames, d) and target_mean (d,), got {y.shape} and "
            f"{target.shape}"
        )
    counted = np.ones(len(y), bool) if frames is None else np.asarray(frames)
    if counted.shape != (len(y),) or counted.dtype != bool or not counted.any():
        raise ValueError(
            f"frames must be {len(y)} truth values, at least one of them true, got shape "
            f"{counted.shape} of {counted.dtype}"
        )
    if not (np.isfinite(y).all() and np.isfinite(target).all() and (target >= 0).all()):
        raise ValueError("y must be finite, and target_mean finite and not negative")
    if not largest_gain >= 1.0:
        raise ValueError(f"largest_gain must be at least 1, got {largest_gain}")
    mean, variance = y[counted].mean(axis=0), y[counted].var(axis=0)
    gain = np.sqrt(target / np.maximum(variance, 1e-10))
    return mean + np.clip(gain, 1.0 / largest_gain, largest_gain) * (y - mean)


def global_variance_objective(
    y: ArrayLike,
    means: ArrayLike,
    variances: ArrayLike,
    windows: Windows,
    target_mean: ArrayLike,
    target_variance: ArrayLike,
    *,
    weight: float | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The criterion that `global_variance_gradient` climbs, and its gradient.

    For each dimension, without constants: weight * log-likelihood of the features of y, plus the
    log-likelihood of the variance of y over frames.

    Parameters
    ----------
    y : (n_frames, d)
    means, variances, windows
        As for `mlpg`.
    target_mean, target_variance : (d,)
        Mean and variance, over natural utterances, of the variance over their frames.
    weight
        None: the paper's ratio of the numbers of dimensions, 1 / (n_windows * n_frames).

    Returns
    -------
    values : (d,)
    gradient : (n_frames, d)

    Raises
    ------
    ValueError
        As `mlpg`; statistics or a weight that are not above 0.
    """
    means = doubles(means)
    return _core.global_variance_objective(
        doubles(y),
        means,
        doubles(variances),
        coefficients(windows),
        doubles(target_mean),
        doubles(target_variance),
        _weight(weight, means, windows),
    )


def global_variance_gradient(
    means: ArrayLike,
    variances: ArrayLike,
    windows: Windows,
    target_mean: ArrayLike,
    target_variance: ArrayLike,
    *,
    weight: float | None = None,
    start: ArrayLike | None = None,
    max_iter: int = 100,
    tol: float = 1e-9,
) -> GlobalVarianceTrajectory:
    """The trajectory whose features and whose variance are likely (Toda 2007, sec. III-D).

    Climbs the criterion of `global_variance_objective` along conjugate gradients. Along a line it
    is a polynomial of degree four, so that each step goes to the best point of its line and no
    step makes a dimension worse.

    Parameters
    ----------
    means, variances, windows
        As for `mlpg`.
    target_mean, target_variance : (d,)
        Mean and variance, over natural utterances, of the variance over their frames.
    weight
        Weight of the features' likelihood; None: 1 / (n_windows * n_frames), as in the paper.
    start : (n_frames, d)
        None: that of `mlpg`, spread by `global_variance_postfilter`, as in the paper.
    max_iter
        Most steps.
    tol
        It ends when the criterion rises by less than this part of itself.

    Returns
    -------
    GlobalVarianceTrajectory

    Raises
    ------
    ValueError
        As `mlpg`; statistics or a weight that are not above 0.
    """
    if isinstance(max_iter, bool) or not isinstance(max_iter, int) or max_iter < 0:
        raise ValueError(f"max_iter must be a whole number from 0, got {max_iter!r}")
    if not (math.isfinite(tol) and tol >= 0):
        raise ValueError(f"tol must be finite and not negative, got {tol}")
    means, variances = doubles(means), doubles(variances)
    if start is None:
        flat = mlpg(means, variances, windows)
        start = global_variance_postfilter(flat, target_mean)
    result = _core.global_variance_climb(
        doubles(start),
        means,
        variances,
        coefficients(windows),
        doubles(target_mean),
        doubles(target_variance),
        _weight(weight, means, windows),
        max_iter,
        tol,
    )
    return GlobalVarianceTrajectory(*result)


def _weight(weight: float | None, means: np.ndarray, windows: Windows) -> float:
    return 1.0 / max(len(windows) * len(np.atleast_1d(means)), 1) if weight is None else weight

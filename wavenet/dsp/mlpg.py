"""Trajectories from distributions of static and dynamic features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core
from wavenet.base.validation import doubles, integer

Windows = Sequence[ArrayLike]


class MixtureTrajectory(NamedTuple):
    """What `trajectory_convert` gives.

    Attributes
    ----------
    trajectory : (n_frames, d)
    log_likelihood : (n_iterations + 1,)
        Mean over frames of log p(W y | x) [nat], of the start and after each iteration.
    """

    trajectory: NDArray[np.float64]
    log_likelihood: NDArray[np.float64]


def mlpg(means: ArrayLike, variances: ArrayLike, windows: Windows) -> NDArray[np.float64]:
    """The trajectory of maximum likelihood (Tokuda et al. 2000; Toda 2007, eq. 39).

    Parameters
    ----------
    means : (n_frames, n_windows * d)
        Means of the features that each window makes from the trajectory, window by window.
    variances : (n_frames, n_windows * d) or (n_windows * d,)
        Variances of each frame, or the same for all frames; the features are independent.
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

    Examples
    --------
    A step, which the slopes of 0 that are asked for as well make smooth:

    >>> static, slope = [1], [-1, 1, 0]
    >>> mlpg([[0, 0], [0, 0], [1, 0], [1, 0]], [1, 1], [static, slope]).round(2).ravel()
    array([0.14, 0.29, 0.71, 0.86])
    """
    return _core.mlpg(doubles(means), doubles(variances), coefficients(windows))


class RecursiveMLPG:
    """`mlpg` frame by frame, with a delay of a few frames (Toda et al. 2012).

    Frame t of the output is that of `mlpg` over all frames up to t + delay, so it nears the whole
    trajectory as the delay grows. Time and memory of a frame do not depend on how many there were.

    Parameters
    ----------
    windows
        As for `mlpg`.
    dimensions
        Dimensions of the trajectory, d.
    delay
        Delay of the output in frames, from 0 to 1000. Two are near the whole trajectory where
        the windows are static and delta.

    Raises
    ------
    ValueError
        An argument out of range.
    """

    def __init__(self, windows: Windows, dimensions: int, delay: int):
        integer("dimensions", dimensions, 1, 2**20)
        integer("delay", delay, 0, 1000)
        self._core = _core.RecursiveMLPG(coefficients(windows), int(dimensions), int(delay))

    def process(self, means: ArrayLike, variances: ArrayLike) -> NDArray[np.float64]:
        """Takes the next frames and gives those that are finished.

        Parameters
        ----------
        means : (n_frames, n_windows * d)
        variances : (n_frames, n_windows * d) or (n_windows * d,)

        Returns
        -------
        (n_finished, d)

        Raises
        ------
        ValueError
            As `mlpg`.
        """
        return self._core.process(doubles(means), doubles(variances))

    def flush(self) -> NDArray[np.float64]:
        """Ends the sequence: gives the last frames (n_pending, d). A new one may begin then."""
        return self._core.flush()


def trajectory_convert(
    X: ArrayLike,
    posteriors: ArrayLike,
    slopes: ArrayLike,
    biases: ArrayLike,
    variances: ArrayLike,
    windows: Windows,
    *,
    n_iterations: int = 0,
) -> MixtureTrajectory:
    """The trajectory of a mixture whose components regress it on a source (Toda 2007, sec. III).

    It starts as the best trajectory for the most probable component of each frame, the paper's
    suboptimum mixture sequence. Each iteration of expectation and maximisation then takes all
    components, weighted by their posterior probability given source and trajectory; it never
    lowers the likelihood.

    Parameters
    ----------
    X : (n_frames, n_source)
        Source vectors.
    posteriors : (n_frames, n_components)
        Probability of the components given the source vector.
    slopes : (n_components, n_windows * d, n_source)
    biases : (n_components, n_windows * d)
        The mean of the trajectory's features in component m is slopes[m] @ x + biases[m].
    variances : (n_components, n_windows * d)
        Diagonal ones, around that mean.
    windows
        As for `mlpg`.
    n_iterations
        0: the suboptimum mixture sequence only.

    Returns
    -------
    MixtureTrajectory

    Raises
    ------
    ValueError
        Shapes that do not fit, values out of range or not finite.
    """
    if isinstance(n_iterations, bool) or not isinstance(n_iterations, int) or n_iterations < 0:
        raise ValueError(f"n_iterations must be a whole number from 0, got {n_iterations!r}")
    result = _core.trajectory_convert(
        doubles(X), doubles(posteriors), doubles(slopes), doubles(biases), doubles(variances),
        coefficients(windows), n_iterations,
    )  # fmt: skip
    return MixtureTrajectory(*result)


def coefficients(windows: Windows) -> list[list[float]]:
    """Windows as the core takes them."""
    try:
        windows = list(windows)
    except TypeError as error:
        raise ValueError(f"windows must be lists of coefficients, got {windows!r}") from error
    return [doubles(window, "a window").ravel().tolist() for window in windows]

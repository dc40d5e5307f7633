"""Dynamic time warping."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core
from wavenet.base.validation import choice, doubles

StepPattern = Literal[
    "symmetric1",
    "symmetric2",
    "symmetricP05",
    "symmetricP1",
    "symmetricP2",
    "asymmetric",
    "itakura",
]
Metric = Literal["euclidean", "sqeuclidean", "cityblock", "cosine", "precomputed"]


def dtw(
    X: ArrayLike,
    Y: ArrayLike | None = None,
    *,
    step_pattern: StepPattern = "symmetric1",
    window: int | float | None = None,
    metric: Metric = "euclidean",
) -> tuple[float, NDArray[np.int64]]:
    """The path of least cost between two sequences of frames (Sakoe and Chiba 1978).

    A step pattern says which moves lead to a pair of frames (i, j), and what they cost. With c the
    cost of a pair, and moves written as what they add to i and j:

    - "symmetric1": (1, 1), (0, 1), (1, 0), each c(i, j): the default steps of librosa.
    - "symmetric2": the same, but the diagonal costs twice c(i, j), so that the weights of every
      path add up to n + m - 1 (Sakoe and Chiba's P = 0).
    - "symmetricP05", "symmetricP1", "symmetricP2": Sakoe and Chiba's slope constraints 1/2, 1, 2:
      a step along one axis only after, or with, so many diagonal ones.
    - "asymmetric": (1, 1), (1, 2), (1, 0), each c(i, j); slope from 0 to 2. The path has each frame
      of X once.
    - "itakura": slope from 1/2 to 2, a frame of Y at most twice (Itakura 1975).

    The names are those of the dtw packages for R and Python.

    Parameters
    ----------
    X : (n, n_features)
        Frames, or for "precomputed" the costs (n, m) of the pairs.
    Y : (m, n_features)
        None for "precomputed".
    step_pattern
        See above.
    window
        Band around the diagonals (Sakoe and Chiba): pairs with -window <= j - i <= m - n + window
        where m >= n, and -window <= i - j <= n - m + window else. A whole number counts frames, a
        float from 0 to 1 is a share of the shorter sequence. None: all pairs. The outermost
        diagonals belong to the band; librosa's leaves them out, so that its `band_rad` of r frames
        is a window of r - 1.
    metric
        Cost of a pair: "euclidean", "sqeuclidean" (its square), "cityblock" (sum of absolute
        differences), "cosine" (1 - cosine of the angle), or "precomputed".

    Returns
    -------
    cost : float
        Sum over the path, the first pair with weight 1. Computed in float64, in the order of scipy
        and librosa: for the metrics but "cosine", "symmetric1", "symmetric2" and "asymmetric"
        give the bits of `librosa.sequence.dtw`.
    path : (n_pairs, 2)
        Pairs of frames that are charged for, from (0, 0) to (n - 1, m - 1). Between moves of equal
        cost the one that stands first above is taken (of slope-constrained ones the diagonal).

    Raises
    ------
    ValueError
        Shapes that do not fit, values that are not finite, an unknown name, or no path: the slope
        or the window does not allow these lengths.

    Notes
    -----
    Takes one byte of memory for each pair within the window.

    Examples
    --------
    >>> cost, path = dtw([[0], [1], [2]], [[0], [2]])
    >>> cost
    1.0
    >>> path
    array([[0, 0],
           [1, 0],
           [2, 1]])
    """
    choice("step_pattern", step_pattern, get_args(StepPattern))
    if choice("metric", metric, get_args(Metric)) == "precomputed":
        if Y is not None:
            raise ValueError("Y must be None where metric is 'precomputed' and X holds the costs")
        costs = doubles(X, "X")
        return _core.dtw_of_costs(costs, step_pattern, _frames(window, costs.shape))
    if Y is None:
        raise ValueError("Y must be given unless metric is 'precomputed'")
    X, Y = doubles(X, "X"), doubles(Y, "Y")
    lengths = X.shape[:1] + Y.shape[:1]
    return _core.dtw(X, Y, step_pattern, _frames(window, lengths), metric)


def _frames(window: int | float | None, lengths: tuple[int, ...]) -> int | None:
    """The window in frames."""
    if window is None:
        return None
    if isinstance(window, float | np.floating) and 0.0 <= window <= 1.0:
        return round(float(window) * min(lengths, default=0))
    if isinstance(window, int | np.integer) and not isinstance(window, bool) and window >= 0:
        return min(int(window), max(lengths, default=0))
    raise ValueError(
        f"window must be None, frames from 0, or a share from 0.0 to 1.0, got {window!r}"
    )

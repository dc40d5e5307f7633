"""The mixture of training frames that tells sounds which are unlike them."""

from __future__ import annotations

import numpy as np

from wavenet.conversion.mixture.gmm import JointDensityGMM
from wavenet.features.statistics import PIECE, FrameMixture

_COMPONENTS = 8
_LEAST_VARIANCE = 0.01  # of frames of variance 1
_LEAST_PIECES = 8


def frame_mixture(tracks: list[np.ndarray]) -> FrameMixture | None:
    """Learns the frames of normalized tracks `(frames, channels)`; None where they are few.

    One half of the pieces is learned, the other tells how likely frames are that were not.
    """
    frames = np.concatenate(tracks).astype(np.float64)
    count = len(frames) // PIECE
    if count < _LEAST_PIECES:
        return None
    pieces = frames[: count * PIECE].reshape(count, PIECE, -1)
    learned = pieces[::2].reshape(-1, frames.shape[1])
    gmm = JointDensityGMM(
        _COMPONENTS, covariance_type="diag", reg_covar=_LEAST_VARIANCE, tol=0.01, max_iter=200
    ).fit(learned)
    deviations = np.sqrt(np.einsum("mii->mi", gmm.covariances_))
    mixture = FrameMixture(
        tuple(float(weight) for weight in gmm.weights_.round(6)),
        _rows(gmm.means_), _rows(deviations), expected=0.0, spread=1.0,
    )  # fmt: skip
    return mixture.calibrated(pieces[1::2])


def _rows(values: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(x) for x in row) for row in values.round(4))

"""From source mel-cepstra to target mel-cepstra: projection, mixture, trajectory, global variance.

Coefficient 0, the power, is not mapped here; `(n_frames, order)` below are coefficients 1 to order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wavenet.conversion.global_variance import global_variance_postfilter
from wavenet.conversion.gmm import JointDensityGMM
from wavenet.conversion.joint_features import WINDOWS, SourceProjection
from wavenet.conversion.parameter_generation import mlpg

_FEWEST_ACTIVE = 20
_LARGEST_GAIN = 3.0


@dataclass(frozen=True)
class SpectralMapping:
    """A trained mapping.

    Attributes
    ----------
    projection
        Makes the mixture's source vectors.
    mixture
        Joint density of source vectors, and target features with deltas.
    target_variance : (order,)
        Mean over utterances of the variance within the target's utterances.
    """

    projection: SourceProjection
    mixture: JointDensityGMM
    target_variance: np.ndarray

    @property
    def order(self) -> int:
        """Number of mapped coefficients."""
        return len(self.target_variance)

    def frame_wise(self, x: np.ndarray) -> np.ndarray:
        """Minimum-mean-square-error estimate of each frame by itself (Toda 2007, eq. 13)."""
        return self.mixture.convert(self.projection(x))[:, : self.order]

    def trajectory(self, x: np.ndarray) -> np.ndarray:
        """The trajectory of maximum likelihood, given the dynamic features (ibid., sec. III)."""
        means, variances = self.mixture.conditional(self.projection(x))
        return mlpg(means, variances, WINDOWS)

    def with_global_variance(self, y: np.ndarray, active: np.ndarray) -> np.ndarray:
        """Spreads a trajectory around its mean so that its variance becomes the target's.

        `active` (n_frames,) bool says which frames speak; mean and variance are theirs.
        """
        if active.sum() < _FEWEST_ACTIVE:
            return y
        return global_variance_postfilter(
            y, self.target_variance, frames=active, largest_gain=_LARGEST_GAIN
        )

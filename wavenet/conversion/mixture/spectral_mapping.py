"""From source mel-cepstra to target mel-cepstra: projection, mixture, trajectory.

Coefficient 0, the power, is not mapped here; `(n_frames, order)` below are coefficients 1 to order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wavenet.conversion.mixture.gmm import JointDensityGMM
from wavenet.conversion.mixture.joint_features import WINDOWS, SourceProjection
from wavenet.dsp.mlpg import mlpg


@dataclass(frozen=True)
class SpectralMapping:
    """A trained mapping.

    Attributes
    ----------
    projection
        Makes the mixture's source vectors.
    mixture
        Joint density of source vectors, and target features with deltas.
    """

    projection: SourceProjection
    mixture: JointDensityGMM

    @property
    def order(self) -> int:
        """Number of mapped coefficients."""
        return (len(self.mixture.means_[0]) - self.projection.matrix.shape[1]) // 2

    def frame_wise(self, x: np.ndarray) -> np.ndarray:
        """Minimum-mean-square-error estimate of each frame by itself (Toda 2007, eq. 13)."""
        return self.mixture.convert(self.projection(x))[:, : self.order]

    def trajectory(self, x: np.ndarray) -> np.ndarray:
        """The trajectory of maximum likelihood, given the dynamic features (ibid., sec. III)."""
        means, variances = self.mixture.conditional(self.projection(x))
        return mlpg(means, variances, WINDOWS)

    def log_likelihood(self, vectors: np.ndarray) -> np.ndarray:
        """Of source vectors (n, d) under the source's side of the mixture (n,) [nat]."""
        return self._source_density.score_samples(vectors)

    @cached_property
    def _source_density(self) -> JointDensityGMM:
        n = self.projection.matrix.shape[1]
        density = JointDensityGMM(self.mixture.n_components, n_jobs=self.mixture.n_jobs)
        density.weights_ = self.mixture.weights_
        density.means_ = np.ascontiguousarray(self.mixture.means_[:, :n])
        density.covariances_ = np.ascontiguousarray(self.mixture.covariances_[:, :n, :n])
        return density

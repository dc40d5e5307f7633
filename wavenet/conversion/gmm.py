"""Joint-density Gaussian mixture of source and target vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from wavenet.conversion.estimator import Estimator

_START_ROUNDS = 10
_FLOOR = 1e-6
_NEGLIGIBLE = 1e-6


@dataclass(frozen=True)
class _Conditional:
    """What the regression of y on x needs, per component.

    `whitening` (n_source, n_source) turns x - mean into unit variance; y is `slope` @ x + `bias`
    with the diagonal `variances` around it.
    """

    covariances: np.ndarray  # those it was made from
    log_weights: np.ndarray
    centres: np.ndarray
    whitenings: np.ndarray
    slopes: np.ndarray
    biases: np.ndarray
    variances: np.ndarray


class JointDensityGMM(Estimator):
    """Mixture of Gaussians over joint vectors z = (x, y), and the regression of y on x.

    Trained by expectation and maximisation, with covariances shrunk towards the pooled one
    (maximum a posteriori): with many components and few frames, plain maximum likelihood overfits.

    Parameters
    ----------
    n_components
    prior_frames
        Weight of the pooled within-component covariance in each component's [frames]; 0: plain
        maximum likelihood.
    max_iter
        Most iterations of the main loop.
    tol
        It ends when the mean log-likelihood of a frame rises by less than this [nat].
    random_state
        Seed of the k-means start.

    Attributes
    ----------
    weights_ : (n_components,)
    means_ : (n_components, n_joint)
    covariances_ : (n_components, n_joint, n_joint)
    log_likelihood_ : float
        Mean over the training frames, at the last expectation [nat].
    """

    def __init__(
        self,
        n_components: int = 32,
        *,
        prior_frames: float = 0.0,
        max_iter: int = 15,
        tol: float = 1e-3,
        random_state: int = 0,
    ):
        self.n_components = n_components
        self.prior_frames = prior_frames
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def fit(self, Z: np.ndarray, y: None = None) -> Self:
        """Trains on joint vectors (n_frames, n_joint); `y` is ignored."""
        Z = np.asarray(Z, np.float64)
        if Z.ndim != 2 or not np.isfinite(Z).all():
            raise ValueError(f"Z must be finite and of shape (n_frames, n_joint), got {Z.shape}")
        if not 1 <= self.n_components <= len(Z):
            raise ValueError(
                f"n_components must be from 1 to the number of frames {len(Z)}, got "
                f"{self.n_components}"
            )
        scale = Z.std(axis=0)
        nearest = _k_means(Z / np.maximum(scale, 1e-12), self.n_components, self.random_state)
        responsibilities = np.zeros((self.n_components, len(Z)))
        responsibilities[nearest, np.arange(len(Z))] = 1.0
        self._maximise(Z, responsibilities, scale)
        single = Z.astype(np.float32)
        before = -np.inf
        for _ in range(self.max_iter):
            whitenings = np.stack([_whitening(c) for c in self.covariances_])
            log_joint = _log_joint(single, np.log(self.weights_), self.means_, whitenings)
            top = log_joint.max(axis=0)
            responsibilities = np.exp(log_joint - top)
            total = responsibilities.sum(axis=0)
            self.log_likelihood_ = float((top + np.log(total)).mean())
            self._maximise(Z, responsibilities / total, scale)
            if self.log_likelihood_ - before < self.tol:
                break
            before = self.log_likelihood_
        return self

    def conditional(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and diagonal variance of y given each x, each the mean over components.

        The components' means and covariances (Toda 2007, eqs. 11 and 12) are weighted with their
        posterior probabilities, which is closer to the paper's sum over mixture sequences than the
        single best component.

        Parameters
        ----------
        X : (n_frames, n_source)

        Returns
        -------
        means, variances : (n_frames, n_joint - n_source)
        """
        X = np.asarray(X, np.float64)
        if not hasattr(self, "means_"):
            raise ValueError("this JointDensityGMM is not fitted: call fit before")
        if X.ndim != 2 or not 0 < X.shape[1] < self.means_.shape[1]:
            raise ValueError(
                f"X must have the shape (n_frames, n_source) with n_source below "
                f"{self.means_.shape[1]}, got {X.shape}"
            )
        parts = self._parts(X.shape[1])
        log_joint = _log_joint(X, parts.log_weights, parts.centres, parts.whitenings)
        posterior = np.exp(log_joint - log_joint.max(axis=0))
        posterior /= posterior.sum(axis=0)
        n_target = self.means_.shape[1] - X.shape[1]
        means = np.zeros((len(X), n_target))
        for m, (bias, slope) in enumerate(zip(parts.biases, parts.slopes, strict=True)):
            used = np.flatnonzero(posterior[m] > _NEGLIGIBLE)
            if len(used):
                means[used] += posterior[m, used, None] * (X[used] @ slope.T + bias)
        return means, posterior.T @ parts.variances

    def convert(self, X: np.ndarray) -> np.ndarray:
        """Minimum-mean-square-error estimate of y (n_frames, n_joint - n_source) for each x."""
        return self.conditional(X)[0]

    def _maximise(self, Z: np.ndarray, responsibilities: np.ndarray, scale: np.ndarray) -> None:
        counts = responsibilities.sum(axis=1) + 1e-10
        size = Z.shape[1]
        means = np.empty((len(counts), size))
        scatters = np.empty((len(counts), size, size))
        for m in range(len(counts)):
            used = np.flatnonzero(responsibilities[m] > _NEGLIGIBLE)
            some, weights = Z[used], responsibilities[m, used]
            means[m] = weights @ some / counts[m] if len(used) else Z.mean(axis=0)
            centred = (some - means[m]) * np.sqrt(weights)[:, None]
            scatters[m] = centred.T @ centred
        pooled = scatters.sum(axis=0) / len(Z)
        total = (counts + self.prior_frames)[:, None, None]
        floor = np.diag(_FLOOR * scale**2 + 1e-12)
        self.weights_ = counts / counts.sum()
        self.means_ = means
        self.covariances_ = (scatters + self.prior_frames * pooled) / total + floor

    def _parts(self, n_source: int) -> _Conditional:
        """The conditional distribution, computed once for the present covariances."""
        parts = getattr(self, "_conditional", None)
        same = parts is not None and parts.covariances is self.covariances_
        if same and parts.centres.shape[1] == n_source:
            return parts
        of_x = self.covariances_[:, :n_source, :n_source]
        of_xy = self.covariances_[:, :n_source, n_source:]
        slopes = np.linalg.solve(of_x, of_xy).transpose(0, 2, 1)
        explained = np.einsum("myx,mxy->my", slopes, of_xy)
        centres = self.means_[:, :n_source]
        self._conditional = _Conditional(
            covariances=self.covariances_,
            log_weights=np.log(self.weights_),
            centres=centres,
            whitenings=np.stack([_whitening(c) for c in of_x]),
            slopes=slopes,
            biases=self.means_[:, n_source:] - np.einsum("myx,mx->my", slopes, centres),
            variances=np.einsum("mii->mi", self.covariances_)[:, n_source:] - explained,
        )
        return self._conditional


def _whitening(covariance: np.ndarray) -> np.ndarray:
    """The inverse Cholesky factor W: W @ covariance @ W.T is the unit matrix."""
    return np.linalg.inv(np.linalg.cholesky(covariance))


def _log_joint(
    X: np.ndarray, log_weights: np.ndarray, centres: np.ndarray, whitenings: np.ndarray
) -> np.ndarray:
    """Log of weight times density of each component at each frame: (n_components, n_frames).

    The products have the precision of X; float32 errs by about 1e-5 of the exponent.
    """
    result = np.empty((len(centres), len(X)))
    for m, (centre, whitening) in enumerate(zip(centres, whitenings, strict=True)):
        white = (X - centre.astype(X.dtype)) @ whitening.T.astype(X.dtype)
        result[m] = -0.5 * np.einsum("ti,ti->t", white, white)
        result[m] += log_weights[m] + np.log(np.diagonal(whitening)).sum()
    return result - 0.5 * X.shape[1] * np.log(2.0 * np.pi)


def _k_means(Z: np.ndarray, n_clusters: int, seed: int) -> np.ndarray:
    """Nearest centre of each frame after a few rounds of k-means (k-means++ start)."""
    random = np.random.default_rng(seed)
    centres = Z[random.integers(len(Z))][None]
    distance = ((Z - centres[0]) ** 2).sum(axis=1)
    while len(centres) < n_clusters:
        total = distance.sum()
        share = distance / total if total > 0 else None
        centres = np.vstack([centres, Z[random.choice(len(Z), p=share)]])
        distance = np.minimum(distance, ((Z - centres[-1]) ** 2).sum(axis=1))
    for _ in range(_START_ROUNDS):
        nearest = ((centres**2).sum(axis=1) - 2.0 * Z @ centres.T).argmin(axis=1)
        counts = np.bincount(nearest, minlength=n_clusters)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, Z)
        filled = counts > 0
        centres[filled] = sums[filled] / counts[filled, None]
    return nearest

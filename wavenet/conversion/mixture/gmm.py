"""Joint-density Gaussian mixture of source and target vectors."""

from __future__ import annotations

import sys
import warnings
from typing import Any, Self

import numpy as np

from wavenet import _core
from wavenet.base.estimator import Estimator
from wavenet.base.sound import plain_array
from wavenet.base.validation import integer, processors
from wavenet.conversion.mixture.k_means import k_means

_COVARIANCE_TYPES = ("full", "cross_diag", "diag")
_STARTS = ("kmeans++", "split")
_SPLIT_ROUNDS = 5
_SPLIT = 0.2  # [standard deviations]


class JointDensityGMM(Estimator):
    """Mixture of Gaussians over joint vectors z = (x, y), and the regression of y on x.

    Trained by expectation and maximisation (Dempster, Laird and Rubin 1977). With `prior_frames`,
    covariances are shrunk towards the pooled one (maximum a posteriori): with many components and
    few frames, plain maximum likelihood overfits. Follows scikit-learn.

    Products are computed in float32 around the frames' mean, sums in float64: mean log-likelihoods
    agree with float64 to about 1e-7, those of single frames to about 1e-5, parameters to about 1e-5
    of the data's scale. Components for which that would not hold, 4,000 times as narrow in some
    direction as the mixture is wide, are computed in float64 throughout, which takes longer.

    Parameters
    ----------
    n_components
    covariance_type
        "full"; "cross_diag" for x and y of one size: each coefficient of x is correlated with the
        same one of y alone; "diag".
    init
        "kmeans++": k-means of standardised vectors. "split": the components are split in two and
        trained until there are enough; the number must be a power of two.
    max_iter
        Most iterations of the main loop.
    tol
        It ends when the mean log-likelihood of a frame rises by less than this [nat]. 0: it makes
        all `max_iter` iterations, and does not warn that it has not converged.
    reg_covar
        Added to the variances.
    prior_frames
        Weight of the pooled within-component covariance in each component's [frames]; 0: plain
        maximum likelihood.
    random_state
        Seed of the k-means start.
    n_jobs
        Threads; None or -1: all processors. The results do not depend on it.
    weights_init, means_init, covariances_init
        A start of one's own, all three, instead of `init`.

    Attributes
    ----------
    Arrays are read-only: to change a mixture, set others in their place.

    weights_ : (n_components,)
    means_ : (n_components, n_joint)
    covariances_ : (n_components, n_joint, n_joint)
    lower_bound_ : float
        Mean log-likelihood of a training frame at the last expectation [nat].
    n_iter_ : int
    converged_ : bool
    n_features_in_ : int
    """

    def __init__(
        self,
        n_components: int = 32,
        *,
        covariance_type: str = "full",
        init: str = "kmeans++",
        max_iter: int = 100,
        tol: float = 1e-3,
        reg_covar: float = 1e-6,
        prior_frames: float = 0.0,
        random_state: int | None = 0,
        n_jobs: int | None = None,
        weights_init: np.ndarray | None = None,
        means_init: np.ndarray | None = None,
        covariances_init: np.ndarray | None = None,
    ):
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.init = init
        self.max_iter = max_iter
        self.tol = tol
        self.reg_covar = reg_covar
        self.prior_frames = prior_frames
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.weights_init = weights_init
        self.means_init = means_init
        self.covariances_init = covariances_init

    def fit(self, Z: np.ndarray, y: None = None) -> Self:
        """Trains on joint vectors (n_frames, n_joint); `y` is ignored.

        Raises
        ------
        ValueError
            A parameter out of range, values that are not finite, or fewer frames than components.

        Warns
        -----
        ConvergenceWarning
            `max_iter` iterations were not enough; a UserWarning where scikit-learn is not in use.
        """
        Z = _checked(Z, "Z")
        self._check_parameters(Z)
        training = _core.MixtureTraining(Z, self._threads())
        self._start(training, Z)
        self.converged_, before = False, -np.inf
        for n_iter in range(1, self.max_iter + 1):
            self.n_iter_ = n_iter
            self.lower_bound_ = self._iterate(training)
            if abs(self.lower_bound_ - before) < self.tol:
                self.converged_ = True
                break
            before = self.lower_bound_
        for values in (self.weights_, self.means_, self.covariances_):
            values.setflags(write=False)
        self.n_features_in_ = Z.shape[1]
        if not self.converged_ and self.tol > 0:
            warnings.warn(
                f"the mixture has not converged after {self.max_iter} iterations: raise max_iter, "
                "or tol, or choose another start",
                _of_scikit_learn("ConvergenceWarning", UserWarning),
                stacklevel=2,
            )
        return self

    def conditional(
        self, X: np.ndarray, mixtures: str = "posterior"
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and diagonal variance of y given each x.

        Parameters
        ----------
        X : (n_frames, n_source)
        mixtures
            "posterior": the components' means and variances (Toda 2007, eqs. 11 and 12) weighted
            with their posterior probabilities, which is closer to the paper's sum over mixture
            sequences than "best", those of the likeliest component.

        Returns
        -------
        means, variances : (n_frames, n_joint - n_source)

        Raises
        ------
        ValueError
            The mixture is not fitted, X has no fitting shape or is not finite.
        """
        self._require_fitted()
        X = _checked(X, "X")
        if not 0 < X.shape[1] < self.means_.shape[1]:
            raise ValueError(
                f"X must have the shape (n_frames, n_source) with n_source below "
                f"{self.means_.shape[1]}, got {X.shape}"
            )
        if mixtures not in ("posterior", "best"):
            raise ValueError(f"mixtures must be posterior or best, got {mixtures!r}")
        return self._regression(X.shape[1]).conditional(X, mixtures == "best", self._threads())

    def convert(self, X: np.ndarray) -> np.ndarray:
        """Minimum-mean-square-error estimate of y (n_frames, n_joint - n_source) for each x.

        Toda 2007, eq. 13.
        """
        return self.conditional(X)[0]

    def predict_proba(self, Z: np.ndarray) -> np.ndarray:
        """Posterior probability of each component: (n_frames, n_components)."""
        log_joint = self._log_joint(Z)
        return np.exp(log_joint - _log_sum(log_joint)[:, None])

    def predict(self, Z: np.ndarray) -> np.ndarray:
        """The likeliest component of each frame: (n_frames,)."""
        return self._log_joint(Z).argmax(axis=1)

    def score_samples(self, Z: np.ndarray) -> np.ndarray:
        """Log-likelihood of each frame [nat]: (n_frames,)."""
        return _log_sum(self._log_joint(Z))

    def score(self, Z: np.ndarray, y: None = None) -> float:
        """Mean log-likelihood of a frame [nat]."""
        return float(self.score_samples(Z).mean())

    def bic(self, Z: np.ndarray) -> float:
        """Bayesian information criterion; the lower the better."""
        return -2.0 * self.score(Z) * len(Z) + self._n_parameters() * np.log(len(Z))

    def aic(self, Z: np.ndarray) -> float:
        """Akaike information criterion; the lower the better."""
        return -2.0 * self.score(Z) * len(Z) + 2.0 * self._n_parameters()

    def _check_parameters(self, Z: np.ndarray) -> None:
        if self.covariance_type not in _COVARIANCE_TYPES:
            raise ValueError(
                f"covariance_type must be one of {', '.join(_COVARIANCE_TYPES)}, got "
                f"{self.covariance_type!r}"
            )
        if self.init not in _STARTS:
            raise ValueError(f"init must be one of {', '.join(_STARTS)}, got {self.init!r}")
        for name in ("n_components", "max_iter"):
            integer(name, getattr(self, name), 1, 2**31 - 1)
        self._threads()
        if self.n_components > len(Z):
            raise ValueError(
                f"n_components must be at most the number of frames, n_samples = {len(Z)}, got "
                f"{self.n_components}"
            )
        if self.init == "split" and self.n_components & (self.n_components - 1):
            raise ValueError(
                f"n_components must be a power of two to start by splitting, got "
                f"{self.n_components}"
            )
        for name in ("tol", "reg_covar", "prior_frames"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        given = (self.weights_init, self.means_init, self.covariances_init)
        if 0 < sum(start is not None for start in given) < 3:
            raise ValueError("weights_init, means_init and covariances_init go together")
        if self.means_init is not None:
            self._check_start(Z.shape[1])

    def _check_start(self, n_joint: int) -> None:
        n, d = self.n_components, n_joint
        start = {"weights_init": (n,), "means_init": (n, d), "covariances_init": (n, d, d)}
        for name, shape in start.items():
            values = np.asarray(getattr(self, name), np.float64)
            if values.shape != shape:
                raise ValueError(f"{name} must have the shape {shape}, got {values.shape}")
            if not np.isfinite(values).all():
                raise ValueError(f"{name} must be finite, without NaN and infinity")
        weights = np.asarray(self.weights_init, np.float64)
        if weights.min() < 0 or abs(weights.sum() - 1) > 1e-6:
            raise ValueError(
                f"weights_init must lie from 0 to 1 and add up to 1, got values from "
                f"{weights.min():g} to {weights.max():g} that add up to {weights.sum():.9g}"
            )
        covariances = np.asarray(self.covariances_init, np.float64)
        if not np.allclose(covariances, covariances.transpose(0, 2, 1), rtol=1e-6, atol=0.0):
            raise ValueError("covariances_init must be symmetric")

    def _start(self, training: _core.MixtureTraining, Z: np.ndarray) -> None:
        if self.means_init is not None:
            self.weights_ = np.array(self.weights_init, np.float64)
            self.means_ = np.array(self.means_init, np.float64)
            self.covariances_ = np.array(self.covariances_init, np.float64)
        elif self.init == "split":
            self._split(training, Z)
        else:
            scale = np.maximum(Z.std(axis=0), 1e-12)
            labels = k_means(Z / scale, self.n_components, self.random_state)
            training.assign(labels, self.n_components)
            self._maximise(training)

    def _split(self, training: _core.MixtureTraining, Z: np.ndarray) -> None:
        """Linde, Buzo and Gray 1980, with the components' standard deviations as the step."""
        training.assign(np.zeros(len(Z), np.int32), 1)
        self._maximise(training)
        while len(self.weights_) < self.n_components:
            step = _SPLIT * np.sqrt(np.einsum("mii->mi", self.covariances_))
            self.weights_ = np.tile(self.weights_, 2) / 2.0
            self.means_ = np.concatenate([self.means_ + step, self.means_ - step])
            self.covariances_ = np.tile(self.covariances_, (2, 1, 1))
            if len(self.weights_) < self.n_components:
                for _ in range(_SPLIT_ROUNDS):
                    self._iterate(training)

    def _iterate(self, training: _core.MixtureTraining) -> float:
        """One expectation and maximisation; the mean log-likelihood before it."""
        log_likelihood = training.expect(self.weights_, self.means_, self.covariances_)
        self._maximise(training)
        return log_likelihood

    def _maximise(self, training: _core.MixtureTraining) -> None:
        self.weights_, self.means_, self.covariances_ = training.maximise(
            self.covariance_type, self.reg_covar, self.prior_frames
        )

    def _regression(self, n_source: int) -> _core.MixtureRegression:
        """The regression, computed once for the present parameters."""
        parameters = self._parameters()
        made_from, regression = getattr(self, "_made", (None, None))
        if made_from is not None and regression.source == n_source:
            pairs = zip(parameters, made_from, strict=True)
            if all(new is old or np.array_equal(new, old) for new, old in pairs):
                return regression
        regression = _core.MixtureRegression(*parameters, n_source, self._threads())
        self._made = ([_kept(values) for values in parameters], regression)
        return regression

    def _parameters(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights, means and covariances, which users may have set."""
        if np.min(self.weights_) < 0:
            raise ValueError(f"weights_ must not be negative, got {np.min(self.weights_)}")
        return self.weights_, self.means_, self.covariances_

    def _log_joint(self, Z: np.ndarray) -> np.ndarray:
        self._require_fitted()
        Z = _checked(Z, "Z")
        if Z.shape[1] != self.means_.shape[1]:
            raise ValueError(
                f"X has {Z.shape[1]} features, but JointDensityGMM is expecting "
                f"{self.means_.shape[1]} features as input"
            )
        return _core.mixture_log_joint(Z, *self._parameters(), self._threads())

    def _n_parameters(self) -> int:
        n, d = self.means_.shape
        of_covariance = {"full": d * (d + 1) // 2, "cross_diag": d + d // 2, "diag": d}
        return n * (1 + d + of_covariance[self.covariance_type]) - 1

    def _threads(self) -> int:
        if self.n_jobs in (None, -1):
            return processors()
        return integer("n_jobs", self.n_jobs, 1, 1024)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks of an estimator; it calls this itself."""
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags("density_estimator", TargetTags(required=False), input_tags=InputTags())

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_made"}

    def _require_fitted(self) -> None:
        if not hasattr(self, "means_"):
            error = _of_scikit_learn("NotFittedError", ValueError)
            raise error("this JointDensityGMM is not fitted: call fit before")


def _checked(values: np.ndarray, name: str) -> np.ndarray:
    """As finite float64 of two dimensions; the sentences hold the words scikit-learn looks for."""
    if hasattr(values, "toarray"):
        raise ValueError(f"{name} must be a dense array: sparse input is not supported")
    if np.iscomplexobj(values):
        raise ValueError(f"{name} must be real. Complex data not supported")
    array = np.require(plain_array(values), np.float64, ["C", "A"])
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have two dimensions, got shape {array.shape}. Reshape your data"
        )
    for i, what in enumerate(("sample", "feature")):
        if array.shape[i] < 1:
            raise ValueError(
                f"{name} has 0 {what}(s) (shape={array.shape}) while a minimum of 1 is required."
            )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, without NaN and infinity")
    return array


def _kept(values: np.ndarray) -> np.ndarray:
    """Values to compare with later: themselves, or a copy where they may be changed in place."""
    return np.array(values) if np.asarray(values).flags.writeable else values


def _of_scikit_learn(name: str, otherwise: type) -> type:
    """An exception of scikit-learn's where that is in use."""
    return getattr(sys.modules.get("sklearn.exceptions"), name, otherwise)


def _log_sum(log_joint: np.ndarray) -> np.ndarray:
    top = log_joint.max(axis=1)
    return top + np.log(np.exp(log_joint - top[:, None]).sum(axis=1))

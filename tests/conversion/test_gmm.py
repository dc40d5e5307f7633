"""The Gaussian mixture against scikit-learn, against plain NumPy and SciPy, and at its limits."""

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.utils.estimator_checks import check_estimator

from wavenet import JointDensityGMM, _core

TYPES = ("full", "cross_diag", "diag")


def speech_like(seed, n_frames, size, n_clusters=6):
    """Overlapping clusters with correlated dimensions of falling scale, far from the origin."""
    random = np.random.default_rng(seed)
    scale = 3.0 / np.arange(1, size + 1)
    mixing = np.eye(size) + 0.3 * random.standard_normal((size, size)) / np.sqrt(size)
    centres = 2.0 * random.standard_normal((n_clusters, size))
    noise = random.standard_normal((n_frames, size)) @ mixing
    return (centres[random.integers(n_clusters, size=n_frames)] + noise) * scale + 20.0


def start(Z, n_components, seed=0):
    """Weights, means and diagonal covariances to begin with."""
    random = np.random.default_rng(seed)
    means = Z[random.choice(len(Z), n_components, replace=False)]
    weights = random.dirichlet(np.full(n_components, 20.0))
    return weights, means, np.stack([np.diag(0.5 * Z.var(axis=0))] * n_components)


def log_joint(Z, weights, means, covariances):
    parts = zip(weights, means, covariances, strict=True)
    return np.stack([np.log(w) + multivariate_normal(m, c).logpdf(Z) for w, m, c in parts], axis=1)


def kept(covariance_type, size):
    """Which entries of a covariance the type has."""
    apart = np.abs(np.subtract.outer(range(size), range(size)))
    return {"full": apart >= 0, "diag": apart == 0, "cross_diag": apart % (size // 2) == 0}[
        covariance_type
    ]


def plain_em(Z, parameters, n_iter, covariance_type="full", reg_covar=1e-6, prior_frames=0.0):
    """Expectation and maximisation as in the text books: parameters, and the log-likelihoods."""
    history = []
    for _ in range(n_iter):
        joint = log_joint(Z, *parameters)
        history.append(logsumexp(joint, axis=1).mean())
        posterior = softmax(joint, axis=1)
        counts = posterior.sum(axis=0)
        means = posterior.T @ Z / counts[:, None]
        centred = Z[None] - means[:, None]
        scatters = np.einsum("tm,mti,mtj->mij", posterior, centred, centred, optimize=True)
        scatters *= kept(covariance_type, Z.shape[1])
        pooled = scatters.sum(axis=0) / len(Z)
        covariances = (scatters + prior_frames * pooled) / (counts + prior_frames)[:, None, None]
        parameters = counts / len(Z), means, covariances + reg_covar * np.eye(Z.shape[1])
    return parameters, history


def begun(parameters, **settings):
    """An untrained mixture that starts from `parameters` and does not stop early."""
    weights, means, covariances = parameters
    return JointDensityGMM(
        len(weights),
        weights_init=weights,
        means_init=means,
        covariances_init=covariances,
        **({"tol": 0.0} | settings),
    )


def fitted(model, Z):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(Z)


def assert_same_parameters(model, parameters, Z, tolerance):
    """Errors relative to the spread of the data."""
    weights, means, covariances = parameters
    scale = Z.std(axis=0)
    np.testing.assert_allclose(model.weights_, weights, rtol=0, atol=tolerance)
    np.testing.assert_allclose(model.means_ / scale, means / scale, rtol=0, atol=tolerance)
    area = np.outer(scale, scale)
    np.testing.assert_allclose(
        model.covariances_ / area, covariances / area, rtol=0, atol=tolerance
    )


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
@pytest.mark.parametrize("shape", [(400, 3, 2), (1500, 20, 5), (2000, 48, 8), (3000, 96, 6)])
def test_training_equals_scikit_learn(covariance_type, shape, instruction_set):
    n_frames, size, n_components = shape
    Z = speech_like(size, n_frames, size)
    weights, means, covariances = start(Z, n_components)
    precisions = np.linalg.inv(covariances)
    if covariance_type == "diag":
        precisions = np.einsum("mii->mi", precisions)
    model = begun((weights, means, covariances), covariance_type=covariance_type, max_iter=6)
    theirs = GaussianMixture(
        n_components,
        covariance_type=covariance_type,
        max_iter=6,
        tol=0.0,
        init_params="random",
        weights_init=weights,
        means_init=means,
        precisions_init=precisions,
    )
    fitted(model, Z)
    fitted(theirs, Z)
    assert model.n_iter_ == theirs.n_iter_ == 6
    assert model.score(Z) == pytest.approx(theirs.score(Z), rel=1e-6)
    assert model.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-6)
    expected = theirs.covariances_
    if covariance_type == "diag":
        expected = np.stack([np.diag(c) for c in expected])
    assert_same_parameters(model, (theirs.weights_, theirs.means_, expected), Z, 2e-4)
    np.testing.assert_allclose(model.score_samples(Z), theirs.score_samples(Z), rtol=2e-4)
    np.testing.assert_allclose(model.predict_proba(Z), theirs.predict_proba(Z), atol=2e-3)
    within = 1e-6 * 2 * n_frames * abs(theirs.score(Z))  # what is left of it may be near 0
    assert model.aic(Z) == pytest.approx(theirs.aic(Z), abs=within)
    assert model.bic(Z) == pytest.approx(theirs.bic(Z), abs=within)


@pytest.mark.parametrize("prior_frames", [0.0, 60.0])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_training_equals_the_plain_algorithm(covariance_type, prior_frames, instruction_set):
    Z = speech_like(1, 1200, 10)
    options = {"covariance_type": covariance_type, "prior_frames": prior_frames, "reg_covar": 1e-3}
    parameters = start(Z, 4)
    model = fitted(begun(parameters, max_iter=8, **options), Z)
    expected, history = plain_em(Z, parameters, 8, **options)
    assert_same_parameters(model, expected, Z, 1e-4)
    assert model.lower_bound_ == pytest.approx(history[-1], rel=1e-6)
    assert not model.covariances_[:, ~kept(covariance_type, 10)].any()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 600), st.integers(0, 2**32 - 1))
def test_log_densities_equal_scipy(size, n_components, extra, seed):
    random = np.random.default_rng(seed)
    n_components = min(n_components, extra)
    Z = speech_like(seed, n_components + extra, size)
    factors = random.standard_normal((n_components, size, size + 3)) * Z.std(axis=0)[:, None]
    covariances = factors @ factors.transpose(0, 2, 1) / size + 0.1 * np.eye(size)
    weights, means, _ = start(Z, n_components, seed)
    model = begun((weights, means, covariances), max_iter=1)
    model.weights_, model.means_, model.covariances_ = weights, means, covariances
    model.n_features_in_ = size
    joint = log_joint(Z, weights, means, covariances)
    found = model.score_samples(Z)
    np.testing.assert_allclose(found, logsumexp(joint, axis=1), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(model.predict_proba(Z), softmax(joint, axis=1), atol=2e-2)


@pytest.mark.parametrize("mixtures", ["posterior", "best"])
@pytest.mark.parametrize("n", [3, 15, 29])
def test_regression_equals_the_equations(mixtures, n, instruction_set):
    """Toda 2007, equations 9 to 13, component by component."""
    Z = speech_like(2, 700, 30)
    model = fitted(JointDensityGMM(5, max_iter=5, tol=0.0, random_state=0), Z)
    X = Z[::3, :n]
    centres, covariances = model.means_, model.covariances_
    posterior = softmax(
        log_joint(X, model.weights_, centres[:, :n], covariances[:, :n, :n]), axis=1
    )
    if mixtures == "best":
        posterior = np.eye(5)[posterior.argmax(axis=1)]
    slopes = np.linalg.solve(covariances[:, :n, :n], covariances[:, :n, n:])
    each = centres[:, n:] + np.einsum("tmi,miy->tmy", X[:, None] - centres[:, :n], slopes)
    explained = np.einsum("mxy,mxy->my", slopes, covariances[:, :n, n:])
    spread = np.einsum("mii->mi", covariances)[:, n:] - explained
    means, variances = model.conditional(X, mixtures=mixtures)
    scale = Z[:, n:].std(axis=0)
    expected = np.einsum("tm,tmy->ty", posterior, each)
    np.testing.assert_allclose(means / scale, expected / scale, atol=1e-3)
    np.testing.assert_allclose(variances / scale**2, posterior @ spread / scale**2, atol=1e-3)
    if mixtures == "posterior":
        np.testing.assert_array_equal(model.convert(X), means)


def test_regression_finds_a_known_line():
    random = np.random.default_rng(3)
    X = random.standard_normal((4000, 4)) * [1.0, 2.0, 0.5, 1.0]
    slope = random.standard_normal((4, 4))
    Y = X @ slope + [1.0, -2.0, 3.0, 0.0] + 0.01 * random.standard_normal((4000, 4))
    model = JointDensityGMM(1).fit(np.hstack([X, Y]))
    means, variances = model.conditional(X)
    np.testing.assert_allclose(means, X @ slope + [1.0, -2.0, 3.0, 0.0], atol=2e-3)
    np.testing.assert_allclose(variances, 1e-4, rtol=0.1)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_likelihood_never_falls(covariance_type):
    Z = speech_like(4, 2000, 24)
    bounds = [
        fitted(begun(start(Z, 6), max_iter=n, covariance_type=covariance_type), Z).lower_bound_
        for n in range(1, 25)
    ]
    assert (np.diff(bounds) > -1e-6).all()


def clusters():
    """Eight clusters of 50 frames, far from each other, and which frame is of which."""
    random = np.random.default_rng(5)
    labels = np.repeat(np.arange(8), 50)
    centres = 20.0 * random.standard_normal((8, 6))
    return centres[labels] + random.standard_normal((400, 6)), labels


def test_k_means_start_finds_separate_clusters():
    Z, labels = clusters()
    model = JointDensityGMM(8, random_state=0).fit(Z)
    assert model.converged_
    found = model.predict(Z)
    assert len({(a, b) for a, b in zip(labels, found, strict=True)}) == 8
    np.testing.assert_array_equal(found, model.predict_proba(Z).argmax(axis=1))


def test_split_start_gains_with_every_doubling():
    """It need not find every cluster: both halves of a split move in one direction."""
    Z, _ = clusters()
    scores = [JointDensityGMM(n, init="split").fit(Z).score(Z) for n in (1, 2, 4, 8)]
    assert (np.diff(scores) > 0.5).all()


def test_start_is_reproducible():
    Z = speech_like(6, 800, 8)
    one, same, other = (fitted(JointDensityGMM(4, random_state=s), Z) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.means_, same.means_)
    assert not np.array_equal(one.means_, other.means_)


def test_convergence_is_reported():
    Z = speech_like(7, 1000, 6)
    unfinished = JointDensityGMM(4, max_iter=1, tol=1e-9, random_state=0)
    with pytest.warns(ConvergenceWarning, match="not converged after 1 iterations"):
        unfinished.fit(Z)
    assert not unfinished.converged_
    unfinished.set_params(tol=0.0).fit(Z)  # asked for
    finished = JointDensityGMM(4, max_iter=200, tol=1e-2, random_state=0).fit(Z)
    assert finished.converged_
    assert finished.n_iter_ < 200


@pytest.mark.parametrize("covariance_type", TYPES)
def test_threads_change_nothing(covariance_type, instruction_set):
    Z = speech_like(8, 3000, 20)
    models = [
        fitted(begun(start(Z, 7), max_iter=5, n_jobs=jobs, covariance_type=covariance_type), Z)
        for jobs in (1, 2, 5)
    ]
    for model in models[1:]:
        for name in ("weights_", "means_", "covariances_", "lower_bound_"):
            np.testing.assert_array_equal(getattr(model, name), getattr(models[0], name))
        for method in ("score_samples", "predict_proba"):
            np.testing.assert_array_equal(getattr(model, method)(Z), getattr(models[0], method)(Z))
        np.testing.assert_array_equal(model.convert(Z[:, :10]), models[0].convert(Z[:, :10]))


def test_what_the_last_iteration_spares_changes_nothing(instruction_set):
    """Distances are bounded by those of the iteration before; one without a past has no bounds."""
    Z = speech_like(14, 3000, 40, n_clusters=12)
    parameters = start(Z, 16)
    training = _core.MixtureTraining(Z, 1)
    for _ in range(10):
        fresh = _core.MixtureTraining(Z, 1)
        assert training.expect(*parameters) == pytest.approx(fresh.expect(*parameters), rel=1e-9)
        kept, new = (t.maximise("full", 1e-6, 0.0) for t in (training, fresh))
        for a, b in zip(kept, new, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5 * np.abs(b).max())
        parameters = kept


def test_another_mixture_may_follow_any():
    Z = speech_like(15, 2000, 20)
    training = _core.MixtureTraining(Z, 1)
    far = start(Z + 50.0, 8, seed=1)
    narrow = start(Z, 8, seed=2)
    narrow = (*narrow[:2], 1e-3 * narrow[2])
    for parameters in (start(Z, 8), narrow, far, start(Z, 8), start(Z, 5), start(Z, 8, seed=3)):
        fresh = _core.MixtureTraining(Z, 1).expect(*parameters)
        assert training.expect(*parameters) == pytest.approx(fresh, rel=1e-9)


def test_order_of_frames_changes_little():
    Z = speech_like(9, 3000, 20)
    shuffled = Z[np.random.default_rng(0).permutation(len(Z))]
    one, other = (fitted(begun(start(Z, 7), max_iter=10), z) for z in (Z, shuffled))
    assert one.lower_bound_ == pytest.approx(other.lower_bound_, rel=1e-7)
    assert_same_parameters(one, (other.weights_, other.means_, other.covariances_), Z, 1e-4)


def degenerate():
    random = np.random.default_rng(10)
    Z = speech_like(10, 300, 6)
    constant = Z.copy()
    constant[:, 2] = 7.0
    return {
        "constant column": constant,
        "twice the same column": np.hstack([Z[:, :5], Z[:, :1]]),
        "every point many times": np.repeat(Z[:30], 10, axis=0),
        "fewer points than components": np.repeat(Z[:3], 20, axis=0),
        "one point": np.repeat(Z[:1], 20, axis=0),
        "a frame for each component": Z[:4],
        "far from the origin": Z + 1e6,
        "tiny and huge columns": Z * [1e-6, 1e6, 1.0, 1e3, 1e-3, 1.0],
        "one outlier": np.vstack([Z, 1e4 * random.standard_normal((1, 6))]),
    }


@pytest.mark.parametrize("case", degenerate())
@pytest.mark.parametrize("init", ["kmeans++", "split"])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_degenerate_data_give_a_usable_mixture(case, init, covariance_type):
    Z = degenerate()[case]
    model = fitted(
        JointDensityGMM(4, covariance_type=covariance_type, init=init, random_state=0), Z
    )
    for values in (model.weights_, model.means_, model.covariances_, model.score_samples(Z)):
        assert np.isfinite(values).all()
    assert model.weights_.sum() == pytest.approx(1.0)
    np.linalg.cholesky(model.covariances_)
    np.testing.assert_allclose(model.predict_proba(Z).sum(axis=1), 1.0, rtol=1e-5)
    assert np.isfinite(model.convert(Z[:, :3])).all()


def test_empty_component_takes_frames():
    Z = speech_like(11, 500, 6)
    weights, means, covariances = start(Z, 3)
    means[2] += 1e4
    model = fitted(begun((weights, means, covariances), max_iter=20), Z)
    assert model.weights_.min() > 1.0 / len(Z)
    assert np.abs(model.means_ - Z.mean(axis=0)).max() < np.ptp(Z, axis=0).max()


def finite():
    return speech_like(12, 60, 4)


def with_value(value):
    Z = finite()
    Z[5, 1] = value
    return Z


def started(**changes):
    weights, means, covariances = start(finite(), 2)
    names = {"weights_init": weights, "means_init": means, "covariances_init": covariances}
    return names | changes


@pytest.mark.parametrize(
    ("Z", "parameters", "words"),
    [
        (with_value(np.nan), {}, "finite"),
        (with_value(np.inf), {}, "finite"),
        (finite()[:, 0], {}, r"\(60,\)"),
        (finite()[None], {}, r"\(1, 60, 4\)"),
        (finite()[:0], {}, "0"),
        (finite(), {"n_components": 0}, "n_components.*0"),
        (finite(), {"n_components": 61}, "61"),
        (finite(), {"covariance_type": "round"}, "covariance_type.*'round'"),
        (finite()[:, :3], {"covariance_type": "cross_diag"}, "3"),
        (finite(), {"init": "split", "n_components": 3}, "power of two.*3"),
        (finite(), {"init": "zeros"}, "init.*'zeros'"),
        (finite(), {"max_iter": 0}, "max_iter.*0"),
        (finite(), {"tol": -1.0}, "tol.*-1"),
        (finite(), {"reg_covar": -1.0}, "reg_covar.*-1"),
        (finite(), {"prior_frames": -2.0}, "prior_frames.*-2"),
        (finite(), {"weights_init": [0.5, 0.5]}, "go together"),
        (finite(), started(means_init=np.zeros((2, 3))), r"means_init.*\(2, 4\).*\(2, 3\)"),
        (finite(), started() | {"n_components": 3}, r"weights_init.*\(3,\), got \(2,\)"),
        (finite(), started(weights_init=[1.5, -0.5]), "weights_init .* from -0.5 to 1.5"),
        (finite(), started(weights_init=[5.0, 5.0]), "weights_init .* add up to 10"),
        (finite(), started(weights_init=[np.nan, 1.0]), "weights_init must be finite"),
        (finite(), started(covariances_init=np.triu(np.ones((2, 4, 4)))), "be symmetric"),
        (finite(), started(covariances_init=np.eye(4)), r"covariances.*\(4, 4\)"),
        (finite(), started(covariances_init=np.zeros((2, 4, 4))), "positive definite"),
        (finite(), started(covariances_init=np.full((2, 4, 4), np.nan)), "finite"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(Z, parameters, words):
    with pytest.raises(ValueError, match=words):
        JointDensityGMM(**({"n_components": 2} | parameters)).fit(Z)


@pytest.mark.parametrize("parameters", [{"n_components": 2.5}, {"max_iter": 2.5}, {"n_jobs": 0}])
def test_counts_that_are_none_are_refused(parameters):
    with pytest.raises(ValueError, match=str(next(iter(parameters.values())))):
        JointDensityGMM(**({"n_components": 2} | parameters)).fit(finite())


def test_all_processors_as_scikit_learn_says_it():
    JointDensityGMM(2, n_jobs=-1).fit(finite())


def test_bad_input_of_a_fitted_mixture():
    model = JointDensityGMM(2)
    for method in (model.convert, model.predict, model.score_samples):
        with pytest.raises(ValueError, match="not fitted"):
            method(finite())
    model.fit(finite())
    for X in (finite(), finite()[:, :0], finite()[:, 0]):
        with pytest.raises(ValueError, match="shape"):
            model.convert(X)
    with pytest.raises(ValueError, match="3"):
        model.score_samples(finite()[:, :3])
    with pytest.raises(ValueError, match="finite"):
        model.convert(with_value(np.nan)[:, :2])
    with pytest.raises(ValueError, match=r"mixtures.*'worst'"):
        model.conditional(finite()[:, :2], mixtures="worst")


@pytest.mark.filterwarnings("ignore:.*does not inherit from .sklearn.base.BaseEstimator")
def test_check_estimator():
    check_estimator(JointDensityGMM(2), on_skip=None)


def test_clone_has_the_same_parameters():
    model = JointDensityGMM(3, prior_frames=5.0, random_state=7)
    assert clone(model).get_params() == model.get_params()


def test_text_of_a_mixture_with_a_start():
    assert "weights_init=array([0.5, 0.5])" in repr(
        JointDensityGMM(2, weights_init=np.full(2, 0.5))
    )


def test_pickle_after_conversion():
    Z = speech_like(13, 200, 4)
    model = JointDensityGMM(3).fit(Z)
    converted = model.convert(Z[:, :2])
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.convert(Z[:, :2]), converted)


def test_weights_of_0_may_be_a_start():
    """As in scikit-learn: the component takes frames where it has none."""
    Z = speech_like(14, 300, 4)
    _, means, covariances = start(Z, 3)
    model = fitted(begun((np.array([0.5, 0.5, 0.0]), means, covariances), max_iter=3), Z)
    assert np.isfinite(model.lower_bound_) and model.weights_.min() > 0


@pytest.mark.parametrize("name", ["weights_", "means_", "covariances_"])
def test_regression_follows_the_parameters(name):
    """Those of the present, whether they were replaced or, where they may be, changed in place."""
    Z = speech_like(13, 300, 6)
    model = fitted(JointDensityGMM(3), Z)
    before = model.convert(Z[:, :3])
    with pytest.raises(ValueError, match="read-only"):
        model.means_ += 1.0
    parameters = {n: np.array(getattr(model, n)) for n in ("weights_", "means_", "covariances_")}
    for field, value in parameters.items():
        setattr(model, field, value)
    np.testing.assert_array_equal(model.convert(Z[:, :3]), before)
    changed = getattr(model, name)
    changed[:] = changed[[1, 2, 0]] if name == "weights_" else 1.5 * changed
    fresh = JointDensityGMM(3)
    for field, value in parameters.items():
        setattr(fresh, field, np.array(value))
    np.testing.assert_array_equal(model.convert(Z[:, :3]), fresh.convert(Z[:, :3]))
    assert not np.array_equal(model.convert(Z[:, :3]), before)
    setattr(model, name, parameters[name] / 1.5)
    setattr(fresh, name, parameters[name] / 1.5)
    np.testing.assert_array_equal(model.convert(Z[:, :3]), fresh.convert(Z[:, :3]))


def test_negative_weights_are_refused():
    Z = speech_like(13, 300, 6)
    model = fitted(JointDensityGMM(3), Z)
    model.weights_ = np.array([1.2, -0.1, -0.1])
    for method in (lambda: model.score(Z), lambda: model.convert(Z[:, :3])):
        with pytest.raises(ValueError, match=r"weights_ must not be negative, got -0\.1"):
            method()


def narrow():
    """Frames in which some direction is far narrower than the whole."""
    random = np.random.default_rng(0)
    Z = random.standard_normal((1000, 6))
    return {
        "clusters at 1e4": Z + 1e4 * random.integers(0, 3, 1000)[:, None],
        "clusters at 1e6": Z + 1e6 * random.integers(0, 3, 1000)[:, None],
        "columns of 1e4 that differ by 1": np.hstack([1e4 * Z[:, :3], 1e4 * Z[:, :3] + Z[:, 3:]]),
        "a narrow column": Z @ random.standard_normal((6, 6)) * [1e4, 1, 1e4, 1, 1e-2, 1],
    }


@pytest.mark.parametrize("case", narrow())
def test_narrow_components_are_as_exact(case, instruction_set):
    Z = narrow()[case]
    parameters = start(Z, 3)
    model = begun(parameters, max_iter=6, n_jobs=2)
    weights, means, covariances = parameters
    theirs = GaussianMixture(
        3, max_iter=6, tol=0.0, init_params="random", weights_init=weights, means_init=means,
        precisions_init=np.linalg.inv(covariances),
    )  # fmt: skip
    fitted(model, Z)
    fitted(theirs, Z)
    assert model.lower_bound_ == pytest.approx(theirs.lower_bound_, rel=1e-7)
    assert model.score(Z) == pytest.approx(theirs.score(Z), rel=1e-7)
    # Conditions of 1e12 leave scikit-learn's double precision no more.
    within = 0.05 if "1e6" in case else 1e-4
    np.testing.assert_allclose(model.score_samples(Z), theirs.score_samples(Z), rtol=0, atol=within)
    one = fitted(begun(parameters, max_iter=6, n_jobs=1), Z)
    np.testing.assert_array_equal(one.score_samples(Z), model.score_samples(Z))


@pytest.mark.parametrize("seed", range(6))
def test_one_outlying_frame_stops_nothing(seed):
    """A component that leaps to it has squares around its old place that say nothing."""
    random = np.random.default_rng(seed)
    Z = random.standard_normal((400, 6))
    Z[17] = 1e6
    means = Z[random.choice(len(Z), 6, replace=False)]
    parameters = np.full(6, 1 / 6), means, np.stack([np.eye(6)] * 6)
    model = fitted(begun(parameters, max_iter=50), Z)
    assert np.isfinite(model.lower_bound_) and np.isfinite(model.score(Z))
    split = fitted(JointDensityGMM(4, init="split"), Z)
    assert np.isfinite(split.score(Z))

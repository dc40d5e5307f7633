"""Trajectories against dense linear algebra, numerical derivatives and each other."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax
from scipy.stats import norm

import wavenet
from wavenet.conversion import (
    ModulationStatistics,
    global_variance_gradient,
    global_variance_objective,
    global_variance_postfilter,
    modulation_spectrum_postfilter,
    trajectory_convert,
)

STATIC, DELTA, ACCELERATION = [1.0], [-0.5, 0.0, 0.5], [1.0, -2.0, 1.0]
WINDOWS = {
    "static": [STATIC],
    "delta": [STATIC, DELTA],
    "acceleration": [STATIC, DELTA, ACCELERATION],
    "wide": [[0.2, 0.1, -0.6, 0.3, -0.1], [0.0, 2.0, 0.0], [1 / 3, 1 / 3, 1 / 3]],
}


def window_matrix(windows, n):
    """W (n_windows * n, n), window by window; the ends are held."""
    matrix = np.zeros((len(windows), n, n))
    for w, window in enumerate(windows):
        for k, coefficient in enumerate(window):
            for t in range(n):
                matrix[w, t, np.clip(t + k - len(window) // 2, 0, n - 1)] += coefficient
    return matrix.reshape(-1, n)


def dense_mlpg(means, variances, windows):
    """The normal equations, one dimension after the other."""
    n, d = len(means), means.shape[1] // len(windows)
    W = window_matrix(windows, n)
    y = np.empty((n, d))
    for k in range(d):
        precision = 1.0 / variances[:, k::d].T.ravel()
        left = W.T * precision @ W
        y[:, k] = np.linalg.solve(left, W.T @ (precision * means[:, k::d].T.ravel()))
    return y


def distributions(seed, n, d, n_windows, spread=2.0):
    random = np.random.default_rng(seed)
    means = random.standard_normal((n, n_windows * d))
    return means, np.exp(spread * random.standard_normal((n, n_windows * d)))


@pytest.mark.parametrize("windows", WINDOWS)
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (3, 24), (60, 25), (150, 9)])
def test_mlpg_equals_the_normal_equations(windows, shape, instruction_set):
    windows = WINDOWS[windows]
    means, variances = distributions(0, *shape, len(windows))
    y = wavenet.mlpg(means, variances, windows)
    assert y.shape == shape
    expected = dense_mlpg(means, variances, windows)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(1, 20), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_mlpg_of_random_windows(n, d, halves, seed):
    random = np.random.default_rng(seed)
    windows = [STATIC, *(random.standard_normal(2 * half + 1) for half in range(halves + 1))]
    means, variances = distributions(seed, n, d, len(windows), 1.0)
    y = wavenet.mlpg(means, variances, windows)
    expected = dense_mlpg(means, variances, windows)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def test_mlpg_with_one_variance_for_all_frames(instruction_set):
    means, variances = distributions(1, 30, 5, 3)
    windows = WINDOWS["acceleration"]
    np.testing.assert_array_equal(
        wavenet.mlpg(means, variances[0], windows),
        wavenet.mlpg(means, np.tile(variances[0], (30, 1)), windows),
    )


def test_mlpg_gives_back_a_trajectory_whose_features_are_the_means():
    y = np.random.default_rng(2).standard_normal((50, 7)).cumsum(axis=0)
    windows = WINDOWS["acceleration"]
    features = (window_matrix(windows, 50) @ y).reshape(3, 50, 7).transpose(1, 0, 2)
    _, variances = distributions(3, 50, 7, 3)
    back = wavenet.mlpg(features.reshape(50, 21), variances, windows)
    np.testing.assert_allclose(back, y, rtol=1e-9, atol=1e-9)


GOOD = np.ones((4, 6))


@pytest.mark.parametrize(
    ("means", "variances", "windows", "sentence"),
    [
        (GOOD[0], GOOD, [STATIC], r"means must have the shape \(n_frames, 1 \* d\).*got \(6,\)"),
        (GOOD[:0], GOOD, [STATIC], r"not be empty, got \(0, 6\)"),
        (GOOD, GOOD, [STATIC] * 4, r"means must have the shape \(n_frames, 4 \* d\)"),
        (GOOD, GOOD[:3], [STATIC], r"variances must have the shape \(4, 6\).*got \(3, 6\)"),
        (GOOD, GOOD[0, :5], [STATIC], r"variances must have the shape .*got \(5,\)"),
        (GOOD, 0 * GOOD, [STATIC], "variances must be finite and above 0, got 0 at place 0"),
        (GOOD, -GOOD[0], [STATIC], "variances must be finite and above 0, got -1 at place 0"),
        (np.nan * GOOD, GOOD, [STATIC], "means must be finite, got nan at place 0"),
        (GOOD, np.inf * GOOD, [STATIC], "variances must be finite and above 0, got inf"),
        (GOOD, GOOD, [[1.0, 0.0]], "window 0 must have coefficients of odd number, got 2"),
        (GOOD, GOOD, [STATIC, [np.nan]], "window 1 holds nan"),
        (GOOD, GOOD, [DELTA], "one window must look at the present frame only"),
        (GOOD, GOOD, [], "means must have the shape"),
        (1e300 * GOOD, 1e-300 * GOOD, [STATIC], "too large or too small for double precision"),
    ],
)
def test_bad_arguments_of_mlpg_are_refused(means, variances, windows, sentence):
    with pytest.raises(ValueError, match=sentence):
        wavenet.mlpg(means, variances, windows)


# RecursiveMLPG


@pytest.mark.parametrize("windows", ["static", "delta", "acceleration", "five"])
@pytest.mark.parametrize("delay", [0, 1, 2, 7, 80])
def test_recursive_mlpg_is_mlpg_of_the_frames_so_far(windows, delay, instruction_set):
    windows = WINDOWS.get(windows, [STATIC, [0.1, -0.3, 0.2, 0.4, -0.2]])
    means, variances = distributions(4, 60, 9, len(windows))
    expected = [
        wavenet.mlpg(means[: t + delay + 1], variances[: t + delay + 1], windows)[t]
        for t in range(60)
    ]
    trajectory = wavenet.RecursiveMLPG(windows, 9, delay)
    for block in (1, 7, 60):  # a new sequence each
        parts = []
        for start in range(0, 60, block):
            frames = slice(start, start + block)
            parts.append(trajectory.process(means[frames], variances[frames]))
            assert sum(map(len, parts)) == max(0, min(start + block, 60) - delay)
        parts.append(trajectory.flush())
        np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-9, atol=1e-9)


def test_recursive_mlpg_nears_the_whole_trajectory_as_the_delay_grows():
    windows = WINDOWS["acceleration"]
    means, variances = distributions(5, 300, 4, 3, 0.5)
    whole = wavenet.mlpg(means, variances, windows)
    errors = []
    for delay in (0, 2, 4, 8, 16, 32):
        trajectory = wavenet.RecursiveMLPG(windows, 4, delay)
        y = np.concatenate([trajectory.process(means, variances), trajectory.flush()])
        errors.append(np.abs(y - whole).max())
    assert all(later < 0.5 * earlier for earlier, later in itertools.pairwise(errors))
    assert errors[-1] < 1e-6


def test_recursive_mlpg_of_a_long_sequence_and_one_variance():
    windows = WINDOWS["delta"]
    means, variances = distributions(6, 5000, 3, 2, 0.3)
    trajectory = wavenet.RecursiveMLPG(windows, 3, 40)
    y = np.concatenate([trajectory.process(means, variances[0]), trajectory.flush()])
    whole = wavenet.mlpg(means, variances[0], windows)
    np.testing.assert_allclose(y, whole, rtol=0, atol=1e-6 * np.abs(whole).max())
    assert trajectory.flush().shape == (0, 3)


# trajectory_convert


def mixture(seed, n, d, components, n_source=3, windows=2):
    """A source that moves smoothly, and components that overlap."""
    random = np.random.default_rng(seed)
    x = np.cumsum(random.standard_normal((n, n_source)), axis=0) * 0.1
    posteriors = random.dirichlet(np.full(components, 0.3), n)
    slopes = 0.3 * random.standard_normal((components, windows * d, n_source))
    biases = 0.5 * random.standard_normal((components, windows * d))
    variances = random.uniform(0.2, 1.0, (components, windows * d))
    return x, posteriors, slopes, biases, variances


def log_likelihood(y, x, posteriors, slopes, biases, variances, windows):
    n, d = y.shape
    features = (window_matrix(windows, n) @ y).reshape(-1, n, d).transpose(1, 0, 2).reshape(n, -1)
    means = np.einsum("mks,ts->tmk", slopes, x) + biases
    with np.errstate(divide="ignore"):
        logs = np.log(posteriors) + norm(means, np.sqrt(variances)).logpdf(
            features[:, None, :]
        ).sum(axis=-1)
    return logs, logsumexp(logs, axis=1).mean()


def test_trajectory_of_the_suboptimum_mixture_sequence(instruction_set):
    arguments = mixture(0, 80, 5, 4)
    x, posteriors, slopes, biases, variances = arguments
    best = posteriors.argmax(axis=1)
    means = np.einsum("tks,ts->tk", slopes[best], x) + biases[best]
    result = trajectory_convert(*arguments, WINDOWS["delta"])
    expected = dense_mlpg(means, variances[best], WINDOWS["delta"])
    np.testing.assert_allclose(result.trajectory, expected, rtol=1e-9, atol=1e-9)
    _, value = log_likelihood(result.trajectory, *arguments, WINDOWS["delta"])
    assert result.log_likelihood == pytest.approx([value], rel=1e-9)


def test_iterations_raise_the_likelihood_and_follow_the_formula(instruction_set):
    arguments = mixture(1, 60, 4, 6)
    x, _, slopes, biases, variances = arguments
    result = trajectory_convert(*arguments, WINDOWS["delta"], n_iterations=25)
    assert np.all(np.diff(result.log_likelihood) >= -1e-12)
    assert result.log_likelihood[-1] > result.log_likelihood[0] + 0.01

    before = trajectory_convert(*arguments, WINDOWS["delta"], n_iterations=1)
    logs, value = log_likelihood(before.trajectory, *arguments, WINDOWS["delta"])
    assert before.log_likelihood[-1] == pytest.approx(value, rel=1e-9)
    weights = softmax(logs, axis=1)
    precision = weights @ (1.0 / variances)
    means = np.einsum("mks,ts->tmk", slopes, x) + biases
    weighted = np.einsum("tm,tmk->tk", weights, means / variances)
    after = trajectory_convert(*arguments, WINDOWS["delta"], n_iterations=2)
    expected = dense_mlpg(weighted / precision, 1.0 / precision, WINDOWS["delta"])
    np.testing.assert_allclose(after.trajectory, expected, rtol=1e-8, atol=1e-8)


def test_one_component_is_plain_mlpg():
    x, _, slopes, biases, variances = mixture(2, 30, 3, 1)
    result = trajectory_convert(
        x, np.ones((30, 1)), slopes, biases, variances, WINDOWS["delta"], n_iterations=3
    )
    expected = wavenet.mlpg(x @ slopes[0].T + biases[0], variances[0], WINDOWS["delta"])
    np.testing.assert_allclose(result.trajectory, expected, rtol=1e-12, atol=1e-12)


# Global variance


def flat_features(seed, n=120, d=6):
    """Distributions of a trajectory with deltas, and statistics of a livelier one."""
    random = np.random.default_rng(seed)
    y = np.cumsum(random.standard_normal((n, d)), axis=0) * 0.2
    features = (window_matrix(WINDOWS["delta"], n) @ y).reshape(2, n, d).transpose(1, 0, 2)
    means = features.reshape(n, 2 * d) + 0.1 * random.standard_normal((n, 2 * d))
    variances = random.uniform(0.05, 0.2, (n, 2 * d))
    target = 1.7 * y.var(axis=0)
    return means, variances, WINDOWS["delta"], target, (0.2 * target) ** 2


def test_global_variance_gradient_is_the_derivative(instruction_set):
    arguments = flat_features(0, 20, 3)
    y = np.random.default_rng(1).standard_normal((20, 3))
    for weight in (None, 0.3):
        values, gradient = global_variance_objective(y, *arguments, weight=weight)
        assert values.shape == (3,)
        for t, k in itertools.product(range(20), range(3)):
            step = np.zeros((20, 3))
            step[t, k] = 1e-5
            up, down = (
                global_variance_objective(y + s, *arguments, weight=weight)[0]
                for s in (step, -step)
            )
            slopes = (up - down) / 2e-5
            assert slopes[k] == pytest.approx(gradient[t, k], rel=1e-5, abs=1e-6)
            assert np.count_nonzero(slopes) == 1


def test_global_variance_objective_is_the_likelihood():
    """Differences between trajectories: constants are left out."""
    means, variances, windows, target, spread = flat_features(2, 30, 4)
    random = np.random.default_rng(3)
    results = []
    for _ in range(2):
        y = random.standard_normal((30, 4))
        features = (window_matrix(windows, 30) @ y).reshape(2, 30, 4).transpose(1, 0, 2)
        likelihood = norm(means, np.sqrt(variances)).logpdf(features.reshape(30, 8))
        likelihood = likelihood.reshape(30, 2, 4).sum(axis=(0, 1)) / 60
        likelihood += norm(target, np.sqrt(spread)).logpdf(y.var(axis=0))
        results.append(
            likelihood - global_variance_objective(y, means, variances, windows, target, spread)[0]
        )
    np.testing.assert_allclose(results[0], results[1], rtol=1e-9)


def test_global_variance_climb_rises_to_a_flat_top(instruction_set):
    arguments = flat_features(4)
    _, _, _, target, _ = arguments
    result = global_variance_gradient(*arguments, max_iter=200, tol=1e-13)
    assert np.all(np.diff(result.objective) >= -1e-10)
    values, gradient = global_variance_objective(result.trajectory, *arguments)
    assert result.objective[-1] == pytest.approx(values.sum(), rel=1e-12)
    _, at_start = global_variance_objective(wavenet.mlpg(*arguments[:3]), *arguments)
    assert np.abs(gradient).max() < 1e-4 * np.abs(at_start).max()
    flat = wavenet.mlpg(*arguments[:3]).var(axis=0)
    assert np.all(np.abs(result.trajectory.var(axis=0) - target) < 0.5 * np.abs(flat - target))


def test_global_variance_climb_from_any_start_never_falls():
    arguments = flat_features(5)
    random = np.random.default_rng(6)
    for scale in (1e-3, 1.0, 30.0):
        start = scale * random.standard_normal((120, 6))
        result = global_variance_gradient(*arguments, start=start, max_iter=50)
        rises = np.diff(result.objective)
        assert np.all(rises >= -1e-12 * np.abs(result.objective[:-1]))
        assert result.objective[-1] > result.objective[0]


def test_postfilter_reaches_the_target_variance():
    random = np.random.default_rng(7)
    y = random.standard_normal((50, 4)).cumsum(axis=0)
    target = np.array([0.1, 1.0, 5.0, 100.0])
    frames = random.uniform(size=50) > 0.3
    spread = global_variance_postfilter(y, target, frames=frames)
    np.testing.assert_allclose(spread[frames].var(axis=0), target, rtol=1e-12)
    np.testing.assert_allclose(spread[frames].mean(axis=0), y[frames].mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(global_variance_postfilter(y, target).var(axis=0), target)
    limited = global_variance_postfilter(y, 1e4 * target, largest_gain=3.0)
    np.testing.assert_allclose(limited.std(axis=0), 3.0 * y.std(axis=0))


# Modulation spectrum


def test_modulation_spectrum_postfilter_maps_the_statistics():
    random = np.random.default_rng(8)
    natural = [random.standard_normal((n, 3)).cumsum(axis=0) for n in (90, 110, 128, 70, 100)]
    kernel = np.hanning(9)[:, None] / 4
    flat = [np.apply_along_axis(np.convolve, 0, y, kernel[:, 0], "same") for y in natural]
    of_natural, of_flat = (ModulationStatistics.measure(u, 128) for u in (natural, flat))
    assert of_natural.mean.shape == of_natural.deviation.shape == (65, 3)

    y = flat[2]  # as long as the transform, so that nothing is cut off
    full = modulation_spectrum_postfilter(y, of_natural, of_flat, strength=1.0)
    np.testing.assert_allclose(full.mean(axis=0), y.mean(axis=0), atol=1e-12)

    inner = slice(1, 64)

    def log_power(x):
        return np.log(np.abs(np.fft.rfft(x - x.mean(axis=0), 128, axis=0)[inner]) ** 2)

    scale = of_natural.deviation[inner] / of_flat.deviation[inner]
    expected = scale * (log_power(y) - of_flat.mean[inner]) + of_natural.mean[inner]
    np.testing.assert_allclose(log_power(full), expected, atol=1e-6)
    half = modulation_spectrum_postfilter(y, of_natural, of_flat, strength=0.5)
    np.testing.assert_allclose(log_power(half), 0.5 * (log_power(y) + expected), atol=1e-6)
    np.testing.assert_allclose(
        modulation_spectrum_postfilter(y, of_natural, of_flat, strength=0.0), y, atol=1e-12
    )


# Errors

ONES = np.ones
MIXTURE = mixture(0, 4, 2, 3)
STATISTICS = ModulationStatistics.measure([np.eye(4), ONES((3, 4))], 8)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: wavenet.RecursiveMLPG([STATIC], 0, 1), "dimensions must be a whole number from 1"),
        (lambda: wavenet.RecursiveMLPG([STATIC], 2, -1), "delay must be .* from 0, got -1"),
        (lambda: wavenet.RecursiveMLPG([STATIC], 2, 1001), "delay must be from 0 to 1000 frames"),
        (lambda: wavenet.RecursiveMLPG([DELTA], 2, 1), "one window must look at the present"),
        (
            lambda: wavenet.RecursiveMLPG([STATIC], 2, 1).process(ONES((3, 3)), ONES((3, 3))),
            r"means must have the shape \(n_frames, 2\), got \(3, 3\)",
        ),
        (
            lambda: wavenet.RecursiveMLPG([STATIC], 2, 1).process(ONES((3, 2)), ONES((2, 2))),
            r"variances must have the shape \(3, 2\) of the means or \(2,\), got \(2, 2\)",
        ),
        (
            lambda: trajectory_convert(MIXTURE[0][:3], *MIXTURE[1:], WINDOWS["delta"]),
            r"posteriors must have the shape \(3, 3\), got \(4, 3\)",
        ),
        (
            lambda: trajectory_convert(MIXTURE[0], 2 * MIXTURE[1], *MIXTURE[2:], WINDOWS["delta"]),
            "posteriors must add up to 1, but those of frame 0 add up to 2",
        ),
        (
            lambda: trajectory_convert(*MIXTURE[:4], -MIXTURE[4], WINDOWS["delta"]),
            "variances must be finite and above 0, got -",
        ),
        (
            lambda: trajectory_convert(*MIXTURE, WINDOWS["delta"], n_iterations=-1),
            "n_iterations must be a whole number from 0, got -1",
        ),
        (
            lambda: trajectory_convert(*MIXTURE, [STATIC] * 3),
            r"biases must have the shape \(n_components, 3 \* d\)",
        ),
        (
            lambda: global_variance_gradient(ONES((4, 2)), ONES(2), [STATIC], ONES(2), ONES(1)),
            r"target_variance must have the shape \(2,\), got \(1,\)",
        ),
        (
            lambda: global_variance_gradient(
                ONES((4, 2)), ONES(2), [STATIC], ONES(2), ONES(2), weight=0.0
            ),
            "weight must be finite and above 0, got 0",
        ),
        (
            lambda: global_variance_gradient(
                ONES((4, 2)), ONES(2), [STATIC], ONES(2), ONES(2), start=ONES((3, 2))
            ),
            r"start must have the shape \(4, 2\), got \(3, 2\)",
        ),
        (
            lambda: global_variance_postfilter(ONES((4, 2)), ONES(3)),
            r"target_mean \(d,\), got \(4, 2\) and \(3,\)",
        ),
        (
            lambda: global_variance_postfilter(ONES((4, 2)), ONES(2), frames=np.zeros(4, bool)),
            "frames must be 4 truth values, at least one of them true",
        ),
        (
            lambda: global_variance_postfilter(ONES((4, 2)), -ONES(2)),
            "target_mean finite and not negative",
        ),
        (
            lambda: global_variance_postfilter(ONES((4, 2)), ONES(2), largest_gain=0.5),
            "largest_gain must be at least 1, got 0.5",
        ),
        (lambda: ModulationStatistics.measure([ONES((3, 2))]), "at least two utterances, got 1"),
        (
            lambda: ModulationStatistics.measure([ONES((9, 2)), ONES((3, 2))], 8),
            r"n_frames from 1 to 8, got \(9, 2\)",
        ),
        (
            lambda: modulation_spectrum_postfilter(ONES((3, 2)), STATISTICS, STATISTICS),
            r"statistics of the shape \(5, 2\), got \(5, 4\)",
        ),
        (
            lambda: modulation_spectrum_postfilter(
                ONES((3, 4)), STATISTICS, STATISTICS, strength=2
            ),
            "strength must be from 0 to 1, got 2",
        ),
    ],
)
def test_bad_arguments_are_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()

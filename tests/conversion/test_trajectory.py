"""Trajectories against dense linear algebra, numerical derivatives and each other."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax
from scipy.stats import norm

import wavenet
from wavenet import _core
from wavenet.conversion import trajectory_convert

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


def test_the_same_bits_on_every_instruction_set():
    means, variances = distributions(7, 90, 11, 3)
    before = _core.instruction_set()
    results = []
    for name in _core.available_instruction_sets():
        _core.set_instruction_set(name)
        results.append(wavenet.mlpg(means, variances, WINDOWS["acceleration"]))
    _core.set_instruction_set(before)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


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


# Errors

ONES = np.ones
MIXTURE = mixture(0, 4, 2, 3)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: wavenet.RecursiveMLPG([STATIC], 0, 1),
            "dimensions must be from 1 to 1048576, got 0",
        ),
        (lambda: wavenet.RecursiveMLPG([STATIC], 2, -1), "delay must be from 0 to 1000, got -1"),
        (lambda: wavenet.RecursiveMLPG([STATIC], 2, 1001), "delay must be from 0 to 1000, got"),
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
    ],
)
def test_bad_arguments_are_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()

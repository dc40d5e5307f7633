"""Trajectories against dense linear algebra, numerical derivatives and each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wavenet

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

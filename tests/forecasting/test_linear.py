"""The linear part of forecasts."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from wavenet.forecasting.linear import RIDGE, fit_lags, recent_scales, remove_lags, restore_lags


@pytest.fixture(scope="module")
def walks() -> np.ndarray:
    """Two columns of which the second repeats every 7 rows."""
    random = np.random.default_rng(0)
    walk = random.standard_normal(600).cumsum()
    wave = 5 + np.tile(random.standard_normal(7), 86)[:600] + 0.01 * random.standard_normal(600)
    return np.stack([walk, wave], axis=1)


def test_weights_are_those_of_ridge_regression(walks):
    weights = fit_lags(walks, 10, 3)
    assert weights.shape == (2, 3, 10)
    np.testing.assert_allclose(weights.sum(axis=2), 1, atol=1e-5)
    y = walks[:, 1] / walks[:, 1].std()
    places = range(10, len(y) - 2)
    inputs = np.array([y[t - 10 : t - 1] - y[t - 1] for t in places])
    changes = np.array([y[t : t + 3] - y[t - 1] for t in places])
    expected = Ridge(RIDGE, fit_intercept=False).fit(inputs, changes).coef_
    np.testing.assert_allclose(weights[1, :, :-1], expected, atol=1e-5)


@pytest.mark.parametrize("patch", [1, 3])
def test_what_is_removed_is_restored(walks, patch):
    weights = fit_lags(walks, 14, patch)
    left = remove_lags(walks, weights)
    assert left.shape == (600 - 14 - patch + 1, patch * 2)
    assert left[:, 1].std() < 0.7 * walks[:, 1].std()
    steps = left[100 : 100 + 4 * patch : patch]  # behind row 114
    paths = restore_lags(walks[:114], np.stack([steps, steps + 1]), weights)
    np.testing.assert_allclose(paths[0], walks[114 : 114 + 4 * patch], atol=1e-9)
    assert (paths[1] > paths[0]).any()


def test_level_does_not_matter(walks):
    weights = fit_lags(walks, 5, 2)
    np.testing.assert_allclose(fit_lags(walks + 100, 5, 2), weights, atol=1e-5)
    np.testing.assert_allclose(
        remove_lags(walks + 100, weights), remove_lags(walks, weights), atol=1e-4
    )


def test_recent_scales():
    left = np.array([[3.0, 0.0, -3.0, 0.0], [3.0, 0.0, 3.0, 0.0]])
    np.testing.assert_allclose(recent_scales(left, 2), [3.0017, 0.1, 3.0017, 0.1], rtol=1e-4)

"""Global variance and modulation spectrum against their definitions."""

import itertools

import numpy as np
import pytest
from scipy.stats import norm

import wavenet
from wavenet.conversion import (
    ModulationStatistics,
    global_variance_gradient,
    global_variance_objective,
    global_variance_postfilter,
    modulation_spectrum_postfilter,
)

STATIC, DELTA = [1.0], [-0.5, 0.0, 0.5]
WINDOWS = [STATIC, DELTA]


def features_of(y):
    """Static features and slopes, the ends held: (n, d) -> (n, 2 d)."""
    padded = np.concatenate([y[:1], y, y[-1:]])
    return np.hstack([y, 0.5 * (padded[2:] - padded[:-2])])


def flat_features(seed, n=120, d=6):
    """Distributions of a trajectory with deltas, and statistics of a livelier one."""
    random = np.random.default_rng(seed)
    y = np.cumsum(random.standard_normal((n, d)), axis=0) * 0.2
    means = features_of(y) + 0.1 * random.standard_normal((n, 2 * d))
    variances = random.uniform(0.05, 0.2, (n, 2 * d))
    target = 1.7 * y.var(axis=0)
    return means, variances, WINDOWS, target, (0.2 * target) ** 2


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
        likelihood = norm(means, np.sqrt(variances)).logpdf(features_of(y))
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
    assert of_natural.mean.shape == of_natural.standard_deviation.shape == (65, 3)

    y = flat[2]  # as long as the transform, so that nothing is cut off
    full = modulation_spectrum_postfilter(y, of_natural, of_flat, strength=1.0)
    np.testing.assert_allclose(full.mean(axis=0), y.mean(axis=0), atol=1e-12)

    inner = slice(1, 64)

    def log_power(x):
        return np.log(np.abs(np.fft.rfft(x - x.mean(axis=0), 128, axis=0)[inner]) ** 2)

    scale = of_natural.standard_deviation[inner] / of_flat.standard_deviation[inner]
    expected = scale * (log_power(y) - of_flat.mean[inner]) + of_natural.mean[inner]
    np.testing.assert_allclose(log_power(full), expected, atol=1e-6)
    half = modulation_spectrum_postfilter(y, of_natural, of_flat, strength=0.5)
    np.testing.assert_allclose(log_power(half), 0.5 * (log_power(y) + expected), atol=1e-6)
    np.testing.assert_allclose(
        modulation_spectrum_postfilter(y, of_natural, of_flat, strength=0.0), y, atol=1e-12
    )


ONES = np.ones
STATISTICS = ModulationStatistics.measure([np.eye(4), ONES((3, 4))], 8)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
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

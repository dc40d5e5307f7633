"""Metrics against hand calculation and librosa."""

import librosa
import numpy as np
import pytest

import wavenet
from wavenet.features import mel_cepstrum
from wavenet.metrics.f0 import compare_f0
from wavenet.metrics.summary import global_variance_ratio, mean_interval


def test_distortion_of_one_coefficient():
    """A difference of 1 in one coefficient is 10 / ln 10 * sqrt 2 dB."""
    a = np.zeros((5, 3))
    b = a.copy()
    b[:, 2] = 1.0
    assert wavenet.mel_cepstral_distortion(a, b, align=False) == pytest.approx(6.141851463713754)
    b[:, 0] = 7.0
    assert wavenet.mel_cepstral_distortion(a, b) == pytest.approx(6.141851463713754)
    assert wavenet.mel_cepstral_distortion(a, b, first=0) > 40


def test_aligned_distortion_is_the_mean_over_librosas_path():
    random = np.random.default_rng(0)
    a = random.standard_normal((60, 8)).cumsum(axis=0)
    b = random.standard_normal((75, 8)).cumsum(axis=0)
    _, path = librosa.sequence.dtw(a[:, 1:].T, b[:, 1:].T)
    difference = a[path[:, 0], 1:] - b[path[:, 1], 1:]
    expected = 10 / np.log(10) * np.sqrt(2 * (difference**2).sum(axis=1)).mean()
    assert wavenet.mel_cepstral_distortion(a, b) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        (np.ones((3, 4)), np.ones((3, 5)), {}, "4 coefficients and converted 5"),
        (np.ones((3, 4)), np.ones((2, 4)), {"align": False}, "3 frames and converted 2"),
        (np.ones((3, 4)), np.full((3, 4), np.nan), {}, "converted has values that are not finite"),
        (np.ones(3), np.ones((3, 4)), {}, r"reference must have the shape .* got \(3,\)"),
        (np.ones((3, 4)), np.ones((3, 4)), {"first": 4}, "first must be from 0 to 3, got 4"),
    ],
)
def test_bad_input_is_refused(a, b, options, message):
    with pytest.raises(ValueError, match=message):
        wavenet.mel_cepstral_distortion(a, b, **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x > 1,
        lambda x: x + 0j,
        lambda x: x.astype(object),
        lambda x: x.astype(str),
        lambda x: np.ma.masked_greater(x, 1),
        lambda x: np.where(x > 1, np.inf, x),
        lambda x: np.where(x > 1, np.nan, x),
    ],
    ids=["bool", "complex", "object", "text", "masked", "infinity", "NaN"],
)
def test_features_are_finite_real_numbers(make):
    frames = np.arange(12.0).reshape(3, 4) + 0.5
    for call, x in (
        (lambda x: wavenet.mel_cepstral_distortion(frames, x), frames),
        (lambda x: compare_f0(frames[0], x), frames[0]),
        (lambda x: compare_f0(x, frames[0]), frames[0]),
        (lambda x: mel_cepstrum.from_spectrum(x, 2, 0.4), frames),
    ):
        with pytest.raises(ValueError, match=r"real numbers|masked|not finite"):
            call(make(x))
    with pytest.raises(ValueError, match="power must be above 0, got 0"):
        mel_cepstrum.from_spectrum(np.zeros((3, 5)), 2, 0.4)


def test_f0_comparison():
    a = np.array([0.0, 100.0, 110.0, 121.0, 0.0])
    b = np.array([90.0, 200.0, 220.0, 242.0, 0.0])
    result = compare_f0(a, b)
    assert result.log_rmse == pytest.approx(np.log(2))
    assert result.correlation == pytest.approx(1.0)
    assert result.voicing_error == pytest.approx(0.2)
    assert np.isnan(compare_f0(np.zeros(3), np.ones(3)).log_rmse)
    with pytest.raises(ValueError, match="one shape"):
        compare_f0(np.zeros(3), np.zeros(4))


def test_global_variance_ratio():
    random = np.random.default_rng(0)
    x = [random.standard_normal((50, 3)) for _ in range(4)]
    np.testing.assert_allclose(global_variance_ratio(x, [2 * u + 5 for u in x]), 4.0)


def test_mean_interval():
    mean, half_width = mean_interval([1.0, 2.0, 3.0, np.nan])
    assert mean == 2.0
    assert half_width == pytest.approx(1.96 / np.sqrt(3))
    assert np.isnan(mean_interval([]).mean)

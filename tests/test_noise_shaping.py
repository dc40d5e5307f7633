"""Noise shaping: the filter whitens, its inverse undoes it, generation sounds through it."""

import copy
import dataclasses

import numpy as np
import pytest
import scipy.signal

from wavenet import _core
from wavenet.config import WaveNetConfig
from wavenet.generator import Generator
from wavenet.noise_shaping import (
    NoiseUnshaping,
    average_log_spectrum,
    is_invertible,
    shape_noise,
    shaping_taps,
    whitening_taps,
)

PLAIN = WaveNetConfig(
    dilations=(1, 2, 4), residual_channels=8, gate_channels=8, skip_channels=8
)  # fmt: skip


@pytest.fixture(scope="module")
def coloured():
    """Noise with the spectrum of a known recursion."""
    noise = np.random.default_rng(0).normal(0, 0.01, 100_000)
    return scipy.signal.lfilter([1], [1, -1.6, 0.8], noise)


def test_full_strength_finds_the_filter(coloured):
    taps = whitening_taps(average_log_spectrum([coloured]), 1.0)
    np.testing.assert_allclose(taps[:4], [1, -1.6, 0.8, 0], atol=0.05)


def test_strength_is_a_share_of_the_spectrum(coloured):
    spectrum = average_log_spectrum([coloured])
    shaped = shape_noise(coloured, whitening_taps(spectrum, 0.5))
    rest = average_log_spectrum([shaped]) - spectrum / 2
    assert np.std(rest[5:-5]) < 0.15 < 0.4 * np.std(spectrum[5:-5])


def test_loudest_sample(coloured):
    taps = shaping_taps([coloured, coloured[:5000]], 0.5)
    assert abs(np.abs(shape_noise(coloured, taps)).max() - 0.95) < 1e-3
    assert is_invertible(taps)


def test_inverse_is_the_recursion():
    random = np.random.default_rng(1)
    taps = 0.7 * np.poly([0.9, -0.5, 0.3 + 0.8j, 0.3 - 0.8j]).real
    x = random.uniform(-1, 1, (3, 1000)).astype(np.float32)
    unshape = NoiseUnshaping(taps, 3)
    y = np.concatenate([unshape(x[:, i : i + 37]) for i in range(0, 1000, 37)], axis=1)
    np.testing.assert_allclose(y, scipy.signal.lfilter([1], taps, x, axis=1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(shape_noise(y[0], taps), x[0], atol=1e-5)


@pytest.mark.parametrize(
    ("taps", "stable"),
    [((2.0,), True), ((1.0, -0.99), True), ((1.0, -1.0), False), ((1.0, -1.6, 0.8), True),
     ((1.0, 0.0, 1.1), False), ((-1.0, 0.1), False)],
)  # fmt: skip
def test_stability(taps, stable):
    assert is_invertible(taps) == stable
    if len(taps) > 1 and taps[0] > 0:
        assert (np.abs(np.roots(taps)) < 1).all() == stable


def test_generation_is_unshaped():
    """The same codes, heard through the inverse; streams, priming and copies go on exactly."""
    taps = tuple(0.5 * np.poly([0.9, 0.2]).real)
    random = np.random.default_rng(0)
    shapes = PLAIN.tensor_shapes()
    weights = {n: random.normal(0, 0.3, s).astype(np.float32) for n, s in shapes.items()}
    plain = Generator(PLAIN, weights)
    shaped = Generator(dataclasses.replace(PLAIN, noise_shaping=taps), weights)
    codes = plain.generate(500, seed=3)
    y = shaped.generate(500, seed=3)
    expected = np.clip(scipy.signal.lfilter([1], taps, codes), -1, 1)
    np.testing.assert_allclose(y, expected, atol=1e-5)
    blocks = np.concatenate(list(shaped.stream(500, 33, seed=3)))
    np.testing.assert_array_equal(blocks, y)
    quiet = 0.01 * np.sin(np.arange(200))
    np.testing.assert_array_equal(shaped.codes(quiet), plain.codes(shape_noise(quiet, taps)))
    streams = shaped.streams(seed=5, prime=quiet)
    fork = copy.copy(streams)
    np.testing.assert_array_equal(streams.generate(50), fork.generate(50))


def test_silence_has_no_spectrum():
    with pytest.raises(ValueError, match="silent or shorter than 1024"):
        average_log_spectrum([np.zeros(100)])


@pytest.mark.parametrize(
    ("x", "taps", "history", "message"),
    [
        (np.zeros((1, 2)), np.zeros(2), np.zeros((1, 1)), "must not be 0"),
        (np.zeros(2), np.ones(2), np.zeros((1, 1)), r"\(batch, n\), got \(2,\)"),
        (np.zeros((1, 2)), np.ones(2), np.zeros((2, 1)), r"\(1, 1\), got \(2, 1\)"),
        (np.zeros((1, 2)), np.array([1, np.nan]), np.zeros((1, 1)), "finite"),
    ],
)
def test_bad_arguments(x, taps, history, message):
    with pytest.raises(ValueError, match=message):
        _core.undo_noise_shaping(x.astype(np.float32), taps, history)

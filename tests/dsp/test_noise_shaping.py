"""Noise shaping: the filter whitens, its inverse undoes it, generation sounds through it."""

import copy
import dataclasses

import numpy as np
import pytest
import scipy.signal

import wavenet
from wavenet import _core
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.dsp.noise_shaping import (
    NoiseShaping,
    average_log_spectrum,
    frame_taps,
    is_invertible,
    shape_by_frames,
    shape_noise,
    shaping_taps,
    unlimited,
    whitening_taps,
)
from wavenet.features.mel import MelFeatures
from wavenet.features.world_frames import WorldFeatures
from wavenet.inference.noise_shaping import filters_of_frames
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.audio import read_audio

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
    shaping = NoiseShaping(3, 10_000, unlimited(taps[None]))
    y = np.concatenate([shaping.undo(x[:, i : i + 37]) for i in range(0, 1000, 37)], axis=1)
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
    plain = WaveNetGenerator(PLAIN, weights)
    shaped = WaveNetGenerator(dataclasses.replace(PLAIN, noise_shaping=taps), weights)
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


@pytest.mark.parametrize("kind", [WorldFeatures, MelFeatures])
def test_spectra_of_frames(coloured, kind):
    """The features tell the spectrum of the sound, up to its level and away from the edges."""
    features, expected = kind(sample_rate=8000), average_log_spectrum([coloured])
    spectra = features.log_spectrum(features.track(coloured[:16000]))
    difference = spectra[10:-10].mean(axis=0) - expected
    assert np.std(difference[20:-20]) < 0.2 * np.std(expected)


def test_filters_of_frames_whiten_and_level(coloured):
    """Two halves of other spectra and levels come out white, and as loud."""
    second = 0.1 * scipy.signal.lfilter([1], [1, 1.2, 0.5], np.diff(coloured[:8001]))
    y = np.concatenate([coloured[:8000], second])
    features = MelFeatures(sample_rate=8000)
    taps = frame_taps(features.log_spectrum(features.track(y)), 1.0)
    shaped = shape_by_frames(y, taps, features.hop_length)
    first, other = shaped[1000:7000], shaped[9000:15000]
    assert 0.8 < first.std() / other.std() < 1.25
    assert y[:8000].std() > 5 * y[9000:].std()
    for part, before in ((first, y[1000:7000]), (other, y[9000:15000])):
        assert np.std(average_log_spectrum([part])) < 0.5 * np.std(average_log_spectrum([before]))


def test_filters_of_frames_are_undone():
    """Stream by stream and block by block, with filters that come later."""
    random = np.random.default_rng(2)
    poles = random.uniform(-0.9, 0.9, (2, 30, 3))
    taps = np.array([[np.poly(p) * 0.7 for p in stream] for stream in poles])
    x = random.uniform(-0.01, 0.01, (2, 300)).astype(np.float32)
    shaping = NoiseShaping(2, 10, unlimited(np.empty((0, 4))))
    blocks = []
    for i in range(0, 300, 37):
        if i % 74 == 0:
            shaping.append([unlimited(t) for t in taps[:, i // 74 * 8 :][:, :8]])
        blocks.append(shaping.undo(x[:, i : i + 37]))
    y = np.concatenate(blocks, axis=1)
    for b in range(2):
        np.testing.assert_allclose(shape_by_frames(y[b], taps[b], 10), x[b], atol=1e-7)


FRAME_SHAPED = dataclasses.replace(
    PLAIN, sample_rate=8000, features=MelFeatures(sample_rate=8000, mel_channels=20),
    local=LocalConditioning(20, 80), adaptive_noise_shaping=0.6, noise_shaping=(10.0,),
)  # fmt: skip


def weights_of(config):
    random = np.random.default_rng(0)
    return {
        name: random.normal(0, 0.3, shape).astype(np.float32)
        for name, shape in config.tensor_shapes().items()
    }


def bounded(y, taps, power):
    """The sound above 50 Hz, compressed above four root mean squares of two frames."""
    y = scipy.signal.sosfilt(scipy.signal.butter(4, 50, "high", output="sos", fs=8000), y)
    knee = 4 * np.sqrt(np.maximum(power, np.append(power[1:], 0))).repeat(80)[: len(y)]
    ratio = np.abs(y) / knee
    return np.where(ratio > 1, np.sign(y) * knee * (1 + np.tanh(ratio - 1)), y)


def test_generation_with_filters_of_frames():
    """The sound of the codes, bounded, whatever the blocks; scoring and priming see its codes."""
    config, features = FRAME_SHAPED, FRAME_SHAPED.features
    weights = weights_of(config)
    generator = WaveNetGenerator(config, weights)
    frames = features.track(np.random.default_rng(0).normal(0, 0.1, 1600))
    y = generator.generate(1600, seed=3, condition=frames)
    plain = dataclasses.replace(config, adaptive_noise_shaping=0.0, noise_shaping=())
    other = WaveNetGenerator(plain, weights)
    codes = other.generate(1600, seed=3, condition=frames)
    taps, knees = filters_of_frames(config, frames)
    sound = NoiseShaping(1, 80, unlimited(taps)).undo(codes[None])[0]
    expected = bounded(sound, taps, (knees / 4) ** 2)
    assert np.abs(expected - sound).max() > 0.01
    np.testing.assert_allclose(y, expected, atol=1e-5)
    blocks = (frames[i : i + 3] for i in range(0, len(frames), 3))
    np.testing.assert_array_equal(
        np.concatenate(list(generator.stream(1600, 100, seed=3, condition=blocks))), y
    )
    together = generator.generate(1600, seed=3, condition=frames, batch=3)
    np.testing.assert_array_equal(together[0], y)
    np.testing.assert_array_equal(generator.codes(sound, frames), other.codes(codes))
    score = other.score(codes, condition=frames)
    np.testing.assert_array_equal(
        generator.score(sound, condition=frames).log_likelihood, score.log_likelihood
    )
    primed = generator.streams(condition=frames, prime=sound[:700])
    after = other.streams(condition=frames, prime=codes[:700]).generate(300)[0]
    sound = NoiseShaping(1, 80, unlimited(taps)).undo(np.append(codes[:700], after)[None])[0]
    expected = bounded(sound, taps, (knees / 4) ** 2)[700:]
    np.testing.assert_allclose(primed.generate(300)[0], expected, atol=1e-4)


@pytest.mark.parametrize("kind", ["mel", "world"])
def test_features_tell_the_power(kind):
    """The knees are four root mean squares of the sound, whatever the unit of the features."""
    features = {
        "mel": MelFeatures(sample_rate=8000, mel_channels=20, power=2.0, compression="decibel"),
        "world": WorldFeatures(sample_rate=8000, frame_period=10.0, order=19),
    }[kind]
    config = dataclasses.replace(
        FRAME_SHAPED, features=features, local=LocalConditioning(features.channels, 80)
    )
    y = np.random.default_rng(1).normal(0, 0.05, 16000)
    knees = filters_of_frames(config, features.track(y)).knees[10:-10]
    assert 10 ** (np.log10(knees).mean()) == pytest.approx(4 * 0.05, rel=0.15)


def test_codes_at_the_end_of_the_scale_do_not_run_away():
    """A network that draws nothing but the loudest code: no drift, no clipped sample."""
    weights = weights_of(FRAME_SHAPED)
    weights["output.bias"][-1] = 1e4
    frames = FRAME_SHAPED.features.track(np.random.default_rng(0).normal(0, 0.05, 8000))
    y = WaveNetGenerator(FRAME_SHAPED, weights).generate(8000, condition=frames)
    assert np.abs(y).max() < 1
    assert np.abs(y[4000:]).mean() < 0.05


def test_pauses_are_as_quiet_as_the_recording(data):
    vocoder = wavenet.load("slt16k")
    y, _ = read_audio(data / "speech_arctic" / "slt" / "arctic_b0499.flac", 16000)
    y = y[: len(y) // 80 * 80]
    copies = vocoder.generate(len(y), condition=vocoder.condition_from_sound(y), batch=8)

    def levels(sound):
        return np.mean(sound.reshape(-1, len(y) // 80, 80) ** 2, axis=(0, 2))

    smooth = np.convolve(levels(y), np.ones(5) / 5, "same")
    pauses = smooth < 1e-4 * smooth.max()
    assert pauses.sum() > 50
    excess = 10 * np.log10(levels(copies)[pauses].mean() / levels(y)[pauses].mean())
    assert abs(excess) < 2


def test_filters_of_frames_need_a_scale_and_features():
    config = dataclasses.replace(PLAIN, noise_shaping=(1.0,))
    with pytest.raises(ValueError, match="needs mel or WORLD features"):
        dataclasses.replace(config, adaptive_noise_shaping=0.5)
    with pytest.raises(ValueError, match=r"from 0 to 1, got 1\.5"):
        dataclasses.replace(config, adaptive_noise_shaping=1.5)
    with pytest.raises(ValueError, match="one tap"):
        dataclasses.replace(
            PLAIN, features=MelFeatures(mel_channels=20), local=LocalConditioning(20, 80),
            adaptive_noise_shaping=0.5, noise_shaping=(1.0, 0.5),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"taps": np.zeros((1, 2))}, "must be above 0"),
        ({"x": np.zeros((1, 2), np.float32)}, r"\(n,\), got \(1, 2\)"),
        ({"taps": np.ones(2)}, r"\(filters, n\), n > 0, got \(2,\)"),
        ({"state": np.zeros(1)}, r"\(5,\), got \(1,\)"),
        ({"taps": np.array([[1, np.nan]])}, "finite"),
        ({"hop": 1}, "1 filters of 1 samples for 2 samples"),
        ({"hop": 0}, "hop must be at least 1"),
        ({"knees": np.ones(2)}, r"knees must have the shape \(1,\), got \(2,\)"),
        ({"knees": np.array([np.nan])}, "knee"),
        ({"knees": np.array([-1.0])}, "knee"),
        ({"cutoff": 0.5}, "cutoff must be from 0 to below 0.5"),
        ({"cutoff": np.nan}, "cutoff"),
    ],
)
def test_bad_arguments(changes, message):
    values = {
        "x": np.zeros(2, np.float32), "taps": np.ones((1, 2)), "knees": np.ones(1),
        "cutoff": 0.0, "hop": 9, "offset": 0, "state": np.zeros(5),
    }  # fmt: skip
    _core.undo_noise_shaping(**values)
    with pytest.raises(ValueError, match=message):
        _core.undo_noise_shaping(**values | changes)


@pytest.mark.parametrize("value", [1e5, -1e5, 1e30, -1e30])
def test_frames_that_give_no_filter_are_refused(value):
    generator = wavenet.load("slt16k")
    frames = np.zeros((3, generator.config.local.channels), np.float32)
    frames[1] = value
    with pytest.raises(ValueError, match=r"frame 1 gives no filter: it has values up to 1"):
        filters_of_frames(generator.config, frames)


@pytest.mark.parametrize("scale", [1e-320, float("inf"), float("nan"), 0.0])
def test_filters_of_no_scale_have_no_inverse(scale):
    assert not is_invertible([scale])

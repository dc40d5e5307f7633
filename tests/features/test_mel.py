"""Mel spectrograms are those of librosa, and of restatements of what Tacotron 2 and r9y9 do."""

import dataclasses

import librosa
import numpy as np
import pytest
import scipy.signal
import torch

from wavenet.features.mel import MEL_PRESETS, MelFeatures, mel_filters, mel_spectrogram
from wavenet.io.audio import read_audio


@pytest.fixture(scope="module")
def speech(data):
    """Speech at 22,050 Hz: the rate of the presets."""
    file = data / "speech_arctic" / "slt" / "arctic_a0001.flac"
    return read_audio(file, sample_rate=22050)[0][:40000]


def test_librosa(speech):
    expected = librosa.power_to_db(librosa.feature.melspectrogram(y=speech), top_db=None)
    frames = mel_spectrogram(speech, MEL_PRESETS["librosa"])
    np.testing.assert_allclose(frames.T, expected, atol=2e-3)
    as_power = dataclasses.replace(MEL_PRESETS["librosa"], compression="none")
    expected = librosa.feature.melspectrogram(y=speech)
    np.testing.assert_allclose(mel_spectrogram(speech, as_power).T, expected, rtol=1e-4, atol=1e-9)


def test_tacotron2(speech):
    """Its transform is a convolution with the windowed Fourier basis, in torch."""
    size, hop = 1024, 256
    window = scipy.signal.get_window("hann", size, fftbins=True)
    basis = np.fft.fft(np.eye(size))[: size // 2 + 1]
    basis = np.vstack([basis.real, basis.imag]) * window
    padded = torch.nn.functional.pad(
        torch.tensor(speech)[None, None], (size // 2, size // 2), mode="reflect"
    )
    weights = torch.tensor(basis[:, None], dtype=torch.float32)
    parts = torch.nn.functional.conv1d(padded, weights, stride=hop)[0]
    magnitudes = torch.sqrt(parts[: size // 2 + 1] ** 2 + parts[size // 2 + 1 :] ** 2)
    filters = librosa.filters.mel(sr=22050, n_fft=size, n_mels=80, fmin=0.0, fmax=8000.0)
    expected = torch.log(torch.clamp(torch.tensor(filters) @ magnitudes, min=1e-5))
    frames = mel_spectrogram(speech, MEL_PRESETS["tacotron2"])
    np.testing.assert_allclose(frames.T, expected, atol=1e-3)


def test_r9y9(speech):
    spectra = librosa.stft(
        y=speech, n_fft=1024, hop_length=256, win_length=1024, window="hann", pad_mode="reflect"
    )
    filters = librosa.filters.mel(sr=22050, n_fft=1024, n_mels=80, fmin=125, fmax=7600)
    expected = np.log10(np.maximum(filters @ np.abs(spectra), 1e-10))
    frames = mel_spectrogram(speech, MEL_PRESETS["r9y9"])
    np.testing.assert_allclose(frames.T, expected, atol=1e-3)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mel_scale": "htk", "filter_norm": "none", "f_min": 60.0, "f_max": 7000.0},
        {"window": "rectangular", "padding": "none", "power": 2.0},
        {"window_length": 400, "fft_length": 513, "hop_length": 100, "padding": "zeros"},
        {"pre_emphasis": 0.97},
    ],
)
def test_every_choice_against_librosa(changes):
    settings = MelFeatures(compression="none", **changes)
    y = np.random.default_rng(0).uniform(-1, 1, 5000).astype(np.float32)
    heard = y
    if settings.pre_emphasis:
        heard = scipy.signal.lfilter([1, -settings.pre_emphasis], [1], y)
    expected = librosa.feature.melspectrogram(
        y=heard, sr=16000, n_fft=settings.fft_length, hop_length=settings.hop_length,
        win_length=settings.window_length, power=settings.power, n_mels=80, fmin=settings.f_min,
        window="hann" if settings.window == "hann" else "boxcar",
        center=settings.padding != "none", fmax=settings.f_max, htk=settings.mel_scale == "htk",
        pad_mode={"zeros": "constant"}.get(settings.padding, "reflect"),
        norm="slaney" if settings.filter_norm == "slaney" else None,
    )  # fmt: skip
    frames = mel_spectrogram(y, settings)
    assert frames.dtype == np.float32 and len(frames) == settings.frames(len(y))
    np.testing.assert_allclose(frames.T, expected, rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("scale", ["slaney", "htk"])
def test_filters(scale):
    settings = MelFeatures(mel_scale=scale, fft_length=2048, window_length=2048)
    expected = librosa.filters.mel(sr=16000, n_fft=2048, n_mels=80, htk=scale == "htk")
    np.testing.assert_allclose(mel_filters(settings), expected, rtol=1e-5, atol=1e-9)


def test_blocks_of_frames_join():
    """Long sounds are cut where memory asks for it; nothing changes."""
    y = np.random.default_rng(1).uniform(-1, 1, 80 * 5000)
    whole = mel_spectrogram(y, MelFeatures())
    start = 2040 * 80
    part = mel_spectrogram(y[start : start + 4000], MelFeatures())
    np.testing.assert_allclose(whole[2050:2080], part[10:40], atol=1e-4)


@pytest.mark.parametrize(
    ("y", "changes", "message"),
    [
        (np.zeros((2, 100)), {}, r"shape \(n_samples,\), got \(2, 100\)"),
        (np.full(2000, np.nan), {}, "not finite"),
        (np.zeros(100), {}, "100 samples; its frames need at least 513"),
        (np.zeros(0), {"padding": "zeros"}, "0 samples"),
        (np.zeros(9), {"padding": "none"}, "at least 1024"),
    ],
)
def test_bad_sounds(y, changes, message):
    with pytest.raises(ValueError, match=message):
        mel_spectrogram(y, MelFeatures(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"f_max": 9000.0}, "f_max must be from 0.0 to 8000.0, got 9000.0"),
        ({"f_min": 100.0, "f_max": 100.0}, "f_min must be below f_max, both are 100 Hz"),
        ({"window_length": 2000}, "window_length must be from 2 to 1024, got 2000"),
        ({"mel_scale": "bark"}, "mel_scale must be one of slaney, htk, got 'bark'"),
        ({"power": 3.0}, "power must be 1 or 2, got 3.0"),
        ({"floor": 0.0}, "floor"),
    ],
)
def test_bad_settings(changes, message):
    with pytest.raises(ValueError, match=message):
        MelFeatures(**changes)

"""WORLD parameters as conditioning: what the columns are, and that sound can be made of them."""

import numpy as np
import pytest

from wavenet.features import world
from wavenet.features.world import Analysis
from wavenet.features.world_frames import WorldFeatures
from wavenet.io.audio import read_audio


@pytest.fixture(scope="module")
def speech(data):
    return read_audio(data / "speech_arctic" / "slt" / "arctic_a0001.flac")[0][8000:32000]


def test_columns(speech):
    features = WorldFeatures(f0_method="dio")
    assert (features.hop_length, features.bands, features.channels) == (80, 1, 28)
    frames = features.track(speech)
    assert frames.shape == (300, 28) and frames.dtype == np.float32
    analysis = world.analyze(speech, features.settings)
    f0 = analysis.f0[:300]
    np.testing.assert_array_equal(frames[:, 1], f0 > 0)
    assert 0.2 < frames[:, 1].mean() < 0.95
    np.testing.assert_allclose(np.exp(frames[f0 > 0, 0]), f0[f0 > 0], rtol=1e-5)
    assert np.isfinite(frames).all()  # also where there is no voice
    np.testing.assert_allclose(frames[:, 2:27], analysis.mel_cepstrum[:300], rtol=1e-5, atol=1e-5)
    # 0 dB: all noise; the band at 3 kHz of voiced frames is less
    assert frames[f0 == 0, 27].mean() > -1 > frames[f0 > 0, 27].mean()


def test_bands_hold_the_aperiodicity(speech):
    """WORLD decodes them to what it had measured at the middle of the band, 3 kHz."""
    features = WorldFeatures(f0_method="dio")
    analysis = world.analyze(speech, features.settings)
    bands = np.ascontiguousarray(features.from_analysis(analysis)[:, 27:], np.float64)
    decoded = world.pyworld().decode_aperiodicity(bands, 16000, features.settings.fft_size)
    bin_ = round(3000 / 16000 * features.settings.fft_size)
    np.testing.assert_allclose(decoded[:, bin_], analysis.aperiodicity[:, bin_], atol=0.02)


def test_unvoiced_frames_have_an_f0():
    features = WorldFeatures(f0_min=100.0, f0_max=400.0)
    size = features.settings.fft_size // 2 + 1
    analysis = Analysis(np.zeros(3), np.zeros((3, 25)), np.zeros(3), np.full((3, size), 0.5))
    np.testing.assert_allclose(np.exp(features.from_analysis(analysis)[:, 0]), 200, rtol=1e-5)
    one = Analysis(np.array([0, 250.0, 0]), *list(vars(analysis).values())[1:])
    np.testing.assert_allclose(np.exp(features.from_analysis(one)[:, 0]), 250, rtol=1e-5)
    assert features.silence().shape == (28,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample_rate": 22050}, r"5\.0 ms is 110\.25 samples at 22050 Hz"),
        ({"f0_min": 500.0, "f0_max": 100.0}, "500.0 and 100.0"),
        ({"order": 100}, "order must be from 4 to 80, got 100"),
    ],
)
def test_bad_settings(changes, message):
    with pytest.raises(ValueError, match=message):
        WorldFeatures(**changes)

"""WORLD features against pysptk and pyworld, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

from wavenet.features import mel_cepstrum as mcep
from wavenet.features import world
from wavenet.features.f0_tracking import local_f0
from wavenet.features.world import WorldSettings

RATE = 16000
SETTINGS = WorldSettings()


@pytest.fixture(scope="module")
def spectrum(say):
    y = say(0, 0)
    module = world.pyworld()
    f0, times = module.harvest(y, RATE, frame_period=5.0)
    return module.cheaptrick(y, f0, times, RATE, fft_size=SETTINGS.fft_size)


@pytest.mark.parametrize(("order", "alpha"), [(24, 0.41), (40, 0.0), (4, 0.55)])
def test_mel_cepstrum_is_that_of_pysptk(pysptk, spectrum, order, alpha):
    ours = mcep.from_spectrum(spectrum, order, alpha)
    theirs = pysptk.sp2mc(spectrum, order, alpha)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)
    back = mcep.log_spectrum(ours, alpha, 1024)
    np.testing.assert_allclose(back, np.log(pysptk.mc2sp(theirs, alpha, 1024)), atol=1e-11)


@pytest.mark.parametrize(("order", "alpha", "fft_size"), [(4, 0.0, 8), (24, 0.77, 256)])
def test_spectra_of_the_last_quefrency_come_back(pysptk, order, alpha, fft_size):
    """Which is its own mirror image: pysptk's `sp2mc` counts it twice."""
    half = fft_size // 2
    log_power = np.cos(np.pi * np.arange(half + 1))[None]
    ours = mcep.from_spectrum(np.exp(log_power), order, alpha)
    np.testing.assert_allclose(ours, pysptk.sp2mc(np.exp(log_power), order, alpha) / 2, atol=1e-12)
    if alpha == 0.0:
        back = mcep.log_spectrum(ours, alpha, fft_size)
        np.testing.assert_allclose(back, log_power, atol=1e-12)


def test_warping_is_freqt(pysptk):
    cepstrum = np.random.default_rng(0).standard_normal(30)
    warped = cepstrum @ mcep.warping_matrix(30, 25, 0.42)
    np.testing.assert_allclose(warped, pysptk.freqt(cepstrum, 24, 0.42), atol=1e-12)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_alpha_is_that_of_pysptk(pysptk, rate):
    assert mcep.mel_alpha(rate) == pytest.approx(pysptk.util.mcepalpha(rate), abs=1e-3)


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_every_rate(rate):
    settings = WorldSettings(sample_rate=rate)
    time = np.arange(rate // 2) / rate
    y = 0.1 * sum(np.sin(2 * np.pi * 150 * k * time) for k in range(1, 20))
    analysis = world.analyze(y, settings)
    assert np.median(analysis.f0) == pytest.approx(150, rel=0.01)
    out = world.synthesize(analysis.f0, analysis.mel_cepstrum, analysis.aperiodicity, settings)
    assert len(out) == pytest.approx(len(y), abs=rate * 0.01)


def test_analysis_and_synthesis_keep_the_features(say):
    analysis = world.analyze(say(1, 0), SETTINGS)
    y = world.synthesize(analysis.f0, analysis.mel_cepstrum, analysis.aperiodicity, SETTINGS)
    again = world.analyze(y, SETTINGS)
    n = min(len(again.f0), len(analysis.f0))
    difference = (again.mel_cepstrum[:n] - analysis.mel_cepstrum[:n])[10:-10, 1:]
    assert np.median(np.abs(difference)) < 0.1


def test_f0_range_is_found(say):
    contours = [world.rough_f0(say(text, 0), SETTINGS) for text in range(3)]
    low, high = world.find_f0_range(contours)
    assert 60 < low < 100
    assert 130 < high < 220
    with pytest.raises(ValueError, match="no F0 was found"):
        world.find_f0_range([np.zeros(10)])


def test_local_f0_follows_harvest(say):
    y = say(2, 1)
    f0 = world.analyze(y, SETTINGS, (100, 400), aperiodicity=False).f0
    local = local_f0(y, np.arange(len(f0)) * 80, RATE, (100, 400))
    both = (f0 > 0) & (local > 0)
    assert both.mean() > 0.8
    assert np.median(np.abs(np.log(local[both] / f0[both]))) < 0.01
    assert not local_f0(np.zeros(2000), np.array([1000]), RATE, (100, 400)).any()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(RATE), "the sound is silent"),
        (np.ones(100), "the sound has 100 samples; at least 1600"),
        (np.full(RATE, np.nan), "not finite"),
        (np.ones((2, RATE)), r"shape \(n_samples,\), got \(2, 16000\)"),
    ],
)
def test_bad_sound_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        world.analyze(y, SETTINGS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample_rate": 4000}, "sample_rate must be from 8000 to 48000, got 4000"),
        ({"sample_rate": "16k"}, "sample_rate must be a whole number, got '16k'"),
        ({"f0_method": "swipe"}, "f0_method must be one of harvest, dio, got 'swipe'"),
        ({"order": 200}, "order must be from 4 to 80"),
        ({"alpha": 1.5}, "alpha must be from 0.0 to 0.9"),
    ],
)
def test_bad_settings_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        WorldSettings(**change)


def test_pyworld_loads_without_pkg_resources():
    """As on a Python without setuptools, or with setuptools 81 and above."""
    code = """
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("pkg_resources", "setuptools"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from wavenet.features.world import pyworld
print(pyworld().get_num_aperiodicities(16000), "pkg_resources" in sys.modules)
"""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[1] == "False"


def test_real_speech_is_analysed(data):
    y, _ = soundfile.read(data / "speech_arctic" / "slt" / "arctic_a0001.flac")
    analysis = world.analyze(y, SETTINGS, (120, 280))
    voiced = analysis.f0[analysis.f0 > 0]
    assert 170 < np.median(voiced) < 210
    assert analysis.aperiodicity.shape == (len(analysis.f0), 513)

"""Two synthetic speakers who say the same things: WORLD sounds from random smooth features."""

import importlib
import sys
import types
import warnings

import numpy as np
import pytest

from wavenet.features import world
from wavenet.features.world import WorldSettings
from wavenet.io.audio import write_audio

RATE = 16000


def smooth(random, n_frames, n_channels, width=20):
    """Random curves (n_frames, n_channels) of unit variance, slow as speech is."""
    noise = random.standard_normal((n_frames + 4 * width, n_channels))
    kernel = np.hanning(2 * width + 1)
    curves = np.stack([np.convolve(c, kernel, "same") for c in noise.T], axis=1)
    curves = curves[2 * width : 2 * width + n_frames]
    return curves / curves.std(axis=0)


def speech(text_seed, speaker, seconds=1.6):
    """A sound of `speaker` (0 low, 1 high); equal seeds are one text, at other speeds."""
    settings = WorldSettings()
    random = np.random.default_rng(text_seed)
    n = int(seconds * 200)
    text = smooth(random, n, 8)
    time = np.linspace(0, n - 1, int(n * (1.0, 1.1)[speaker]))
    text = np.stack([np.interp(time, np.arange(n), c) for c in text.T], axis=1)
    voice = np.random.default_rng(100 + speaker)
    falling = 1.0 / np.arange(1, 25)
    mixing = 0.3 * np.eye(8, 24) + 0.1 * voice.standard_normal((8, 24)) * falling
    features = np.zeros((len(text), 25))
    features[:, 1:] = text @ mixing + 0.5 * voice.standard_normal(24) * falling
    features[:, 1] += 1.5  # as in speech, most power is in low frequencies
    features[:, 0] = -5.0 + 0.3 * text[:, 0]
    f0 = (110.0, 200.0)[speaker] * np.exp(0.1 * text[:, 1])
    noise = np.full((len(text), settings.fft_size // 2 + 1), 0.001)
    y = world.synthesize(f0, features, noise, settings)
    return 0.5 * y / np.abs(y).max()


@pytest.fixture(scope="session")
def say():
    """The function that makes a sound at 16 kHz: say(text_seed, speaker, seconds=1.6)."""
    return speech


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Folders "source" and "target" with eight pairs, in a folder."""
    folder = tmp_path_factory.mktemp("corpus")
    for speaker, name in enumerate(("source", "target")):
        (folder / name).mkdir()
        for text in range(8):
            write_audio(folder / name / f"{text:02d}.wav", speech(text, speaker), RATE)
    return folder


@pytest.fixture(scope="session")
def files(corpus):
    """The sorted files of source and target."""
    return [sorted((corpus / name).glob("*.wav")) for name in ("source", "target")]


@pytest.fixture(scope="session")
def converter(files):
    from wavenet import VoiceConverter

    return VoiceConverter(8, n_mixtures=1, n_alignments=2, n_jobs=1).fit(*files)


@pytest.fixture
def pysptk(monkeypatch):
    """pysptk, whose version 1.0 asks for the absent pkg_resources when it loads."""
    monkeypatch.setitem(sys.modules, "pkg_resources", types.ModuleType("pkg_resources"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("pysptk")

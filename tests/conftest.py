"""Options and fixtures that all tests share."""

import contextlib
import dataclasses
import importlib
import os
import resource
import signal
import sys
import types
import warnings
from pathlib import Path

# Before torch loads: its products here are small, and threads of it that wait for a busy core make
# training a hundred times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"  # "no/model" is a name on the Hub too

import numpy as np
import pytest

from wavenet import _core
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.config.recurrent import RecurrentConfig, TextSymbols
from wavenet.features import world
from wavenet.features.labels import LabelFeatures
from wavenet.features.mel import MelFeatures
from wavenet.features.statistics import FrameStatistics
from wavenet.features.world import WorldSettings
from wavenet.io.model_file import save_model

FEATURES = LabelFeatures(
    symbols=("a", "b", "long"),
    states_per_symbol=3,
    durations={s: {"a": (0.1, 0.01), "b": (0.05, 0.0), "long": (0.2, 0.0)} for s in ("ann", "bob")},
    pause=0.02,
)
CHANNELS = {"residual_channels": 8, "gate_channels": 8, "skip_channels": 8}
PLAIN = WaveNetConfig(sample_rate=8000, dilations=(1, 2, 4), **CHANNELS)
SPEAKING = WaveNetConfig(
    sample_rate=8000,
    dilations=(1, 2, 4),
    speakers=("ann", "bob"),
    speaker_channels=4,
    local=LocalConditioning(FEATURES.channels, 80, hidden_channels=8),
    features=FEATURES,
    **CHANNELS,
)
MEL = MelFeatures(
    sample_rate=8000, fft_length=256, window_length=200, hop_length=40, mel_channels=6,
    statistics=FrameStatistics((-5.0,) * 6, (2.0,) * 6, (-11.6,) * 6, (1.0,) * 6),
)  # fmt: skip
VOCODER = WaveNetConfig(
    sample_rate=8000, dilations=(1, 2, 4), local=LocalConditioning(6, 40, hidden_channels=8),
    features=MEL, noise_shaping=(1.5, -0.3, 0.1), **CHANNELS,
)  # fmt: skip
WRITING = RecurrentConfig(hidden_size=8, text=TextSymbols("char", tuple("\n abcde")))


def pytest_addoption(parser):
    parser.addoption("--data", default="../shared/data", help="folder of real recordings")


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c():
    """For tests that send Ctrl-C: a shell has its background jobs ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def data(request) -> Path:
    """Folder of real recordings; tests that need it say so where it is absent."""
    folder = Path(request.config.getoption("--data"))
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder.resolve()}; name their folder with --data")
    return folder


@pytest.fixture(params=_core.available_instruction_sets())
def instruction_set(request):
    """Every instruction set of this processor in turn."""
    before = _core.instruction_set()
    _core.set_instruction_set(request.param)
    yield request.param
    _core.set_instruction_set(before)


@pytest.fixture
def full_disk():
    """A context in which no file of this process can grow beyond so many bytes.

    It ends inside the test: pytest's own output, before a fixture ends, may go to a longer file.
    """

    @contextlib.contextmanager
    def limited(size: int):
        limits, handler = (
            resource.getrlimit(resource.RLIMIT_FSIZE),
            signal.getsignal(signal.SIGXFSZ),
        )
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            signal.signal(signal.SIGXFSZ, handler)

    return limited


@pytest.fixture(scope="session")
def plain_model(tmp_path_factory) -> Path:
    """An unconditional model with random weights."""
    return save_random(tmp_path_factory.mktemp("models") / "plain", PLAIN)


@pytest.fixture(scope="session")
def mixture_model(tmp_path_factory) -> Path:
    """An unconditional model of 16-bit audio with random weights."""
    config = dataclasses.replace(PLAIN, input="scalar", output="logistic-mixture", mixtures=4)
    return save_random(tmp_path_factory.mktemp("models") / "mixture", config)


@pytest.fixture(scope="session")
def speaking_model(tmp_path_factory) -> Path:
    """A model with speakers and label features, with random weights."""
    return save_random(tmp_path_factory.mktemp("models") / "speaking", SPEAKING)


@pytest.fixture(scope="session")
def vocoder_model(tmp_path_factory) -> Path:
    """A model conditioned on mel spectrograms, with noise shaping, with random weights."""
    return save_random(tmp_path_factory.mktemp("models") / "vocoder", VOCODER)


@pytest.fixture(scope="session")
def writing_model(tmp_path_factory) -> Path:
    """A recurrent model of text, with random weights."""
    return save_random(tmp_path_factory.mktemp("models") / "writing", WRITING)


def random_weights(config) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    shapes = config.tensor_shapes()
    return {n: random.normal(0, 0.3, shape).astype(np.float32) for n, shape in shapes.items()}


def save_random(folder: Path, config) -> Path:
    save_model(folder, config, random_weights(config))
    return folder


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


@pytest.fixture
def pysptk(monkeypatch):
    """pysptk, whose version 1.0 asks for the absent pkg_resources when it loads."""
    monkeypatch.setitem(sys.modules, "pkg_resources", types.ModuleType("pkg_resources"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("pysptk")

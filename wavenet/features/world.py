"""WORLD analysis and synthesis of speech (Morise et al. 2016) through pyworld."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import math
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType, SimpleNamespace
from typing import Literal, get_args

import numpy as np

from wavenet.base.interrupts import interruptible
from wavenet.base.sound import as_samples
from wavenet.base.validation import check_field, choice, integer, number
from wavenet.features import mel_cepstrum as mcep
from wavenet.features.bands import band_power, flat_top

DEFAULT_F0_RANGE = (40.0, 700.0)
F0Extractor = Literal["harvest", "dio"]
F0_EXTRACTORS: tuple[F0Extractor, ...] = get_args(F0Extractor)
_LOWEST_F0 = 50.0
_RUMBLE = 50.0  # [Hz]; what lies below does not count as level
SILENCE = 1e-5  # sounds whose peak is lower hold nothing
_LOADING = threading.Lock()


@dataclass(frozen=True)
class WorldSettings:
    """Everything that decides what the features of a recording are.

    Parameters
    ----------
    sample_rate
        [Hz], from 8,000 to 48,000.
    frame_period
        Time between frames [ms].
    order
        Highest index of the mel-cepstrum.
    alpha
        All-pass constant of the mel-cepstrum; None: the one nearest the mel scale.
    f0_method
        "harvest", or "dio" refined by StoneMask, which is ten times faster and less robust.
    """

    sample_rate: int = 16000
    frame_period: float = 5.0
    order: int = 24
    alpha: float | None = None
    f0_method: F0Extractor = "harvest"

    def __post_init__(self) -> None:
        check_field(self, "sample_rate", integer, 8000, 48000)
        if self.alpha is None:
            object.__setattr__(self, "alpha", mcep.mel_alpha(self.sample_rate))
        check_field(self, "frame_period", number, 1.0, 20.0)
        check_field(self, "order", integer, 4, 80)
        check_field(self, "alpha", number, 0.0, 0.9)
        choice("f0_method", self.f0_method, F0_EXTRACTORS)

    @property
    def fft_size(self) -> int:
        """Points of the spectral envelope's circle: enough for three periods of 50 Hz."""
        return 2 ** int(np.ceil(np.log2(3 * self.sample_rate / _LOWEST_F0 + 1)))


@dataclass(frozen=True)
class Analysis:
    """Features of one recording.

    Attributes
    ----------
    f0 : (n_frames,)
        [Hz]; 0 where there is no voice.
    mel_cepstrum : (n_frames, order + 1)
    power : (n_frames,)
        Power relative to the mean of the recording [dB].
    aperiodicity : (n_frames, fft_size // 2 + 1) or None
        Share of noise in the amplitude, from 0 to 1; only if it was asked for.
    band_power : (n_frames, n_bands) or None
        Power of the analysed spectrum, in the bands of `wavenet.features.bands`; None for converted
        features.
    source_cepstrum : (n_frames, order + 1) or None
        What conversion reads of a source: the mel-cepstrum with a flat top of the spectrum
        (`wavenet.features.bands.flat_top`), so that it does not matter whether it was resampled.
    level
        `sound_level` of the recording.
    """

    f0: np.ndarray
    mel_cepstrum: np.ndarray
    power: np.ndarray
    aperiodicity: np.ndarray | None = None
    band_power: np.ndarray | None = None
    source_cepstrum: np.ndarray | None = None
    level: float = 0.0


def analyze(
    y: np.ndarray,
    settings: WorldSettings,
    f0_range: tuple[float, float] = DEFAULT_F0_RANGE,
    aperiodicity: bool = True,
) -> Analysis:
    """F0, mel-cepstrum and aperiodicity of a recording.

    Parameters
    ----------
    y : (n_samples,)
        Sound at `settings.sample_rate`; see `wavenet.base.sound.as_samples`.
    f0_range
        Lowest and highest F0 to look for [Hz].

    Raises
    ------
    ValueError
        The sound is shorter than two frames or has no power at all.
    """
    y = checked_sound(y, settings)
    f0, times = _f0_contour(y, settings, f0_range)
    world = pyworld()
    rate, size = settings.sample_rate, settings.fft_size
    power_spectrum = world.cheaptrick(y, f0, times, rate, fft_size=size)
    power = power_spectrum.mean(axis=1)
    noise = world.d4c(y, f0, times, rate, fft_size=size) if aperiodicity else None
    return Analysis(
        f0=f0,
        mel_cepstrum=mcep.from_spectrum(power_spectrum, settings.order, settings.alpha),
        power=10.0 * np.log10(power / power.mean()),
        aperiodicity=noise,
        band_power=band_power(power_spectrum, rate),
        source_cepstrum=mcep.from_spectrum(
            flat_top(power_spectrum), settings.order, settings.alpha
        ),
        level=sound_level(y, rate),
    )


def sound_level(y: np.ndarray, sample_rate: float) -> float:
    """Mean square of a sound (n,) above 50 Hz, offset and rumble left out [dB]."""
    y = as_samples(y)
    power = np.abs(np.fft.rfft(y)) ** 2
    audible = power[math.ceil(_RUMBLE / sample_rate * len(y)) :].sum()
    return 10.0 * math.log10(max(2.0 * audible / len(y) ** 2, 1e-20))


def synthesize(
    f0: np.ndarray, mel_cepstrum: np.ndarray, aperiodicity: np.ndarray, settings: WorldSettings
) -> np.ndarray:
    """The sound (n_samples,) float64 that belongs to features of `analyze`."""
    spectrum = np.exp(mcep.log_spectrum(mel_cepstrum, settings.alpha, settings.fft_size))
    arrays = (np.ascontiguousarray(a, np.float64) for a in (f0, spectrum, aperiodicity))
    return pyworld().synthesize(*arrays, settings.sample_rate, settings.frame_period)


def rough_f0(y: np.ndarray, settings: WorldSettings) -> np.ndarray:
    """A quick F0 contour [Hz] over the whole range of voices, to find a speaker's range from."""
    y = checked_sound(y, settings)
    low, high = DEFAULT_F0_RANGE
    world = pyworld()
    f0, times = world.dio(y, settings.sample_rate, low, high, frame_period=settings.frame_period)
    return world.stonemask(y, f0, times, settings.sample_rate)


def find_f0_range(contours: Iterable[np.ndarray]) -> tuple[float, float]:
    """The F0 range of a speaker [Hz] from rough contours of some recordings.

    Octave errors are few and far off, so the range is taken from the middle of the distribution:
    the median, less and plus 3.5 times the spread of the half of frames below and above it.

    Raises
    ------
    ValueError
        There is no voiced frame.
    """
    voiced = np.concatenate([f0[f0 > 0] for f0 in contours] or [np.zeros(0)])
    if not len(voiced):
        raise ValueError("no F0 was found: the recordings hold no voiced speech")
    low, lower, middle, upper, high = np.quantile(np.log(voiced), (0.01, 0.16, 0.5, 0.84, 0.99))
    bottom = max(low, middle - 3.5 * (middle - lower)) - 0.1
    top = min(high, middle + 3.5 * (upper - middle)) + 0.1
    floor, ceiling = DEFAULT_F0_RANGE
    return (
        round(float(np.clip(np.exp(bottom), floor, ceiling / 2)), 1),
        round(float(np.clip(np.exp(top), 2 * floor, ceiling)), 1),
    )


def checked_sound(y: np.ndarray, settings: WorldSettings) -> np.ndarray:
    """The sound as `as_samples` reads it, found to be one channel, long and loud enough."""
    y = as_samples(y)
    if y.ndim != 1:
        raise ValueError(f"the sound must have the shape (n_samples,), got {y.shape}")
    shortest = int(0.1 * settings.sample_rate)
    if len(y) < shortest:
        raise ValueError(f"the sound has {len(y)} samples; at least {shortest} (0.1 s) are needed")
    if np.abs(y).max() < SILENCE:
        raise ValueError("the sound is silent")
    return y


@cache
def pyworld() -> SimpleNamespace:
    """The functions of pyworld, which Ctrl-C interrupts."""
    module = _extension()
    functions = {name: value for name, value in vars(module).items() if callable(value)}
    return SimpleNamespace(**{name: partial(interruptible, f) for name, f in functions.items()})


def _extension() -> ModuleType:
    """The compiled module of pyworld, without the package around it.

    That of version 0.3.5 asks `pkg_resources` for its own version when it loads, a module that left
    setuptools in version 81 and is absent from new environments.
    """
    name = "pyworld.pyworld"
    with _LOADING:  # twice it must not be loaded
        if name in sys.modules:
            return sys.modules[name]
        package = importlib.util.find_spec("pyworld")
        if package is None:
            raise ModuleNotFoundError("pyworld is not installed: pip install pyworld")
        folders = package.submodule_search_locations
        spec = importlib.machinery.PathFinder.find_spec(name, folders)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def _f0_contour(
    y: np.ndarray, settings: WorldSettings, f0_range: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    low, high = f0_range
    world, rate, period = pyworld(), settings.sample_rate, settings.frame_period
    if settings.f0_method == "harvest":
        return world.harvest(y, rate, f0_floor=low, f0_ceil=high, frame_period=period)
    f0, times = world.dio(y, rate, low, high, frame_period=period)
    return world.stonemask(y, f0, times, rate), times

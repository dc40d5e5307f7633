"""Mel spectrograms in NumPy alone, every choice explicit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet.base.sound import as_samples
from wavenet.base.validation import check_field, choice, integer, number
from wavenet.features.statistics import FrameStatistics

_FRAMES_AT_ONCE = 2048


@dataclass(frozen=True)
class MelFeatures:
    """Everything that decides what the mel spectrogram of a recording is.

    Parameters
    ----------
    sample_rate
        [Hz]
    fft_length, window_length, hop_length
        Points of the transform; width of the window, centred in them; samples per frame.
    window
        "hann" (periodic), or "rectangular".
    padding
        The middle of frame i is sample i * hop_length: what stands before the first and after the
        last sample, "reflect"ed samples or "zeros". "none": frame i begins at that sample.
    pre_emphasis
        Coefficient a of y[n] - a y[n - 1] before the transform.
    power
        Exponent of the magnitudes, 1 or 2.
    mel_channels
        Number of bands.
    f_min, f_max
        Lowest and highest edge of the bands [Hz]; f_max None: half the sample rate.
    mel_scale
        "slaney": linear below 1 kHz, logarithmic above. "htk": 2595 log10(1 + f / 700).
    filter_norm
        "slaney": triangles of equal area. "none": triangles of height 1.
    floor
        Least value of a band before the logarithm.
    compression
        "log" (natural), "log10", "decibel" (of power: 10, of magnitudes: 20 log10), or "none".
    statistics
        Statistics of the training data; the model sees frames normalized by them.
    """

    kind: Literal["mel"] = "mel"
    sample_rate: int = 16000
    fft_length: int = 1024
    window_length: int = 512
    hop_length: int = 80
    window: Literal["hann", "rectangular"] = "hann"
    padding: Literal["reflect", "zeros", "none"] = "reflect"
    pre_emphasis: float = 0.0
    power: float = 1.0
    mel_channels: int = 80
    f_min: float = 0.0
    f_max: float | None = None
    mel_scale: Literal["slaney", "htk"] = "slaney"
    filter_norm: Literal["slaney", "none"] = "slaney"
    floor: float = 1e-5
    compression: Literal["log", "log10", "decibel", "none"] = "log"
    statistics: FrameStatistics | None = None

    def __post_init__(self) -> None:
        check_field(self, "sample_rate", integer, 1, 1_000_000)
        check_field(self, "fft_length", integer, 2, 65536)
        check_field(self, "window_length", integer, 2, self.fft_length)
        check_field(self, "hop_length", integer, 1, 65536)
        choice("window", self.window, ("hann", "rectangular"))
        choice("padding", self.padding, ("reflect", "zeros", "none"))
        check_field(self, "pre_emphasis", number, 0.0, 1.0)
        if self.power not in (1.0, 2.0):
            raise ValueError(f"power must be 1 or 2, got {self.power!r}")
        check_field(self, "mel_channels", integer, 1, 4096)
        if self.f_max is None:
            object.__setattr__(self, "f_max", self.sample_rate / 2)
        check_field(self, "f_min", number, 0.0, self.sample_rate / 2)
        check_field(self, "f_max", number, self.f_min, self.sample_rate / 2)
        if self.f_min == self.f_max:
            raise ValueError(f"f_min must be below f_max, both are {self.f_min:g} Hz")
        choice("mel_scale", self.mel_scale, ("slaney", "htk"))
        choice("filter_norm", self.filter_norm, ("slaney", "none"))
        check_field(self, "floor", number, 1e-30, 1.0)
        choice("compression", self.compression, ("log", "log10", "decibel", "none"))
        if self.statistics:
            self.statistics.check(self.channels)

    @property
    def channels(self) -> int:
        """Channels of a frame."""
        return self.mel_channels

    def frames(self, n_samples: int) -> int:
        """Number of frames of a sound."""
        padding = 0 if self.padding == "none" else 2 * (self.fft_length // 2)
        return max(0, 1 + (n_samples + padding - self.fft_length) // self.hop_length)

    def __str__(self) -> str:
        return (
            f"mel spectrogram, {self.mel_channels} bands from {self.f_min:g} to {self.f_max:g} Hz, "
            f"hop {self.hop_length}, window {self.window_length}, FFT {self.fft_length} samples"
        )

    def silence(self) -> NDArray[np.float32]:
        """The frame `(channels,)` of silence."""
        return mel_spectrogram(np.zeros(self.fft_length), self)[0]

    def track(self, y: np.ndarray) -> NDArray[np.float32]:
        """Frames that cover the sound: one for each hop that begins in it."""
        frames = mel_spectrogram(y, self)[: -(-len(y) // self.hop_length)]
        lacking = -(-len(y) // self.hop_length) - len(frames)
        return np.pad(frames, ((0, lacking), (0, 0)), mode="edge")

    @property
    def window_power(self) -> float:
        """Mean of the spectrum of white noise of power 1."""
        return float((_window(self) ** 2).sum())

    def log_spectrum(self, frames: np.ndarray) -> NDArray[np.float64]:
        """Natural logarithm of the power spectra `(n_frames, fft_length // 2 + 1)` of frames.

        Interpolated between the middles of the bands; below and above them it is flat.
        """
        bands, weights, spread = _interpolation(dataclasses.replace(self, statistics=None))
        levels = _expand(frames[:, bands].astype(np.float64), self) - np.log(weights)
        return 2 / self.power * levels @ spread


MEL_PRESETS = {
    # librosa.power_to_db(librosa.feature.melspectrogram(y=y), top_db=None) of librosa 0.10 and 0.11
    "librosa": MelFeatures(
        sample_rate=22050, fft_length=2048, window_length=2048, hop_length=512, padding="zeros",
        power=2.0, mel_channels=128, floor=1e-10, compression="decibel",
    ),
    # NVIDIA/tacotron2 and NVIDIA/waveglow, layers.TacotronSTFT
    "tacotron2": MelFeatures(
        sample_rate=22050, window_length=1024, hop_length=256, f_max=8000.0,
    ),
    # r9y9/wavenet_vocoder from 0.2 on, audio.logmelspectrogram; ESPnet's vocoders too
    "r9y9": MelFeatures(
        sample_rate=22050, window_length=1024, hop_length=256, f_min=125.0, f_max=7600.0,
        floor=1e-10, compression="log10",
    ),
}  # fmt: skip


def mel_spectrogram(y: ArrayLike, settings: MelFeatures) -> NDArray[np.float32]:
    """The mel spectrogram of a sound.

    Parameters
    ----------
    y : (n_samples,)
        Sound at `settings.sample_rate`; see `wavenet.base.sound.as_samples`.
    settings
        All choices.

    Returns
    -------
    ndarray
        `(frames, mel_channels)` float32; `settings.frames(n_samples)` frames.

    Raises
    ------
    ValueError
        The sound is misshapen, not sound, or shorter than one frame takes.

    Examples
    --------
    >>> y = np.random.default_rng(0).normal(0, 0.1, 22050)
    >>> mel_spectrogram(y, MEL_PRESETS["tacotron2"]).shape
    (87, 80)
    """
    y = as_samples(y).astype(np.float32)
    if y.ndim != 1:
        raise ValueError(f"the sound must have the shape (n_samples,), got {y.shape}")
    half = settings.fft_length // 2
    shortest = {"reflect": half + 1, "zeros": 1, "none": settings.fft_length}[settings.padding]
    if len(y) < shortest:
        raise ValueError(f"the sound has {len(y)} samples; its frames need at least {shortest}")
    if settings.pre_emphasis:
        y = np.append(y[:1], y[1:] - np.float32(settings.pre_emphasis) * y[:-1])
    if settings.padding != "none":
        y = np.pad(y, half, mode="reflect" if settings.padding == "reflect" else "constant")
    filters = mel_filters(dataclasses.replace(settings, statistics=None))
    return np.concatenate([_compress(s @ filters.T, settings) for s in _spectra(y, settings)])


@cache
def mel_filters(settings: MelFeatures) -> NDArray[np.float32]:
    """Weights `(mel_channels, fft_length // 2 + 1)` of the bands, as `librosa.filters.mel`."""
    bins = np.fft.rfftfreq(settings.fft_length, 1 / settings.sample_rate)
    to_mel, to_hertz = _SCALES[settings.mel_scale]
    low, high = to_mel(np.array([settings.f_min, settings.f_max]))
    edges = to_hertz(np.linspace(low, high, settings.mel_channels + 2))
    distances = edges[:, None] - bins
    widths = np.diff(edges)[:, None]
    rising, falling = -distances[:-2] / widths[:-1], distances[2:] / widths[1:]
    filters = np.maximum(0, np.minimum(rising, falling))
    if settings.filter_norm == "slaney":
        filters *= (2 / (edges[2:] - edges[:-2]))[:, None]
    filters = filters.astype(np.float32)
    filters.setflags(write=False)
    return filters


@cache
def _interpolation(settings: MelFeatures) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which bands have weight, their weights, and what spreads their levels over the spectrum."""
    filters = mel_filters(settings).astype(np.float64)
    weights = filters.sum(axis=1)
    bands = weights > 0  # the narrowest may lie between two points of the transform
    points = np.arange(filters.shape[1])
    middles = filters[bands] @ points / weights[bands]
    spread = np.array([np.interp(points, middles, row) for row in np.eye(len(middles))])
    return bands, weights[bands], spread


def _spectra(y: np.ndarray, settings: MelFeatures) -> Iterator[NDArray[np.float32]]:
    """Magnitudes to the power, `(frames, fft_length // 2 + 1)`, some frames at once."""
    size, window = settings.fft_length, _window(settings)
    frames = np.lib.stride_tricks.sliding_window_view(y, size)[:: settings.hop_length]
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        spectra = np.fft.rfft(frames[start : start + _FRAMES_AT_ONCE] * window, axis=1)
        yield (np.abs(spectra) ** settings.power).astype(np.float32)


def _window(settings: MelFeatures) -> NDArray[np.float32]:
    size, width = settings.fft_length, settings.window_length
    window = np.zeros(size, dtype=np.float32)
    phase = 2 * np.pi * np.arange(width) / width
    curve = 0.5 - 0.5 * np.cos(phase) if settings.window == "hann" else np.ones(width)
    window[(size - width) // 2 :][:width] = curve
    return window


def _compress(bands: np.ndarray, settings: MelFeatures) -> NDArray[np.float32]:
    if settings.compression == "none":
        return bands
    bands = np.maximum(bands, np.float32(settings.floor))
    if settings.compression == "log":
        return np.log(bands)
    values = np.log10(bands)
    if settings.compression == "decibel":
        values *= np.float32(20 / settings.power)
    return values


def _expand(values: np.ndarray, settings: MelFeatures) -> NDArray[np.float64]:
    """Natural logarithm of the bands, whose values may be of any compression."""
    if settings.compression == "log":
        return values
    if settings.compression == "none":
        return np.log(np.maximum(values, settings.floor))
    return values * (np.log(10) * (settings.power / 20 if settings.compression == "decibel" else 1))


# Slaney's scale (Auditory Toolbox): 200/3 Hz a mel up to 1 kHz, then 27 mels for a factor of 6.4.
_LINEAR, _BREAK, _STEP = 200 / 3, 1000.0, np.log(6.4) / 27


def _slaney_to_mel(f: np.ndarray) -> np.ndarray:
    above = np.log(np.maximum(f, _BREAK) / _BREAK) / _STEP
    return np.where(f >= _BREAK, _BREAK / _LINEAR + above, f / _LINEAR)


def _slaney_to_hertz(mel: np.ndarray) -> np.ndarray:
    least = _BREAK / _LINEAR
    above = _BREAK * np.exp(_STEP * (np.maximum(mel, least) - least))
    return np.where(mel >= least, above, mel * _LINEAR)


_SCALES = {
    "slaney": (_slaney_to_mel, _slaney_to_hertz),
    "htk": (
        lambda f: 2595 * np.log10(1 + f / 700),
        lambda mel: 700 * (10 ** (mel / 2595) - 1),
    ),
}

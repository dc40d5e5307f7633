"""Shaping of quantization noise (Tachibana et al. 2018): a filter before quantization.

Speech has far less power above 4 kHz than below, the noise of mu-law codes and of a model's draws
has as much everywhere. Training on sound that a filter has partly whitened, and undoing the filter
on what is generated, gives the noise a spectrum between that of white noise and that of speech.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core

ORDER = 24
_FFT = 1024
_ACTIVE = 1e-4  # frames of less power, relative to the strongest, are pauses
_PEAK = 0.95  # of the loudest training sample behind the filter


def average_log_spectrum(sounds: Iterable[np.ndarray]) -> NDArray[np.float64]:
    """Mean over the active frames of the logarithm of the power spectrum, `(513,)`."""
    window = np.hanning(_FFT)
    total, count = np.zeros(_FFT // 2 + 1), 0
    for y in sounds:
        if len(y) < _FFT:
            continue
        frames = np.lib.stride_tricks.sliding_window_view(y, _FFT)[:: _FFT // 4]
        power = np.abs(np.fft.rfft(frames * window)) ** 2
        level = power.mean(axis=1)
        active = power[level > _ACTIVE * level.max()]
        total += np.log(active + 1e-12).sum(axis=0)
        count += len(active)
    if not count:
        raise ValueError(f"the sounds are silent or shorter than {_FFT} samples")
    return total / count


def whitening_taps(log_spectrum: np.ndarray, strength: float) -> NDArray[np.float64]:
    """Taps `(ORDER + 1,)` that whiten the spectrum to the power `strength`, the first being 1.

    Linear prediction: the inverse of the all-pole model of the spectrum, which is minimum-phase.
    """
    correlation = np.fft.irfft(np.exp(strength * (log_spectrum - log_spectrum.max())))
    correlation = correlation[: ORDER + 1]
    correlation[0] *= 1 + 1e-5
    lags = np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))
    return np.append(1.0, -np.linalg.solve(correlation[lags], correlation[1:]))


def shaping_taps(sounds: list[np.ndarray], strength: float) -> tuple[float, ...]:
    """The filter for training data: taps scaled so that the loudest sample comes to 0.95.

    Parameters
    ----------
    sounds
        Each `(n_samples,)`.
    strength
        From 0 (none) to 1 (noise with the spectrum of speech).
    """
    taps = whitening_taps(average_log_spectrum(sounds), strength)
    peak = max(float(np.abs(shape_noise(y, taps)).max()) for y in sounds)
    return tuple(round(float(tap), 6) for tap in taps * (_PEAK / peak))


def shape_noise(y: np.ndarray, taps: Iterable[float]) -> NDArray[np.float64]:
    """The sound `(n_samples,)` behind the filter; zeros come before it."""
    taps = np.asarray(tuple(taps))
    return np.convolve(np.asarray(y, dtype=np.float64), taps)[: len(y)] if len(taps) else y


class NoiseUnshaping:
    """Undoes `shape_noise` for streams that come block by block.

    Parameters
    ----------
    taps
        Of the filter; none leave the sound as it is.
    batch
        Number of streams.
    """

    def __init__(self, taps: Iterable[float], batch: int):
        self._taps = np.asarray(tuple(taps))
        self._history = np.zeros((batch, max(0, len(self._taps) - 1)))

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """The sound `(batch, n)` whose filtered samples are `x`."""
        if not len(self._taps):
            return x
        y, self._history = _core.undo_noise_shaping(x, self._taps, self._history)
        return y

    def follow(self, y: ArrayLike) -> None:
        """Lets all streams go on behind the sound `y` `(n,)`."""
        order = self._history.shape[1]
        sound = np.broadcast_to(np.asarray(y, dtype=np.float64), (len(self._history), np.size(y)))
        joined = np.concatenate([self._history, sound], axis=1)
        self._history = joined[:, joined.shape[1] - order :]


def is_invertible(taps: Iterable[float]) -> bool:
    """Whether the inverse of the filter is stable: its reflection coefficients are below 1."""
    a = np.asarray(tuple(taps))
    if not a[0] > 0:
        return False
    a = a / a[0]
    for m in range(len(a) - 1, 0, -1):
        k = a[m]
        if not abs(k) < 1:
            return False
        a = (a[:m] - k * a[m:0:-1]) / (1 - k * k)
    return True

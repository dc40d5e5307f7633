"""Shaping of quantization noise (Tachibana et al. 2018): a filter before quantization.

Speech has far less power above 4 kHz than below, the noise of mu-law codes and of a model's draws
has as much everywhere. Training on sound that a filter has partly whitened, and undoing the filter
on what is generated, gives the noise a spectrum between that of white noise and that of speech.
The filter is that of the average spectrum of the data, or one for each frame of the features.

What filters of frames make of generated codes is bounded by what is known of it. A network does not
notice what changes more slowly than its receptive field, so its codes drift, which the filters make
louder, since the spectrum of features has no gap below the voice: a high-pass takes them off. And
the features tell the power of the sound: what is far louder is compressed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core
from wavenet.base.sound import as_samples

ORDER = 24
_FFT = 1024
_ACTIVE = 1e-4  # frames of less power, relative to the strongest, are pauses
_PEAK = 0.95  # of the loudest training sample after the filter
_RARE = 1e-4  # share of the samples after the filters of frames that may be louder than that
_HIGH_PASS_STATE = 4
_AT_ONCE = 1 << 16  # samples that are filtered at once: each takes memory for its taps


def average_log_spectrum(sounds: Iterable[np.ndarray]) -> NDArray[np.float64]:
    """Mean over the active frames of the logarithm of the power spectrum, `(513,)`."""
    window = np.hanning(_FFT)
    total, count = np.zeros(_FFT // 2 + 1), 0
    for y in map(as_samples, sounds):
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
    return _predictor(log_spectrum[None], strength)[0][0]


def frame_taps(log_spectra: np.ndarray, strength: float) -> NDArray[np.float64]:
    """Taps `(frames, ORDER + 1)` that whiten spectra `(frames, bins)` to the power `strength`.

    What comes out is as loud in every frame, as far as the strength goes.
    """
    taps, error = _predictor(log_spectra, strength)
    return taps / np.sqrt(error)[:, None]


def _predictor(
    log_spectra: np.ndarray, strength: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Linear prediction of spectra to the power `strength`: taps, and the power of the errors."""
    peaks = log_spectra.max(axis=1, keepdims=True)
    correlation = np.fft.irfft(np.exp(strength * (log_spectra - peaks)), axis=1)[:, : ORDER + 1]
    correlation[:, 0] *= 1 + 1e-5
    lags = np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))
    past = correlation[:, 1:, None]
    predictor = np.linalg.solve(correlation[:, lags], past)
    error = correlation[:, 0] - (past * predictor).sum(axis=(1, 2))
    taps = np.concatenate([np.ones((len(past), 1)), -predictor[:, :, 0]], axis=1)
    return taps, error * np.exp(strength * peaks[:, 0])


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
    """The sound `(n_samples,)` after the filter; zeros come before it."""
    taps = np.asarray(tuple(taps))
    y = as_samples(y)
    return np.convolve(y, taps)[: len(y)] if len(taps) else y


def shaping_scale(sounds: Iterable[tuple[np.ndarray, np.ndarray]], hop_length: int) -> tuple[float]:
    """The factor, as a filter of one tap, that brings what filters of frames give to full scale.

    Parameters
    ----------
    sounds
        Each `(n_samples,)`, with the taps of its frames.
    hop_length
        Samples per frame.
    """
    levels = [np.abs(shape_by_frames(y, taps, hop_length)) for y, taps in sounds]
    return (round(_PEAK / float(np.quantile(np.concatenate(levels), 1 - _RARE)), 6),)


def shape_by_frames(y: np.ndarray, taps: np.ndarray, hop_length: int) -> NDArray[np.float64]:
    """The sound `(n_samples,)` after filters that change with the frames; zeros come before it."""
    return NoiseShaping(1, hop_length, unlimited(taps)).shape(y)[0]


class Filters(NamedTuple):
    """Filters of frames, and from where on their sound is too loud.

    Attributes
    ----------
    taps : (frames, n)
    knees : (frames,)
        What is louder than that of this frame and the next is compressed.
    """

    taps: NDArray[np.float64]
    knees: NDArray[np.float64]


def unlimited(taps: NDArray[np.float64]) -> Filters:
    """Filters `(frames, n)` whose sound may be as loud as it is."""
    return Filters(taps, np.full(len(taps), np.inf))


class NoiseShaping:
    """The filter for streams that come block by block, and its inverse.

    Parameters
    ----------
    batch
        Number of streams.
    hop_length
        Samples that each filter covers.
    filters
        Those of every stream, to which `append` may add.
    cutoff
        Of the high-pass that `undo` ends with, in cycles per sample; 0: there is none.
    """

    def __init__(self, batch: int, hop_length: int, filters: Filters, cutoff: float = 0.0):
        self._hop_length = hop_length
        self._filters = [filters] * batch
        self._cutoff = cutoff
        self._offset = 0  # of the next sample, from where the first of the filters begins
        # Of each stream: the last samples, the latest last, then what the high-pass remembers.
        self._state = np.zeros((batch, filters.taps.shape[1] - 1 + _HIGH_PASS_STATE))

    def append(self, filters: list[Filters]) -> None:
        """Adds filters of further frames, for each stream."""
        self._filters = [
            Filters(*map(np.concatenate, zip(old, new, strict=True)))
            for old, new in zip(self._filters, filters, strict=True)
        ]

    def shape(self, y: ArrayLike) -> NDArray[np.float64]:
        """The sound `(n,)` after the filters of each stream, `(batch, n)`."""
        y = as_samples(y)
        parts = (y[i : i + _AT_ONCE] for i in range(0, len(y), _AT_ONCE))
        return np.concatenate([self._shape(part) for part in parts], axis=1)

    def _shape(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        history, high_pass = np.split(self._state, [-_HIGH_PASS_STATE], axis=1)
        order = history.shape[1]
        sound = np.broadcast_to(y, (len(history), len(y)))
        joined = np.concatenate([history, sound], axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(joined, order + 1, axis=1)[:, :, ::-1]
        place = (self._offset + np.arange(len(y))) // self._hop_length
        if place[-1] >= min(len(filters.taps) for filters in self._filters):
            raise ValueError(f"the frames end before the {len(y)} samples do")
        shaped = [
            np.einsum("tk,tk->t", window, taps[place])
            for window, (taps, _) in zip(windows, self._filters, strict=True)
        ]
        through = y.astype(np.float32), np.ones((1, 1)), np.full(1, np.inf), self._cutoff, len(y), 0
        passed = [_core.undo_noise_shaping(*through, state)[1] for state in high_pass]
        self._state = np.concatenate([joined[:, len(y) :], passed], axis=1)
        self._pass(len(y))
        return np.stack(shaped)

    def undo(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """The sound `(batch, n)` whose filtered samples are `x`, high-passed and limited."""
        needed = (self._offset + x.shape[1] - 1) // self._hop_length + 1
        streams = []
        for row, (taps, knees), state in zip(x, self._filters, self._state, strict=True):
            loudest = np.fmax(knees[:needed], np.append(knees[1 : needed + 1], 0)[:needed])
            streams.append(_core.undo_noise_shaping(
                row, taps[:needed], loudest, self._cutoff, self._hop_length, self._offset, state
            ))  # fmt: skip
        self._state = np.stack([state for _, state in streams])
        self._pass(x.shape[1])
        return np.stack([sound for sound, _ in streams])

    @property
    def memory(self) -> NDArray[np.float64]:
        """`(batch, order + 1)`: what the filters remember of the last samples."""
        return self._state.copy()

    def restore(self, ahead: int, memory: ArrayLike) -> None:
        """Resumes `ahead` samples further on with what the filters remembered there."""
        memory = np.array(memory, np.float64)
        if memory.shape != self._state.shape:
            raise ValueError(
                f"the filters' memory must have the shape {self._state.shape}, got {memory.shape}"
            )
        self._state = memory
        self._pass(ahead)

    def _pass(self, count: int) -> None:
        """Goes on, and forgets the filters of the frames that are over."""
        frames, self._offset = divmod(self._offset + count, self._hop_length)
        self._filters = [Filters(f.taps[frames:], f.knees[frames:]) for f in self._filters]


def is_invertible(taps: Iterable[float]) -> bool:
    """Whether the inverse of the filter is stable: its reflection coefficients are below 1."""
    a = np.asarray(tuple(taps))
    if not 1e-30 < a[0] < 1e30:  # beyond, the inverse overflows or is silent
        return False
    a = a / a[0]
    for m in range(len(a) - 1, 0, -1):
        k = a[m]
        if not abs(k) < 1:
            return False
        a = (a[:m] - k * a[m:0:-1]) / (1 - k * k)
    return True

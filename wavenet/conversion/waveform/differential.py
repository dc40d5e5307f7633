"""Filtering with a mel-cepstrum that changes from frame to frame, without a vocoder.

The filter of a frame is the minimum-phase one whose log spectrum the mel-cepstrum is; it is applied
by fast convolution, exactly, where the MLSA filter (Imai 1983) has a Pade approximation of the
exponential. Between two frames the outputs of their filters are cross-faded.
"""

from __future__ import annotations

import itertools

import numpy as np

from wavenet.base.sound import as_samples
from wavenet.dsp.pitch_shift import shift_pitch
from wavenet.features import mel_cepstrum as mcep
from wavenet.features.world import Analysis, WorldSettings

_INTERVALS_PER_CALL = 256


class TimeVaryingFilter:
    """A filter that is fed frame interval by frame interval; whole files are one call.

    Parameters
    ----------
    alpha
        All-pass constant of the mel-cepstra.
    fft_size
        Points of the convolution; interval and impulse response must fit together.
    """

    def __init__(self, alpha: float, fft_size: int):
        self.alpha, self.fft_size = alpha, fft_size
        self._tail = np.zeros(fft_size)
        self._last_response: np.ndarray | None = None

    def start(self, mel_cepstrum: np.ndarray) -> None:
        """Sets the filter (order + 1,) at the first sample."""
        self._last_response = self._responses(mel_cepstrum[None])

    def process(
        self, y: np.ndarray, bounds: np.ndarray, mel_cepstra: np.ndarray | None
    ) -> np.ndarray:
        """Filters the next intervals.

        Parameters
        ----------
        y : (bounds[-1],)
            Samples of the intervals.
        bounds : (n_intervals + 1,)
            First sample of each interval, and the end; starts with 0.
        mel_cepstra : (n_intervals, order + 1)
            Filter at the end of each interval, as a mel-cepstrum (gain in coefficient 0); None:
            the last filter holds on.

        Returns
        -------
        (bounds[-1],) float64
        """
        if self._last_response is None:
            raise RuntimeError("start() sets the filter at the first sample and comes before")
        y, parts = as_samples(y), []
        for i in range(0, len(bounds) - 1, _INTERVALS_PER_CALL):
            edges = bounds[i : i + _INTERVALS_PER_CALL + 1]
            if mel_cepstra is None:
                ends = np.repeat(self._last_response, len(edges) - 1, axis=0)
            else:
                ends = self._responses(mel_cepstra[i : i + len(edges) - 1])
            parts.append(self._some(y[edges[0] : edges[-1]], edges - edges[0], ends))
        return np.concatenate(parts) if parts else np.zeros(0)

    def _some(self, y: np.ndarray, bounds: np.ndarray, ends: np.ndarray) -> np.ndarray:
        responses = np.concatenate([self._last_response, ends])
        self._last_response = responses[-1:]
        falling, rising = np.zeros((2, len(ends), self.fft_size))
        for i, (a, b) in enumerate(itertools.pairwise(bounds)):
            weight = np.arange(b - a) / (b - a)
            rising[i, : b - a] = y[a:b] * weight
            falling[i, : b - a] = y[a:b] - rising[i, : b - a]
        spectra = np.fft.rfft(falling) * responses[:-1] + np.fft.rfft(rising) * responses[1:]
        out = np.zeros(bounds[-1] + self.fft_size)
        out[: self.fft_size] = self._tail
        for a, part in zip(bounds[:-1], np.fft.irfft(spectra), strict=True):
            out[a : a + self.fft_size] += part
        self._tail = out[bounds[-1] :]
        return out[: bounds[-1]]

    def _responses(self, mel_cepstra: np.ndarray) -> np.ndarray:
        """Minimum-phase spectra: the exponential of the spectra of the causal cepstra."""
        cepstra = mcep.to_cepstrum(mel_cepstra, self.alpha, self.fft_size // 2)
        return np.exp(np.fft.rfft(cepstra, self.fft_size))


def frame_bounds(
    n_frames: int, sample_rate: int, frame_period: float, start: int = 0
) -> np.ndarray:
    """Samples (n_frames,) at which frames `start`, `start` + 1, ... lie."""
    frames = np.arange(start, start + n_frames)
    return np.round(frames * (sample_rate * frame_period / 1000.0)).astype(np.int64)


def filter_sound(
    y: np.ndarray,
    mel_cepstra: np.ndarray,
    sample_rate: int,
    frame_period: float,
    alpha: float,
    fft_size: int,
) -> np.ndarray:
    """Filters a whole sound (n_samples,) with the mel-cepstra (n_frames, order + 1) of its frames.

    The last frame's filter holds on to the end.
    """
    bounds = frame_bounds(len(mel_cepstra), sample_rate, frame_period)
    bounds = np.append(bounds[bounds < len(y)], len(y))
    filters = mel_cepstra[: len(bounds) - 1]
    moving = TimeVaryingFilter(alpha, fft_size)
    moving.start(filters[0])
    return moving.process(y, bounds, np.concatenate([filters[1:], filters[-1:]]))


def differential(
    sound: np.ndarray,
    analysis: Analysis,
    spectrum: np.ndarray,
    f0: np.ndarray,
    world: WorldSettings,
) -> np.ndarray:
    """The source's sound, shifted in pitch to `f0` [Hz] and filtered towards `spectrum`."""
    rate, period = world.sample_rate, world.frame_period
    if not np.array_equal(f0, analysis.f0):
        sound = shift_pitch(sound, analysis.f0, f0, rate, period)
    change = spectrum - analysis.mel_cepstrum
    return filter_sound(sound, change, rate, period, world.alpha, world.fft_size)

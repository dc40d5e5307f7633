"""A fixed filter over time that gives converted trajectories the modulation of natural ones.

Averaging takes away fast modulation more than slow. Spreading a trajectory evenly, as the global
variance alone does, makes up for the loss with slow modulation, which was right before: the
differences between sounds are then too large, and hissing ones far too loud.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from wavenet.config.conversion import modulation_taps
from wavenet.conversion.pipeline.utterance import Utterance

_N_FFT = 4096
_LARGEST_GAIN = 10.0  # of a modulation frequency, before the variance is matched
_LARGEST_SPREAD = 3.0
_TAIL = 1e-3  # share of the target's values that is cut off at each end


@dataclass(frozen=True)
class ModulationFilter:
    """Filters each dimension around its mean; the result stays in the range of the target.

    Attributes
    ----------
    mean : (d,)
    response : (taps, d)
        Symmetric, so that there is no delay.
    low, high : (d,)
        Range of the target's training frames.
    """

    mean: np.ndarray
    response: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __call__(self, y: np.ndarray) -> np.ndarray:
        """(n_frames, d) -> (n_frames, d); beyond the ends the trajectory is held."""
        half = len(self.response) // 2
        padded = np.pad(y - self.mean, ((half, half), (0, 0)), mode="edge")
        filtered = sum(tap * padded[k : k + len(y)] for k, tap in enumerate(self.response))
        return np.clip(self.mean + filtered, self.low, self.high)

    @classmethod
    def fit(
        cls, natural: Sequence[Utterance], converted: Sequence[Utterance], frame_period: float
    ) -> Self:
        """From recordings of the target and conversions of the source [frame period in ms].

        The gain of each modulation frequency is the ratio of the mean modulation spectra; that of
        all together brings the variance of the frames that speak to the target's.
        """
        ratio = _modulation(natural) / np.maximum(_modulation(converted), 1e-20)
        gain = np.clip(np.sqrt(ratio), 1.0 / _LARGEST_GAIN, _LARGEST_GAIN)
        taps = modulation_taps(frame_period)
        response = np.roll(np.fft.irfft(gain, _N_FFT, axis=0), taps // 2, axis=0)[:taps]
        response *= np.hanning(taps + 2)[1:-1, None]
        response /= response.sum(axis=0)
        speech = np.concatenate([y.features[y.active] for y in natural])
        low, high = np.quantile(speech, (_TAIL, 1.0 - _TAIL), axis=0)
        mean = np.concatenate([y.features[y.active] for y in converted]).mean(axis=0)
        free = cls(mean, response, np.full_like(low, -np.inf), np.full_like(low, np.inf))
        spread = _variance(natural) / _variance(
            [Utterance(free(y.features), y.active) for y in converted]
        )
        return cls(mean, response * np.minimum(np.sqrt(spread), _LARGEST_SPREAD), low, high)


def _modulation(utterances: Sequence[Utterance]) -> np.ndarray:
    """Mean power of each modulation frequency (n_fft // 2 + 1, d), without the mean over frames."""
    centred = (y.features - y.features.mean(axis=0) for y in utterances)
    total = sum(np.abs(np.fft.rfft(y, _N_FFT, axis=0)) ** 2 for y in centred)
    return np.asarray(total) / len(utterances)


def _variance(utterances: Sequence[Utterance]) -> np.ndarray:
    """Mean over utterances of the variance within the frames that speak (d,)."""
    variances = [y.features[y.active].var(axis=0) for y in utterances]
    return np.maximum(np.mean(variances, axis=0), 1e-10)

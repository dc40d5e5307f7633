"""Keeps the power of wide bands of frequency in the range of the target's recordings.

Mel-cepstra are averages of log spectra: where they are spread or estimated wrongly, the power that
is heard changes by more than a distance between mel-cepstra shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np

from wavenet.config.conversion import BAND_QUANTILES
from wavenet.features import mel_cepstrum as mcep
from wavenet.features.bands import band_edges, band_power
from wavenet.features.world import WorldSettings

_QUIET = 0.01  # of a recording's power: frames below do not count
_CORRECTIONS = 4
_CROSSFADE = 100.0  # [Hz]


def power_in_bands(mel_cepstrum: np.ndarray, settings: WorldSettings) -> np.ndarray:
    """Power of the spectra of mel-cepstra in the bands (n_frames, n_bands)."""
    log_spectrum = mcep.log_spectrum(mel_cepstrum, settings.alpha, settings.fft_size)
    return band_power(np.exp(log_spectrum), settings.sample_rate)


def level(power: np.ndarray) -> float:
    """Of a recording: log of the mean over frames of the power of all bands (n_frames, n_bands)."""
    return float(np.log(power.sum(axis=1).mean()))


@dataclass(frozen=True)
class BandMapping:
    """Changes the power of each band so that it is distributed as in the target's recordings.

    Attributes
    ----------
    quantiles : (n_quantiles, n_bands)
        Quantiles of the log power of conversions in the bands, less the recording's `level`
        [neper].
    changes : (n_quantiles, n_bands)
        What is added there [neper]. What lies above the last quantile is cut off.
    """

    quantiles: np.ndarray
    changes: np.ndarray

    def __call__(self, mel_cepstrum: np.ndarray, settings: WorldSettings) -> np.ndarray:
        """(n_frames, order + 1) -> (n_frames, order + 1)"""
        power = power_in_bands(mel_cepstrum, settings)
        given = np.log(power) - level(power)
        steps = [
            np.interp(x, known, change) - np.maximum(x - known[-1], 0.0)
            for x, known, change in zip(given.T, self.quantiles.T, self.changes.T, strict=True)
        ]
        return mel_cepstrum + np.stack(steps, axis=1) @ _curves(settings)

    @classmethod
    def fit(
        cls,
        converted: Sequence[np.ndarray],
        natural: Sequence[np.ndarray],
        settings: WorldSettings,
    ) -> Self:
        """From mel-cepstra of conversions, and the power in bands of natural recordings.

        Mel-cepstra hold no edges, so that what is added to one band is heard in its neighbours:
        the changes are corrected by what they bring about. The frames counted are those within
        20 dB of their recording's level.
        """
        before = [power_in_bands(c, settings) for c in converted]
        levels = [level(power) for power in before]
        wanted = _quantiles(natural, [level(power) for power in natural])
        given = _quantiles(before, levels)
        mapping = cls(given, wanted - given)
        for _ in range(_CORRECTIONS):
            after = [power_in_bands(mapping(c, settings), settings) for c in converted]
            mapping = cls(given, mapping.changes + wanted - _quantiles(after, levels))
        return mapping


def _quantiles(recordings: Sequence[np.ndarray], levels: Sequence[float]) -> np.ndarray:
    relative = [np.log(power) - x for power, x in zip(recordings, levels, strict=True)]
    loud = [x[np.exp(x).sum(axis=1) > _QUIET] for x in relative]
    rising = np.quantile(np.concatenate(loud), BAND_QUANTILES, axis=0)
    return rising + 1e-6 * np.arange(len(BAND_QUANTILES))[:, None]  # interpolation divides by steps


@lru_cache(maxsize=4)
def _curves(settings: WorldSettings) -> np.ndarray:
    """Mel-cepstra (n_bands, order + 1) that raise the log power of one band by 1."""
    frequency = np.linspace(0.0, 0.5 * settings.sample_rate, settings.fft_size // 2 + 1)
    inner = band_edges(settings.sample_rate)[1:-1, None]
    above = 1.0 / (1.0 + np.exp((inner - frequency) / _CROSSFADE))
    steps = np.concatenate([np.ones((1, len(frequency))), above, np.zeros((1, len(frequency)))])
    curves = mcep.from_spectrum(np.exp(steps[:-1] - steps[1:]), settings.order, settings.alpha)
    curves.setflags(write=False)
    return curves

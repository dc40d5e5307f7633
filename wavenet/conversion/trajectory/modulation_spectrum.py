"""Trajectories whose modulation spectrum is natural.

The modulation spectrum of a dimension is the log power spectrum of its course over time. Averaging
takes away fast modulation more than slow, which a global variance does not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet.base.validation import doubles

_SMALLEST_POWER = 1e-20


@dataclass(frozen=True)
class ModulationStatistics:
    """Of the log modulation power over utterances.

    Attributes
    ----------
    mean, standard_deviation : (n_fft // 2 + 1, d)
        [nat]
    n_fft
        Frames of the transform; longer utterances are refused.
    """

    mean: NDArray[np.float64]
    standard_deviation: NDArray[np.float64]
    n_fft: int

    @classmethod
    def measure(cls, utterances: Sequence[ArrayLike], n_fft: int = 4096) -> Self:
        """Those of trajectories (n_frames, d), at least two.

        Raises
        ------
        ValueError
            Fewer than two utterances, other shapes, values that are not finite, an utterance longer
            than n_fft.
        """
        if len(utterances) < 2:
            raise ValueError(f"there must be at least two utterances, got {len(utterances)}")
        logs = [_log_power(_spectrum(doubles(y), n_fft)[0]) for y in utterances]
        if len({log.shape for log in logs}) > 1:
            raise ValueError("the utterances must have as many dimensions each")
        return cls(np.mean(logs, axis=0), np.std(logs, axis=0), n_fft)


def modulation_spectrum_postfilter(
    y: ArrayLike,
    natural: ModulationStatistics,
    converted: ModulationStatistics,
    *,
    strength: float = 0.85,
) -> NDArray[np.float64]:
    """Gives a converted trajectory the modulation spectrum of natural ones (Takamichi et al. 2014).

    Each bin's log power is shifted and scaled from the statistics of converted utterances to those
    of natural ones; phases stay, and the mean over frames is left out of it.

    Parameters
    ----------
    y : (n_frames, d)
    natural, converted
        Statistics of utterances as they should be, and as they are.
    strength
        Share of the change, from 0, which leaves y as it is, to 1.

    Returns
    -------
    (n_frames, d)

    Raises
    ------
    ValueError
        Statistics that do not fit each other or y, values that are not finite, an utterance longer
        than the transform, a strength out of range.
    """
    y = doubles(y)
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"strength must be from 0 to 1, got {strength}")
    spectrum, mean = _spectrum(y, natural.n_fft)
    if not natural.mean.shape == converted.mean.shape == spectrum.shape:
        raise ValueError(
            f"y needs statistics of the shape {spectrum.shape}, got {natural.mean.shape} and "
            f"{converted.mean.shape}"
        )
    log_power = _log_power(spectrum)
    scale = natural.standard_deviation / np.maximum(converted.standard_deviation, 1e-10)
    change = scale * (log_power - converted.mean) + natural.mean - log_power
    change[0] = 0.0  # the mean has been taken away
    filtered = np.fft.irfft(spectrum * np.exp(0.5 * strength * change), natural.n_fft, axis=0)
    return mean + filtered[: len(y)]


def _spectrum(y: np.ndarray, n_fft: int) -> tuple[np.ndarray, np.ndarray]:
    """The transform over time of y less its mean, and the mean."""
    if y.ndim != 2 or y.size == 0 or len(y) > n_fft:
        raise ValueError(
            f"a trajectory must have the shape (n_frames, d), n_frames from 1 to {n_fft}, got "
            f"{y.shape}"
        )
    if not np.isfinite(y).all():
        raise ValueError("a trajectory has values that are not finite")
    mean = y.mean(axis=0)
    return np.fft.rfft(y - mean, n_fft, axis=0), mean


def _log_power(spectrum: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.abs(spectrum) ** 2, _SMALLEST_POWER))

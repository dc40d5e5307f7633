"""F0 frame by frame from the sound around it only, for conversion with low delay.

Normalised autocorrelation over two of the longest periods. It sees no contour, so it makes more
octave and voicing errors than WORLD's Harvest, which needs the whole recording.
"""

from __future__ import annotations

import numpy as np

from wavenet.base.sound import as_samples

_VOICED = 0.5
_FIRST_PEAK = 0.8
_FLOOR = 1e-7
_LOW_PASS = 600.0  # [Hz]; the periods of voices show best in the first harmonics


def local_f0(
    y: np.ndarray, centres: np.ndarray, sample_rate: float, f0_range: tuple[float, float]
) -> np.ndarray:
    """F0 at some samples.

    Parameters
    ----------
    y : (n_samples,)
        Must reach one longest period, 1 / f0_range[0], beyond each centre; zeros stand in for what
        is missing.
    centres : (n_frames,)
        Samples at which F0 is wanted.
    f0_range
        [Hz]

    Returns
    -------
    (n_frames,) [Hz]; 0 where there is no voice.
    """
    longest = int(np.ceil(sample_rate / f0_range[0]))
    shortest = max(2, int(sample_rate / f0_range[1]))
    padded = np.pad(as_samples(y), (longest, longest + 1))
    segments = padded[np.asarray(centres)[:, None] + np.arange(2 * longest)]
    size = 2 ** int(np.ceil(np.log2(4 * longest)))
    frequency = np.fft.rfftfreq(size, 1.0 / sample_rate)
    low_pass = np.exp(-0.5 * (frequency / _LOW_PASS) ** 2)
    low_pass[frequency < 0.5 * f0_range[0]] = 0.0
    segments = np.fft.irfft(np.fft.rfft(segments, size) * low_pass, size)[:, : 2 * longest]
    spectra = np.fft.rfft(segments, size)
    products = np.fft.irfft(np.abs(spectra) ** 2, size)[:, : longest + 2]
    energy = np.cumsum(segments**2, axis=1)
    lags = np.arange(longest + 2)
    head = energy[:, 2 * longest - 1 - lags]
    tail = energy[:, -1:] - np.pad(energy, ((0, 0), (1, 0)))[:, lags]
    correlation = products / np.sqrt(np.maximum(head * tail, (_FLOOR * longest) ** 2))
    return np.array([_pick(row, shortest, longest, sample_rate) for row in correlation])


def _pick(correlation: np.ndarray, shortest: int, longest: int, sample_rate: float) -> float:
    """F0 [Hz] at the first peak that is nearly as high as the highest; 0 if all are low."""
    part = correlation[shortest - 1 : longest + 2]
    peaks = np.flatnonzero((part[1:-1] >= part[:-2]) & (part[1:-1] > part[2:])) + 1
    if not len(peaks) or part[peaks].max() < _VOICED:
        return 0.0
    peak = peaks[part[peaks] >= _FIRST_PEAK * part[peaks].max()][0]
    left, middle, right = part[peak - 1 : peak + 2]
    shift = 0.5 * (left - right) / (left - 2 * middle + right)
    return sample_rate / (shortest - 1 + peak + shift)

"""Power of spectra in a few wide bands: what an ear takes for dull, bright or hissing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_EDGES = (0.0, 3000.0, 5000.0, 6500.0, 9000.0, 13000.0, 18000.0)  # [Hz]
_NARROWEST = 0.15  # of the last band, as a part of half the sample rate
_TOP = 0.9875  # of half the sample rate: above are the slopes of converters' filters
_UNTOUCHED = 0.85  # of half the sample rate: above, filters of resampling and their blur may act


def band_edges(sample_rate: float) -> NDArray[np.float64]:
    """Edges (n_bands + 1,) [Hz]; at 16 kHz 0, 3,000, 5,000, 6,500 and 7,900 Hz."""
    nyquist = 0.5 * sample_rate
    lower = [edge for edge in _EDGES if edge < (1.0 - _NARROWEST) * nyquist]
    return np.array([*lower, _TOP * nyquist])


def relative_power(power: NDArray[np.float64], sample_rate: float) -> NDArray[np.float64]:
    """Power (n_frames, n) in the bands below what `flat_top` touches, over that of the sound [dB].

    Parameters
    ----------
    power : (n_frames, n_bands)
        As `band_power` makes it, all frames of the sound.
    """
    count = np.count_nonzero(band_edges(sample_rate)[1:] <= 0.5 * _UNTOUCHED * sample_rate)
    return 10.0 * np.log10(power[:, :count] / power.sum(axis=1).mean())


def flat_top(spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power spectra without what distinguishes a sound that was resampled from one that was not.

    From 0.85 of half the sample rate on they stay at what they are there.

    Parameters
    ----------
    spectrum : (n_frames, fft_size // 2 + 1)
    """
    edge = round(_UNTOUCHED * (spectrum.shape[1] - 1))
    held = np.repeat(spectrum[:, edge : edge + 1], spectrum.shape[1] - edge, axis=1)
    return np.hstack([spectrum[:, :edge], held])


def band_power(spectrum: NDArray[np.float64], sample_rate: float) -> NDArray[np.float64]:
    """What each band adds to the mean over the circle of power spectra.

    Parameters
    ----------
    spectrum : (n_frames, fft_size // 2 + 1)

    Returns
    -------
    (n_frames, n_bands)
    """
    frequency = np.linspace(0.0, 0.5 * sample_rate, spectrum.shape[1])
    place = np.searchsorted(band_edges(sample_rate), frequency, side="right") - 1
    membership = place[:, None] == np.arange(len(band_edges(sample_rate)) - 1)
    return spectrum @ (membership / spectrum.shape[1])

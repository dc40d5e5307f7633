"""Log-spectral distance: how far two sounds' short-time spectra are apart [dB]."""

from __future__ import annotations

import numpy as np

from wavenet.base.sound import as_samples

FFT_LENGTH = 1024
HOP_LENGTH = 256
FLOOR_DB = -80.0  # of the reference's largest bin; what lies below counts as equal


def log_spectral_distance(reference: np.ndarray, other: np.ndarray) -> float:
    """Root mean square difference over the bins of a frame, mean over frames [dB].

    Hann window of 1024 samples, hop 256. Both spectra are cut off 80 dB below the largest bin of
    the reference.

    Parameters
    ----------
    reference, other : (n_samples,)
        Sounds of equal length, at least 1024 samples.

    Raises
    ------
    ValueError
        Other shapes, what is not sound (see `wavenet.base.sound.as_samples`), or a silent
        reference.
    """
    a, b = as_samples(reference), as_samples(other)
    if a.ndim != 1 or a.shape != b.shape or len(a) < FFT_LENGTH:
        raise ValueError(
            f"the sounds must have one shape (n_samples,), n_samples >= {FFT_LENGTH}, got "
            f"{a.shape} and {b.shape}"
        )
    spectra = [_magnitudes(y) for y in (a, b)]
    floor = spectra[0].max() * 10 ** (FLOOR_DB / 20)
    if floor == 0:
        raise ValueError("the reference is silent")
    levels = [20 * np.log10(np.maximum(spectrum, floor)) for spectrum in spectra]
    return float(np.sqrt(((levels[0] - levels[1]) ** 2).mean(axis=1)).mean())


def _magnitudes(y: np.ndarray) -> np.ndarray:
    frames = np.lib.stride_tricks.sliding_window_view(y, FFT_LENGTH)[::HOP_LENGTH]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_LENGTH) / FFT_LENGTH)
    return np.abs(np.fft.rfft(frames * window, axis=1))

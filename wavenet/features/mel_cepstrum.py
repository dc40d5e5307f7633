"""Mel-cepstra of power spectra, and back: one matrix product each way.

The mel-cepstrum here is that of SPTK and pysptk (`sp2mc`, `mc2sp`): the minimum-phase cepstrum of
the spectrum, its frequency axis warped by a first-order all-pass filter (Oppenheim and Johnson
1972), cut to `order`. All steps but the logarithm are linear, so they are folded in one matrix.
Other than pysptk's `sp2mc` the last quefrency, fft_size / 2, is counted once, so that a spectrum
that its cepstrum describes comes back; of smooth spectra that quefrency is next to nothing.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from wavenet.base.validation import real_array


def from_spectrum(power: np.ndarray, order: int, alpha: float) -> np.ndarray:
    """Mel-cepstra of power spectra.

    Parameters
    ----------
    power : (n_frames, fft_size // 2 + 1)
        Power spectra, above 0.
    order
        Highest index of a coefficient.
    alpha
        Constant of the all-pass filter, from -1 to 1.

    Returns
    -------
    (n_frames, order + 1) float64; coefficient 0 holds the gain [neper].

    Raises
    ------
    ValueError
        A power that is not a finite number above 0.
    """
    power = real_array("power", power, ("n_frames", "n_bins"))
    if power.min(initial=np.inf) <= 0:
        raise ValueError(f"power must be above 0, got {power.min():g}")
    fft_size = 2 * (power.shape[-1] - 1)
    return np.log(power) @ _analysis_matrix(fft_size, order, alpha)


def log_spectrum(mel_cepstrum: np.ndarray, alpha: float, fft_size: int) -> np.ndarray:
    """Natural logarithm of the power spectra that belong to mel-cepstra.

    Parameters
    ----------
    mel_cepstrum : (n_frames, order + 1)
    alpha
        As it was in the analysis.
    fft_size
        Number of points on the whole circle, even.

    Returns
    -------
    (n_frames, fft_size // 2 + 1) float64
    """
    return mel_cepstrum @ _synthesis_matrix(fft_size, mel_cepstrum.shape[-1] - 1, alpha)


def to_cepstrum(mel_cepstrum: np.ndarray, alpha: float, length: int) -> np.ndarray:
    """The first `length` coefficients of the minimum-phase cepstra, without frequency warping."""
    return mel_cepstrum @ warping_matrix(mel_cepstrum.shape[-1], length, -alpha)


@lru_cache(maxsize=16)
def warping_matrix(inputs: int, outputs: int, alpha: float) -> np.ndarray:
    """The frequency transform as a matrix: a cepstrum (inputs,) @ matrix is the warped one.

    Row n holds the coefficients of the n-th power of the all-pass filter, as SPTK's `freqt`.
    """
    matrix = np.zeros((inputs, outputs))
    matrix[0, 0] = 1.0
    for n in range(1, inputs):
        row, previous = matrix[n], matrix[n - 1]
        row[0] = alpha * previous[0]
        if outputs > 1:
            row[1] = (1.0 - alpha**2) * previous[0] + alpha * previous[1]
        for k in range(2, outputs):
            row[k] = previous[k - 1] + alpha * (previous[k] - row[k - 1])
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=16)
def mel_alpha(sample_rate: int) -> float:
    """The constant, to 0.001, that brings the warped axis nearest the mel scale (least squares)."""
    frequency = np.linspace(0.0, np.pi, 1000)
    mel = np.log1p(frequency / np.pi * sample_rate / 2 / 1000.0)
    alpha = np.arange(0.0, 1.0, 0.001)[:, None]
    warped = frequency + 2 * np.arctan(
        alpha * np.sin(frequency) / (1.0 - alpha * np.cos(frequency))
    )
    distance = ((warped / np.pi - mel / mel[-1]) ** 2).sum(axis=1)
    return float(alpha[distance.argmin(), 0].round(3))


@lru_cache(maxsize=16)
def _analysis_matrix(fft_size: int, order: int, alpha: float) -> np.ndarray:
    half = fft_size // 2
    angle = np.outer(np.arange(half + 1), np.arange(half + 1)) % fft_size
    cosine = np.cos(2 * np.pi / fft_size * angle)
    cosine[1:-1] *= 2.0
    cepstrum = cosine / fft_size
    cepstrum[:, [0, half]] /= 2.0  # the quefrencies that are their own mirror images
    matrix = cepstrum @ warping_matrix(half + 1, order + 1, alpha)
    matrix.setflags(write=False)
    return matrix


@lru_cache(maxsize=16)
def _synthesis_matrix(fft_size: int, order: int, alpha: float) -> np.ndarray:
    half = fft_size // 2
    angle = np.outer(np.arange(half + 1), np.arange(half + 1)) % fft_size
    cosine = 2.0 * np.cos(2 * np.pi / fft_size * angle)
    matrix = warping_matrix(order + 1, half + 1, -alpha) @ cosine
    matrix.setflags(write=False)
    return matrix

"""Mel-cepstral distortion: how far converted spectra are from those of the target speaker [dB]."""

from __future__ import annotations

import math

import numpy as np

from wavenet.base.validation import real_array
from wavenet.dsp.dtw import dtw

DECIBEL = 10.0 / math.log(10.0) * math.sqrt(2.0)


def mel_cepstral_distortion(
    reference: np.ndarray, converted: np.ndarray, *, align: bool = True, first: int = 1
) -> float:
    """Mean mel-cepstral distortion between two sequences of mel-cepstra [dB].

    A frame's distortion is 10 / ln 10 * sqrt(2 * sum of squared differences) (Kubichek 1993).
    Values are comparable only where the order and warping of the mel-cepstrum, the frame period,
    the frames taken and the alignment are the same.

    Parameters
    ----------
    reference, converted : (n_frames, n_coefficients)
        Mel-cepstra; silent frames are best taken out before.
    align
        Whether to align by dynamic time warping on the compared coefficients (symmetric steps,
        mean over the path). Otherwise both have equal length and are compared frame by frame.
    first
        First coefficient that counts; 1 leaves the gain out.

    Raises
    ------
    ValueError
        Shapes that cannot be compared, or values that are not finite.

    Examples
    --------
    >>> round(mel_cepstral_distortion(np.zeros((3, 25)), np.full((3, 25), 0.1)), 3)
    3.009
    """
    reference, converted = _checked(reference, "reference"), _checked(converted, "converted")
    if reference.shape[1] != converted.shape[1]:
        raise ValueError(
            f"reference has {reference.shape[1]} coefficients and converted {converted.shape[1]}; "
            "they must have as many"
        )
    if not 0 <= first < reference.shape[1]:
        raise ValueError(f"first must be from 0 to {reference.shape[1] - 1}, got {first}")
    a, b = reference[:, first:], converted[:, first:]
    if align:
        return path_distortion(a, b, dtw(a, b)[1])
    if len(a) != len(b):
        raise ValueError(
            f"reference has {len(a)} frames and converted {len(b)}; without align they must have "
            "as many"
        )
    same = np.arange(len(a))
    return path_distortion(a, b, np.stack([same, same], axis=1))


def path_distortion(x: np.ndarray, y: np.ndarray, path: np.ndarray) -> float:
    """Mean distortion [dB] over the pairs of frames `path` (n_pairs, 2) of x and y."""
    difference = x[path[:, 0]] - y[path[:, 1]]
    return float(DECIBEL * np.sqrt((difference**2).sum(axis=1)).mean())


def _checked(x: np.ndarray, name: str) -> np.ndarray:
    x = real_array(name, x, ("n_frames", "n_coefficients"))
    if not x.size:
        raise ValueError(f"{name} holds nothing, its shape is {x.shape}")
    return x

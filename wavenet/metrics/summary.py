"""Summaries over utterances: global variance, and a mean with its confidence interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A mean and the half width of its 95 % confidence interval."""

    mean: float
    half_width: float


def mean_interval(values: Sequence[float]) -> Interval:
    """The mean over utterances, with the normal approximation to its 95 % interval.

    NaN values are left out; with fewer than two values the half width is NaN.
    """
    kept = np.asarray(values, dtype=np.float64)
    kept = kept[np.isfinite(kept)]
    if not len(kept):
        return Interval(np.nan, np.nan)
    if len(kept) == 1:
        return Interval(float(kept[0]), np.nan)
    return Interval(float(kept.mean()), float(1.96 * kept.std(ddof=1) / np.sqrt(len(kept))))


def global_variance_ratio(
    references: Sequence[np.ndarray], converted: Sequence[np.ndarray]
) -> np.ndarray:
    """Mean within-utterance variance of converted features over that of the references.

    Converted trajectories are too smooth where the ratio is well below 1 (Toda et al. 2007,
    sec. III-C).

    Parameters
    ----------
    references, converted
        Utterances of shape (n_frames, n_coefficients).

    Returns
    -------
    (n_coefficients,)
    """
    if not len(references) or not len(converted):
        raise ValueError("at least one utterance on each side is needed")
    of_reference = np.mean([x.var(axis=0) for x in references], axis=0)
    return np.mean([x.var(axis=0) for x in converted], axis=0) / of_reference

"""How near one F0 contour is to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wavenet.base.validation import real_array


@dataclass(frozen=True)
class F0Comparison:
    """Differences of two aligned F0 contours.

    Attributes
    ----------
    log_rmse
        Root mean square difference of log F0 where both are voiced [neper]; 0.0578 is a semitone.
    correlation
        Pearson correlation of log F0 where both are voiced.
    voicing_error
        Share of frames that are voiced in one contour only.
    mean_difference
        Mean log F0 of the second contour less that of the first, each over its own voiced frames.
    deviation_ratio
        Standard deviation of log F0 of the second contour over that of the first.
    """

    log_rmse: float
    correlation: float
    voicing_error: float
    mean_difference: float
    deviation_ratio: float


def compare_f0(reference: np.ndarray, converted: np.ndarray) -> F0Comparison:
    """Compares two F0 contours (n_frames,) [Hz] frame by frame; 0 stands for no voice.

    A value that needs more voiced frames than there are is NaN.
    """
    reference = real_array("reference", reference, ["n_frames"])
    converted = real_array("converted", converted, ["n_frames"])
    if reference.shape != converted.shape:
        raise ValueError(
            "the contours must have one shape (n_frames,), got "
            f"{reference.shape} and {converted.shape}"
        )
    voiced_a, voiced_b = reference > 0, converted > 0
    both = voiced_a & voiced_b
    a, b = np.log(reference[both]), np.log(converted[both])
    all_a, all_b = np.log(reference[voiced_a]), np.log(converted[voiced_b])
    enough = len(a) > 1 and a.std() > 0 and b.std() > 0
    return F0Comparison(
        log_rmse=float(np.sqrt(((a - b) ** 2).mean())) if len(a) else np.nan,
        correlation=float(np.corrcoef(a, b)[0, 1]) if enough else np.nan,
        voicing_error=float((voiced_a != voiced_b).mean()) if len(both) else np.nan,
        mean_difference=float(all_b.mean() - all_a.mean()) if len(a) else np.nan,
        deviation_ratio=float(all_b.std() / all_a.std()) if enough else np.nan,
    )

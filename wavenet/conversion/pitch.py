"""F0: its statistics, and how the source's contour becomes the target's."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from wavenet.config.conversion import Voice, VoiceConverterConfig

_LARGEST_SPREAD = 3.0  # of log F0: what varies in a monotone voice is mostly errors of its F0


def measure_voice(f0_range: tuple[float, float], contours: Iterable[np.ndarray]) -> Voice:
    """The F0 statistics of a speaker from contours [Hz], 0 where there is no voice.

    Raises
    ------
    ValueError
        There is no voiced frame.
    """
    voiced = np.concatenate([f0[f0 > 0] for f0 in contours])
    if not len(voiced):
        raise ValueError("no F0 was found: the recordings hold no voiced speech")
    log_f0 = np.log(voiced)
    return Voice(*f0_range, float(log_f0.mean()), max(float(log_f0.std()), 1e-3))


def origin_slope(source: np.ndarray, target: np.ndarray) -> float:
    """Slope through the origin of target F0 on source F0 over paired frames voiced in both."""
    both = (source > 0) & (target > 0)
    x, y = source[both], target[both]
    return float(x @ y / (x @ x)) if len(x) else 1.0


def log_gaussian(f0: np.ndarray, source: Voice, target: Voice) -> np.ndarray:
    """Shifts and scales log F0 so that mean and standard deviation become the target's; 0 stays 0.

    Deviations grow threefold at most.
    """
    voiced = f0 > 0
    converted = np.zeros_like(f0)
    spread = min(target.log_f0_deviation / source.log_f0_deviation, _LARGEST_SPREAD)
    converted[voiced] = np.exp(
        spread * (np.log(f0[voiced]) - source.log_f0_mean) + target.log_f0_mean
    )
    return converted


def convert_f0(f0: np.ndarray, config: VoiceConverterConfig, method: str) -> np.ndarray:
    """The target's contour [Hz] for the source's, by a method of `VoiceConverter`.

    It stays within the range of the target's F0, unless the source's is kept.
    """
    if method == "keep":
        return f0.copy()
    if method == "regression":
        converted = f0 * config.f0_slope
    else:
        converted = log_gaussian(f0, config.source, config.target)
    return np.where(f0 > 0, np.clip(converted, *config.target.f0_range), 0.0)

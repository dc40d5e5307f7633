"""Statistics of training features: what a model's input is normalized by, and warned from."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MARGIN = 1.0  # deviations that a value may lie outside the trained range without a warning


class FeatureRangeWarning(UserWarning):
    """Features lie outside the range that the model was trained on."""


@dataclass(frozen=True)
class FrameStatistics:
    """Of every channel of the training data's frames.

    Parameters
    ----------
    mean, deviation
        Of the frames; the model sees (frame - mean) / deviation.
    lowest, highest
        The range that the model was trained on.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]

    @classmethod
    def of(cls, tracks: Iterable[np.ndarray]) -> FrameStatistics:
        """Statistics of tracks `(frames, channels)`; a constant channel gets the deviation 1."""
        count = 0
        total: np.ndarray = np.zeros(())
        squares, lowest, highest = total, total + np.inf, total - np.inf
        for track in tracks:
            values = track.astype(np.float64)
            count += len(values)
            total = total + values.sum(axis=0)
            squares = squares + (values**2).sum(axis=0)
            lowest = np.minimum(lowest, values.min(axis=0))
            highest = np.maximum(highest, values.max(axis=0))
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
        deviation[deviation < 1e-6 * (1 + np.abs(mean))] = 1
        return cls(*(tuple(round(float(x), 6) for x in v)
                     for v in (mean, deviation, lowest, highest)))  # fmt: skip

    def check(self, channels: int) -> None:
        """Refuses statistics of another number of channels, or deviations that are not positive."""
        for name, values in vars(self).items():
            if len(values) != channels:
                raise ValueError(f"the {name} of {len(values)} channels; frames have {channels}")
        if min(self.deviation) <= 0:
            raise ValueError(f"deviations must be above 0, got {min(self.deviation)}")

    def normalize(self, frames: np.ndarray) -> NDArray[np.float32]:
        """Frames `(..., channels)` with mean 0 and deviation 1 over the training data."""
        mean, deviation = np.array(self.mean), np.array(self.deviation)
        return ((frames - mean) / deviation).astype(np.float32)

    def denormalize(self, frames: np.ndarray) -> NDArray[np.float32]:
        """The inverse of `normalize`, clipped to the trained range."""
        values = np.array(self.mean) + np.array(self.deviation) * frames
        return np.clip(values, self.lowest, self.highest).astype(np.float32)

    def warn(self, frames: np.ndarray) -> bool:
        """Warns with numbers where frames `(..., channels)` leave the trained range; True if so."""
        lowest, highest = np.array(self.lowest), np.array(self.highest)
        excess = np.maximum(lowest - frames, frames - highest) / np.array(self.deviation)
        if excess.max() <= _MARGIN:
            return False
        *place, channel = np.unravel_index(np.argmax(excess), excess.shape)
        warnings.warn(
            f"{np.count_nonzero(excess > 0):,} of {excess.size:,} feature values lie outside the "
            f"range of the training data: channel {channel} of frame {place[-1]} is "
            f"{frames[(*place, channel)]:.2f}, trained on {lowest[channel]:.2f} to "
            f"{highest[channel]:.2f}; check rate, preset and scale of the features",
            FeatureRangeWarning,
            stacklevel=2,
        )
        return True

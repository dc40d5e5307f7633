"""Keeps sound below full scale by turning it down around its peaks, and nowhere else."""

from __future__ import annotations

import numpy as np

THRESHOLD = 0.99
_ATTACK = 0.004  # [s]; the gain falls over about this time before a peak, and rises so after it
_HOLD = 0.03  # [s]; longer than a period, so that the gain does not follow the waveform


class Limiter:
    """A limiter that looks ahead, fed block by block; the result does not depend on the blocks.

    Before a peak above `THRESHOLD` the gain falls along a ramp that ends where the peak begins, and
    is held for a while after it. Samples that no peak is near keep their bits.

    Attributes
    ----------
    delay
        Samples that the output lags behind the input.
    """

    def __init__(self, sample_rate: float):
        self._ramp = 2 ** max(1, round(np.log2(_ATTACK * sample_rate)))
        self._reach = int(_HOLD * sample_rate) + self._ramp
        self.delay = self._ramp - 1
        self._past = np.zeros(self._reach - 1)
        self._ahead = np.zeros(0)

    def process(self, y: np.ndarray, last: bool = False) -> np.ndarray:
        """Takes the next samples (n,); gives those whose future has come, all at the `last`."""
        ahead = np.concatenate([self._ahead, y])
        count = len(ahead) if last else max(0, len(ahead) - self.delay)
        out, self._ahead = ahead[:count], ahead[count:]
        sound = np.concatenate([self._past, ahead, np.zeros(self.delay if last else 0)])
        self._past = sound[count : count + len(self._past)]
        if not count or np.abs(sound).max() <= THRESHOLD:
            return out
        return out * self._gains(sound)[:count]

    def _gains(self, sound: np.ndarray) -> np.ndarray:
        """Of the samples after `_past` that have `delay` more after them.

        The least gain that a sample asks for within `_HOLD` before and a ramp after; of that the
        mean over a ramp. At a peak, all that is averaged is low enough.
        """
        gain = THRESHOLD / np.maximum(np.abs(sound), THRESHOLD)
        width = 1
        while width < self._reach:
            step = min(width, self._reach - width)
            gain, width = np.minimum(gain[:-step], gain[step:]), width + step
        width = 1
        while width < self._ramp:  # sums of one order, whatever the blocks
            gain, width = gain[:-width] + gain[width:], 2 * width
        return gain / self._ramp


def limited(y: np.ndarray, sample_rate: float) -> np.ndarray:
    """A whole sound (n,) through a `Limiter`."""
    return Limiter(sample_rate).process(y, last=True)

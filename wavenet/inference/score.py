"""How well a model predicts a signal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Score:
    """How well a model predicts a signal.

    Attributes
    ----------
    log_likelihood
        `(n,)` float32: log-probability of each sample given those before it [nats].
    bits_per_sample
        Mean of its negative [bits]: per mu-law code, or for continuous outputs per value of
        16-bit audio.
    """

    log_likelihood: NDArray[np.float32]
    bits_per_sample: float

    @classmethod
    def of(cls, parts: list[NDArray[np.float32]]) -> Score:
        """From the log-likelihoods of successive samples; ValueError where one is not a number."""
        log_likelihood = np.concatenate(parts)
        if np.isnan(log_likelihood).any():
            raise ValueError(
                f"sample {int(np.argmax(np.isnan(log_likelihood)))} has no likelihood: what the "
                "model computes from those before it is not finite"
            )
        return cls(log_likelihood, -float(np.mean(log_likelihood, dtype=np.float64)) / np.log(2))

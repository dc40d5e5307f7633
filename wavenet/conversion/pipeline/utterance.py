"""What training sees of a recording."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Utterance:
    """One recording, of a pair, or its conversion.

    Attributes
    ----------
    features : (n_frames, order)
        Mel-cepstra without coefficient 0.
    active : (n_active,)
        Indices of the frames that speak.
    """

    features: np.ndarray
    active: np.ndarray

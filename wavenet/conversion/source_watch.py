"""Warns of streams whose source is unlike the recordings that were trained on."""

from __future__ import annotations

import warnings
from collections import deque

import numpy as np

from wavenet.config.conversion import VoiceConverterConfig
from wavenet.features.bands import relative_power

_VOICED = 1.0  # [s] of voiced frames until what was heard is judged, and judged again
_MEMORY = 30.0  # [s]


class UnlikeSourceWarning(UserWarning):
    """The source of a stream is unlike the recordings that were trained on."""


class SourceWatch:
    """Judges the last 30 s, by the rule for files, after each second of voiced frames.

    Whatever the blocks, it is judged at the same frames. Silence before the first word is not.

    Attributes
    ----------
    warned
        Whether a warning was given; there is one at most.
    """

    def __init__(self, config: VoiceConverterConfig):
        rate = 1000.0 / config.world.frame_period
        self._enough = round(_VOICED * rate)
        self._frames: deque[np.ndarray] = deque(maxlen=round(_MEMORY * rate))
        self._config = config
        self._voiced = 0
        self.warned = False

    def see(self, likelihood: np.ndarray, voiced: np.ndarray, power: np.ndarray) -> None:
        """Takes the next frames.

        Parameters
        ----------
        likelihood, voiced : (n,)
            Log-likelihood [nat]; whether there is voice.
        power : (n, n_bands)
            As of `wavenet.features.bands.band_power`.
        """
        for frame, has_voice in zip(np.column_stack([likelihood, power]), voiced, strict=True):
            self._frames.append(frame)
            self._voiced += bool(has_voice)
            if self._voiced == self._enough:
                self._voiced = 0
                self._judge()

    def _judge(self) -> None:
        if self.warned:
            return
        frames, config = np.array(self._frames), self._config
        power = frames[:, 1:].sum(axis=1)
        speaks = power > power.mean() * 10.0 ** (0.1 * config.power_threshold)
        relative = relative_power(frames[:, 1:], config.sample_rate)
        if sentence := config.source_statistics.unlike(frames[speaks, 0], relative[speaks]):
            self.warned = True
            warnings.warn(sentence, UnlikeSourceWarning, stacklevel=2)

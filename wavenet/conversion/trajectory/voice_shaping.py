"""From converted mel-cepstra to what is synthesized: power, modulation, and power in bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from wavenet.conversion.pipeline.utterance import Utterance
from wavenet.conversion.trajectory.band_mapping import BandMapping, power_in_bands
from wavenet.conversion.trajectory.modulation_filter import ModulationFilter
from wavenet.features.world import Analysis, WorldSettings


@dataclass(frozen=True)
class VoiceShaping:
    """What makes conversions as loud, as lively and as bright as the target's recordings.

    Attributes
    ----------
    settings
        Settings of the features.
    gain_db
        Level of the target's recordings over that of the source's, their mean [dB].
    modulation, bands
        Trained on conversions of the source's recordings and on the target's.
    """

    settings: WorldSettings
    gain_db: float
    modulation: ModulationFilter
    bands: BandMapping

    def with_power(self, y: np.ndarray, source: np.ndarray) -> np.ndarray:
        """Coefficients 1 to order (n_frames, order) with that coefficient 0 which keeps the power.

        In linear frequency, each frame has the power of the source's (n_frames, order + 1), and the
        gain.
        """
        shape = np.hstack([np.zeros((len(y), 1)), y])
        wanted, given = (power_in_bands(c, self.settings).sum(axis=1) for c in (source, shape))
        shape[:, 0] = 0.5 * np.log(wanted / given) + np.log(10.0) / 20.0 * self.gain_db
        return shape

    def lively(self, y: np.ndarray, source: np.ndarray) -> np.ndarray:
        """As `with_power`, with the target's modulation, variance and power in bands."""
        return self.bands(self.with_power(self.modulation(y), source), self.settings)

    @classmethod
    def fit(
        cls,
        settings: WorldSettings,
        sources: Sequence[Analysis],
        converted: Sequence[Utterance],
        targets: Sequence[Analysis],
        natural: Sequence[Utterance],
    ) -> Self:
        """From the recordings of both speakers, and conversions of the source's."""
        modulation = ModulationFilter.fit(natural, converted, settings.frame_period)
        free = np.zeros((1, len(targets[0].band_power[0])))
        gain_db = float(np.mean([t.level - s.level for s, t in zip(sources, targets, strict=True)]))
        shaping = cls(settings, gain_db, modulation, BandMapping(free, free))
        shaped = [
            shaping.with_power(modulation(y.features), source.source_cepstrum)
            for y, source in zip(converted, sources, strict=True)
        ]
        bands = BandMapping.fit(shaped, [t.band_power for t in targets], settings)
        return cls(settings, gain_db, modulation, bands)

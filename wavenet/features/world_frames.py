"""WORLD parameters as the frames that condition a vocoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wavenet.features import world
from wavenet.features.mel_cepstrum import log_spectrum
from wavenet.features.statistics import FrameStatistics
from wavenet.features.world import Analysis, WorldSettings

_SPECTRUM_POINTS = 1024  # of the circle on which a frame's envelope is taken


@dataclass(frozen=True)
class WorldFeatures:
    """Log F0, voiced flag, mel-cepstrum and band aperiodicity [dB], in this order.

    F0 is interpolated linearly, in the logarithm, where there is no voice; the bands of the
    aperiodicity are those of WORLD, 3 kHz wide; there are none below 12 kHz.

    Parameters
    ----------
    sample_rate, frame_period, order, alpha, f0_method
        See `wavenet.features.world.WorldSettings`; a frame period [ms] is a whole number of
        samples.
    f0_min, f0_max
        Range in which F0 is looked for [Hz].
    statistics
        Statistics of the training data; the model sees frames normalized by them.
    """

    kind: Literal["world"] = "world"
    sample_rate: int = 16000
    frame_period: float = 5.0
    order: int = 24
    alpha: float | None = None
    f0_method: Literal["harvest", "dio"] = "harvest"
    f0_min: float = world.DEFAULT_F0_RANGE[0]
    f0_max: float = world.DEFAULT_F0_RANGE[1]
    statistics: FrameStatistics | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", self.settings.alpha)
        samples = self.sample_rate * self.frame_period / 1000
        if samples != int(samples):
            raise ValueError(
                f"a frame_period of {self.frame_period} ms is {samples:g} samples at "
                f"{self.sample_rate} Hz; it must be a whole number"
            )
        if not 20 <= self.f0_min < self.f0_max <= self.sample_rate / 2:
            raise ValueError(
                f"f0_min and f0_max must be 20 Hz or more and rise, got {self.f0_min} and "
                f"{self.f0_max}"
            )
        if self.statistics:
            self.statistics.check(self.channels)

    @property
    def settings(self) -> WorldSettings:
        """Of the analysis."""
        return WorldSettings(
            self.sample_rate, self.frame_period, self.order, self.alpha, self.f0_method
        )

    @property
    def hop_length(self) -> int:
        """Samples per frame."""
        return round(self.sample_rate * self.frame_period / 1000)

    @property
    def bands(self) -> int:
        """Bands of the aperiodicity."""
        return int(world.pyworld().get_num_aperiodicities(self.sample_rate))

    @property
    def channels(self) -> int:
        """Channels of a frame."""
        return 2 + self.order + 1 + self.bands

    def __str__(self) -> str:
        bands = f"{self.bands} band{'s' * (self.bands > 1)} of aperiodicity"
        return (
            f"WORLD: log F0, voicing, mel-cepstrum of order {self.order} (alpha {self.alpha:g}), "
            f"{bands}, hop {self.hop_length}"
        )

    def silence(self) -> NDArray[np.float32]:
        """The frame `(channels,)` of noise that nobody hears, since WORLD refuses silence."""
        noise = 1e-4 * np.random.default_rng(0).standard_normal(self.sample_rate // 4)
        return self.track(noise)[len(noise) // self.hop_length // 2]

    def track(self, y: np.ndarray) -> NDArray[np.float32]:
        """Frames that cover the sound `(n_samples,)`: one for each hop begun in it."""
        analysis = world.analyze(y, self.settings, (self.f0_min, self.f0_max))
        return self.from_analysis(analysis)[: -(-len(y) // self.hop_length)]

    def from_analysis(self, analysis: Analysis) -> NDArray[np.float32]:
        """Frames `(n_frames, channels)` of parameters, analysed or converted."""
        bands = np.empty((len(analysis.f0), 0))
        if self.bands:
            aperiodicity = np.ascontiguousarray(analysis.aperiodicity)
            bands = world.pyworld().code_aperiodicity(aperiodicity, self.sample_rate)
        voiced = analysis.f0 > 0
        columns = [self._log_f0(analysis.f0, voiced), voiced, analysis.mel_cepstrum, bands]
        return np.column_stack(columns).astype(np.float32)

    @property
    def window_power(self) -> float:
        """Mean of the spectrum of white noise of power 1."""
        return 1.0

    def log_spectrum(self, frames: np.ndarray) -> NDArray[np.float64]:
        """Natural logarithm of the power spectra `(n_frames, 513)` that frames tell."""
        mel_cepstra = frames[:, 2 : self.order + 3].astype(np.float64)
        return log_spectrum(mel_cepstra, self.alpha, _SPECTRUM_POINTS)

    def _log_f0(self, f0: np.ndarray, voiced: np.ndarray) -> np.ndarray:
        if not voiced.any():
            return np.full(len(f0), np.log(self.f0_min * self.f0_max) / 2)
        places = np.flatnonzero(voiced)
        return np.interp(np.arange(len(f0)), places, np.log(f0[places]))

"""The settings of a trained voice converter, as its model file holds them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Self, get_args

import numpy as np

from wavenet.base.validation import check_field, choice, integer, number
from wavenet.features.bands import band_edges
from wavenet.features.statistics import PIECE
from wavenet.features.world import WorldSettings

Method = Literal["frame", "mlpg", "mlpg+gv", "differential"]
F0Method = Literal["log-gaussian", "regression", "keep"]
METHODS: tuple[Method, ...] = get_args(Method)
F0_METHODS: tuple[F0Method, ...] = get_args(F0Method)
REVISION = 3  # of what a converter holds; files without one are of the first
_MOST_COMPONENTS = 4096
_UNLIKE = 4.0  # [standard deviations]
_FLOOR = 0.05  # share of the frames that speak
BAND_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.85, 0.9, 0.95, 0.98, 0.999)  # of the power in a band
_MODULATION_REACH = 40.0  # of the modulation filter, to each side [ms]


def modulation_taps(frame_period: float) -> int:
    """Length of the modulation filter for a frame period [ms]; odd."""
    return 2 * round(_MODULATION_REACH / frame_period) + 1


def f0_range(low: float, high: float) -> tuple[float, float]:
    """A range in which F0 can lie [Hz], checked."""
    return number("f0_low", low, 20.0, 1000.0), number("f0_high", high, low + 1.0, 2000.0)


@dataclass(frozen=True)
class Voice:
    """F0 of one speaker.

    Parameters
    ----------
    f0_low, f0_high
        Range that is searched, and that converted F0 stays in [Hz].
    log_f0_mean, log_f0_deviation
        Mean and standard deviation of the natural logarithm of F0 [Hz] over voiced frames.
    """

    f0_low: float
    f0_high: float
    log_f0_mean: float
    log_f0_deviation: float

    def __post_init__(self) -> None:
        low, high = f0_range(self.f0_low, self.f0_high)
        object.__setattr__(self, "f0_low", low)
        object.__setattr__(self, "f0_high", high)
        check_field(self, "log_f0_mean", number, 2.0, 8.0)
        check_field(self, "log_f0_deviation", number, 1e-3, 3.0)

    @property
    def f0_range(self) -> tuple[float, float]:
        """Minimum and maximum F0 [Hz]."""
        return self.f0_low, self.f0_high


@dataclass(frozen=True)
class SourceStatistics:
    """What the frames that speak are like in recordings of the source.

    The mean over recordings, and the standard deviation for `PIECE` frames of one.

    Parameters
    ----------
    likelihood, likelihood_deviation
        Log-likelihood of a frame [nat]: of the source vectors under the source's side of a mixture
        that was not trained on the recording.
    floor, floor_deviation
        Power that 95 % of the frames exceed in a band, for each that resampling leaves alone,
        relative to the recording's mean [dB]: where there is noise, it is higher.
    """

    likelihood: float = 0.0
    likelihood_deviation: float = 0.0
    floor: tuple[float, ...] = ()
    floor_deviation: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check_field(self, "likelihood", number, -1e6, 1e6)
        check_field(self, "likelihood_deviation", number, 0.0, 1e6)
        for name in ("floor", "floor_deviation"):
            values = tuple(number(name, x, -1e6, 1e6) for x in getattr(self, name))
            object.__setattr__(self, name, values)
        if len(self.floor) != len(self.floor_deviation):
            raise ValueError("floor and floor_deviation must have a value for each band")

    @classmethod
    def of(cls, likelihoods: Sequence[np.ndarray], powers: Sequence[np.ndarray]) -> Self:
        """From the log-likelihoods (n,) and powers in bands (n, n_bands) [dB] of recordings."""
        values = np.array(
            [[x.mean(), *_floor(p)] for x, p in zip(likelihoods, powers, strict=True)]
        )
        counts = np.array([len(x) for x in likelihoods])
        mean = np.average(values, axis=0, weights=counts)
        squares = (values - mean) ** 2 * counts[:, None] / PIECE
        deviation = np.sqrt(squares.mean(axis=0))
        return cls(mean[0], deviation[0], tuple(mean[1:]), tuple(deviation[1:]))

    def unlike(self, likelihood: np.ndarray, power: np.ndarray) -> str:
        """A sentence where frames that speak are unlike those of the recordings; or nothing.

        Arguments are as those of one recording in `of`. Fewer than `PIECE` frames widen the limits.
        """
        room = _UNLIKE * math.sqrt(max(1.0, PIECE / len(likelihood)))
        found = likelihood.mean()
        if found < self.likelihood - room * self.likelihood_deviation:
            return (
                f"the source is unlike the recordings trained on: log-likelihood {found:.1f} a "
                f"frame, theirs {self.likelihood:.1f} with a standard deviation of "
                f"{self.likelihood_deviation:.1f}; another speaker, noise or another microphone?"
            )
        over = _floor(power) - self.floor
        if (over > room * np.array(self.floor_deviation)).any():
            return (
                "the source is unlike the recordings trained on: its quietest sounds are up to "
                f"{over.max():.0f} dB louder than theirs; noise or another room?"
            )
        return ""


def _floor(power: np.ndarray) -> np.ndarray:
    return np.quantile(power, _FLOOR, axis=0)


@dataclass(frozen=True)
class FitSettings:
    """Parameters of `VoiceConverter` that only its `fit` takes; see there.

    `n_components` is what was asked for, of each mixture.
    """

    n_components: int
    prior_frames: float
    n_alignments: int
    n_mixtures: int
    random_state: int

    def __post_init__(self) -> None:
        check_field(self, "n_components", integer, 1, _MOST_COMPONENTS)
        check_field(self, "prior_frames", number, 0.0, 1e9)
        check_field(self, "n_alignments", integer, 1, 100)
        check_field(self, "n_mixtures", integer, 1, _MOST_COMPONENTS // self.n_components)
        check_field(self, "random_state", integer, 0, 2**31)


@dataclass(frozen=True, kw_only=True)
class ConversionSettings:
    """What is given for a converter before it is fitted.

    Parameters
    ----------
    world
        How features are extracted.
    context
        The source frames that are stacked, as offsets in frames, before they are projected.
    source_dimensions
        Size of the projected source vector.
    power_threshold
        Frames below this power, relative to the recording's mean, count as silence [dB].
    fit
        What else decides the result.
    method, f0
        What `convert` does unless it is given another one.
    """

    world: WorldSettings
    context: tuple[int, ...]
    source_dimensions: int
    power_threshold: float
    fit: FitSettings
    method: Method = "mlpg+gv"
    f0: F0Method = "log-gaussian"

    def __post_init__(self) -> None:
        order = self.world.order
        integer("number of context offsets", len(self.context), 1, 101)
        offsets = tuple(integer("context", offset, -100, 100) for offset in self.context)
        object.__setattr__(self, "context", offsets)
        if 0 not in self.context or len(set(self.context)) != len(self.context):
            raise ValueError(f"context must hold 0 and each offset once, got {self.context}")
        most = order * len(self.context)
        check_field(self, "source_dimensions", integer, order, most)
        check_field(self, "power_threshold", number, -100.0, 0.0)
        choice("method", self.method, METHODS)
        choice("f0", self.f0, F0_METHODS)

    @property
    def sample_rate(self) -> int:
        """[Hz]"""
        return self.world.sample_rate


@dataclass(frozen=True, kw_only=True)
class VoiceConverterConfig(ConversionSettings):
    """Everything but the tensors: the settings, and what was learned.

    Parameters
    ----------
    source, target
        The speakers.
    n_components
        Components of the joint-density mixture, over all pooled mixtures.
    f0_slope
        Slope of the regression through the origin of target F0 on source F0.
    training
        Figures of the training run, for the record.
    gain_db
        Level of the target's recordings over that of the source's, their mean [dB].
    source_statistics
        Statistics of the source's recordings.
    revision
        Version of the contents of a converter; another one is refused.
    """

    source: Voice
    target: Voice
    n_components: int
    f0_slope: float
    kind: Literal["voice-converter"] = "voice-converter"
    training: dict[str, float] = field(default_factory=dict)
    gain_db: float = 0.0
    source_statistics: SourceStatistics = SourceStatistics()
    revision: int = 1

    def __post_init__(self) -> None:
        if self.revision != REVISION:
            raise ValueError(
                f"the converter has revision {self.revision}, this version of wavenet reads "
                f"{REVISION}: fit it again with `wavenet voice-convert fit`"
            )
        super().__post_init__()
        check_field(self, "gain_db", number, -100.0, 100.0)
        check_field(self, "n_components", integer, 1, _MOST_COMPONENTS)
        check_field(self, "f0_slope", number, 0.05, 20.0)

    @property
    def joint_dimensions(self) -> int:
        """Size of the mixture's vectors: projected source, static target, slope of the target."""
        return self.source_dimensions + 2 * self.world.order

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the tensors; the mixture's are in units of `mixture.scale`."""
        size, order = self.joint_dimensions, self.world.order
        stacked = order * len(self.context)
        bands = (len(BAND_QUANTILES), len(band_edges(self.sample_rate)) - 1)
        return {
            "projection.mean": (stacked,),
            "projection.matrix": (stacked, self.source_dimensions),
            "mixture.weights": (self.n_components,),
            "mixture.offset": (size,),
            "mixture.scale": (size,),
            "mixture.means": (self.n_components, size),
            "mixture.factors": (self.n_components, size * (size + 1) // 2),
            "modulation.mean": (order,),
            "modulation.response": (modulation_taps(self.world.frame_period), order),
            "modulation.low": (order,),
            "modulation.high": (order,),
            "bands.quantiles": bands,
            "bands.changes": bands,
        }

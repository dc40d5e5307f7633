"""The settings of a trained voice converter, as its model file holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from wavenet.base.validation import check_field, choice, integer, number
from wavenet.features.bands import band_edges
from wavenet.features.world import WorldSettings

Method = Literal["frame", "mlpg", "mlpg+gv", "differential"]
F0Method = Literal["log-gaussian", "regression", "keep"]
METHODS: tuple[Method, ...] = get_args(Method)
F0_METHODS: tuple[F0Method, ...] = get_args(F0Method)
REVISION = 2  # of what a converter holds; files without one are of the first
_MOST_COMPONENTS = 4096
_UNLIKE = 4.0  # [standard deviations]
BAND_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.85, 0.9, 0.95, 0.98, 0.999)  # of the power in a band
_MODULATION_REACH = 40.0  # of the modulation filter, to each side [ms]


def modulation_taps(frame_period: float) -> int:
    """Length of the modulation filter for a frame period [ms]; odd."""
    return 2 * round(_MODULATION_REACH / frame_period) + 1


@dataclass(frozen=True)
class Voice:
    """F0 of one speaker.

    Parameters
    ----------
    f0_low, f0_high
        Range that is searched, and that converted F0 stays in [Hz].
    log_f0_mean, log_f0_deviation
        Of the natural logarithm of F0 [Hz] over voiced frames.
    """

    f0_low: float
    f0_high: float
    log_f0_mean: float
    log_f0_deviation: float

    def __post_init__(self) -> None:
        check_field(self, "f0_low", number, 20.0, 1000.0)
        check_field(self, "f0_high", number, self.f0_low + 1.0, 2000.0)
        check_field(self, "log_f0_mean", number, 2.0, 8.0)
        check_field(self, "log_f0_deviation", number, 1e-3, 3.0)

    @property
    def f0_range(self) -> tuple[float, float]:
        """Lowest and highest F0 [Hz]."""
        return self.f0_low, self.f0_high


@dataclass(frozen=True)
class Likelihood:
    """Mean log-likelihood of a frame that speaks [nat], over recordings that were not trained on.

    It is that of the source vectors under the source's side of the mixture, found by
    cross-validation: mean and standard deviation over recordings.
    """

    mean: float
    deviation: float

    def __post_init__(self) -> None:
        check_field(self, "mean", number, -1e6, 1e6)
        check_field(self, "deviation", number, 0.0, 1e6)

    @property
    def lowest(self) -> float:
        """Below, a recording is unlike those that were trained on."""
        return self.mean - _UNLIKE * self.deviation


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


@dataclass(frozen=True)
class VoiceConverterConfig:
    """Everything but the tensors.

    Parameters
    ----------
    world
        How features are extracted.
    source, target
        The speakers.
    n_components
        Of the joint-density mixture, all pooled ones.
    context
        The source frames that are stacked, as offsets in frames, before they are projected.
    source_dimensions
        Size of the projected source vector.
    f0_slope
        Slope of the regression through the origin of target F0 on source F0.
    power_threshold
        Frames below this power, relative to the recording's mean, count as silence [dB].
    fit
        What else decided the result.
    method, f0
        What `convert` does unless it is told otherwise.
    training
        Figures of the training run, for the record.
    gain_db
        Level of the target's recordings over that of the source's, their mean [dB].
    source_likelihood
        What recordings of the source are like.
    revision
        Of what a converter holds; another one is refused.
    """

    world: WorldSettings
    source: Voice
    target: Voice
    n_components: int
    context: tuple[int, ...]
    source_dimensions: int
    f0_slope: float
    power_threshold: float
    fit: FitSettings
    kind: Literal["voice-converter"] = "voice-converter"
    method: Method = "mlpg+gv"
    f0: F0Method = "log-gaussian"
    training: dict[str, float] = field(default_factory=dict)
    gain_db: float = 0.0
    source_likelihood: Likelihood = Likelihood(0.0, 0.0)
    revision: int = 1

    def __post_init__(self) -> None:
        if self.revision != REVISION:
            raise ValueError(
                f"the converter has revision {self.revision}, this version of wavenet reads "
                f"{REVISION}: fit it again with `wavenet voice-convert fit`"
            )
        check_field(self, "gain_db", number, -100.0, 100.0)
        order = self.world.order
        check_field(self, "n_components", integer, 1, _MOST_COMPONENTS)
        integer("number of context offsets", len(self.context), 1, 101)
        offsets = tuple(integer("context", offset, -100, 100) for offset in self.context)
        object.__setattr__(self, "context", offsets)
        if 0 not in self.context or len(set(self.context)) != len(self.context):
            raise ValueError(f"context must hold 0 and each offset once, got {self.context}")
        most = order * len(self.context)
        check_field(self, "source_dimensions", integer, order, most)
        check_field(self, "f0_slope", number, 0.05, 20.0)
        check_field(self, "power_threshold", number, -100.0, 0.0)
        choice("method", self.method, METHODS)
        choice("f0", self.f0, F0_METHODS)

    @property
    def sample_rate(self) -> int:
        """[Hz]"""
        return self.world.sample_rate

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

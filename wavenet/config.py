"""The one truth about a model, shared by the torch modules, the C++ core and the model file."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal

from wavenet.features.mel import MelFeatures
from wavenet.features.world_frames import WorldFeatures
from wavenet.noise_shaping import is_invertible

MulawConvention = Literal["wavenet", "nnmnkwii", "librosa"]
Precision = Literal["float32", "bf16", "int8"]
PRECISIONS: tuple[Precision, ...] = typing.get_args(Precision)
Output = Literal["categorical", "logistic-mixture", "gaussian", "gaussian-mixture"]
Cycle = Literal["day", "week", "year"]  # of the calendar
StepUnit = Literal["second", "month"]

_LONGEST = 1e6  # duration of a symbol [s]
PCM_LEVELS = 65536  # values of a sample under continuous outputs: those of 16-bit audio


@dataclass(frozen=True)
class LabelFeatures:
    """Local conditioning on a sequence of symbols (words, digits, phonemes) with their times.

    Each symbol is divided in `states_per_symbol` states. A frame inside a symbol activates the two
    states next to its relative position, linearly interpolated; silence activates none. One more
    channel holds the logarithm of the symbol's duration relative to `reference_duration`.

    Parameters
    ----------
    symbols
        The vocabulary. Upper and lower case differ.
    states_per_symbol
        Number of states, at least 2.
    reference_duration
        Duration whose logarithm is 0 [s].
    durations
        Mean and standard deviation [s] of each symbol's duration per speaker, from the training
        data: `durations[speaker][symbol] = (mean, deviation)`; the speaker is "" without speakers.
        Means are above 0, none is above 1e6.
    pause
        Silence before, between and after symbols in synthesis [s].
    """

    kind: Literal["labels"] = "labels"
    symbols: tuple[str, ...] = ()
    states_per_symbol: int = 10
    reference_duration: float = 0.4
    durations: dict[str, dict[str, tuple[float, float]]] = dataclasses.field(default_factory=dict)
    pause: float = 0.15

    def __post_init__(self) -> None:
        _require(len(set(self.symbols)) == len(self.symbols), "symbols must differ")
        _require_range("states_per_symbol", self.states_per_symbol, 2, 256)
        _require_range("reference_duration", self.reference_duration, 1e-3, 1e3)
        _require_range("pause", self.pause, 0.0, 60.0)
        for speaker, by_symbol in self.durations.items():
            for symbol, (mean, deviation) in by_symbol.items():
                _require(
                    0 < mean <= _LONGEST and 0 <= deviation <= _LONGEST,
                    f"durations of {symbol!r} by {speaker!r} must be a mean above 0 and a "
                    f"deviation, up to {_LONGEST:g} s, got {mean} and {deviation}",
                )

    @property
    def channels(self) -> int:
        """Number of feature channels of the label track."""
        return len(self.symbols) * self.states_per_symbol + 1


@dataclass(frozen=True)
class LocalConditioning:
    """How a track of feature frames conditions every block (arXiv 1609.03499, sec. 2.5).

    The frames (and the global conditioning vector, repeated) pass `layers` non-causal convolutions
    at frame rate, then come to sample rate by repetition or by learned convolutions.

    Parameters
    ----------
    channels
        Channels of the feature frames.
    hop_length
        Samples per frame.
    layers, hidden_channels, kernel_size
        Convolutions at frame rate: their number (0: none), channels and (odd) width [frames].
    activation
        Behind each of them, and each stage of "spread": "relu", or "none".
    padding
        What they see beyond the first and the last frame: "zeros", or these frames again ("edge").
    upsampling
        "repeat" holds each frame for `hop_length` samples. "transposed" learns a network of
        transposed convolutions, one per factor, of width 2 * factor. "stretch" repeats by each
        factor and smooths by a learned filter of width 2 * factor + 1 that all channels share (as
        wavenet_vocoder does; cheap, since it commutes with the projection into the blocks).
        "spread" learns transposed convolutions of width factor, a filter and a bias that all
        channels share (as wavenet_vocoder 0.1 and PytorchWaveNetVocoder do).
    upsampling_factors
        Factors of the learned upsamplings; their product is `hop_length`.
    frequency_kernel_size
        (Odd) width across channels of the filters of "stretch" and "spread".
    """

    channels: int
    hop_length: int
    layers: int = 2
    hidden_channels: int = 64
    kernel_size: int = 3
    activation: Literal["relu", "none"] = "relu"
    padding: Literal["zeros", "edge"] = "zeros"
    upsampling: Literal["repeat", "transposed", "stretch", "spread"] = "repeat"
    upsampling_factors: tuple[int, ...] = ()
    frequency_kernel_size: int = 1

    def __post_init__(self) -> None:
        _require_range("channels", self.channels, 1, 65536)
        _require_range("hop_length", self.hop_length, 1, 65536)
        _require_range("layers", self.layers, 0, 16)
        _require_range("hidden_channels", self.hidden_channels, 1, 4096)
        _require_range("kernel_size", self.kernel_size, 1, 63)
        _require_choice("activation", self.activation, ("relu", "none"))
        _require_choice("padding", self.padding, ("zeros", "edge"))
        kinds = ("repeat", "transposed", "stretch", "spread")
        _require_choice("upsampling", self.upsampling, kinds)
        _require_range("frequency_kernel_size", self.frequency_kernel_size, 1, 63)
        for name in ("kernel_size", "frequency_kernel_size"):
            _require(getattr(self, name) % 2 == 1, f"{name} must be odd, got {getattr(self, name)}")
        _require(
            self.frequency_kernel_size == 1 or self.upsampling in ("stretch", "spread"),
            "frequency_kernel_size needs upsampling 'stretch' or 'spread'",
        )
        if self.upsampling != "repeat":
            least = 2 if self.upsampling == "stretch" else 1
            for factor in self.upsampling_factors:
                _require_range("upsampling_factors", factor, least, 1024)
            _require(
                math.prod(self.upsampling_factors) == self.hop_length,
                f"the product of upsampling_factors {self.upsampling_factors} must be the "
                f"hop_length {self.hop_length}",
            )
        else:
            _require(
                not self.upsampling_factors,
                f"upsampling_factors need upsampling {', '.join(kinds[1:])}",
            )

    @property
    def looks_ahead(self) -> bool:
        """Whether samples depend on frames behind their own."""
        convolves = self.layers > 0 and self.kernel_size > 1
        return convolves or self.upsampling in ("transposed", "stretch")

    @property
    def output_channels(self) -> int:
        """Channels that the blocks see."""
        return self.hidden_channels if self.layers else self.channels

    def tensor_shapes(self, global_size: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights of the conditioning network."""
        shapes: dict[str, tuple[int, ...]] = {}
        inputs = self.channels + global_size
        for i in range(self.layers):
            name = f"condition.layers.{i}"
            shapes |= _convolution(name, self.hidden_channels, inputs, self.kernel_size)
            inputs = self.hidden_channels
        for i, factor in enumerate(self.upsampling_factors):
            size, frequencies = self.output_channels, self.frequency_kernel_size
            shapes[f"condition.upsamplers.{i}.weight"] = {
                "transposed": (size, size, 2 * factor),
                "stretch": (1, 1, frequencies, 2 * factor + 1),
                "spread": (1, 1, frequencies, factor),
            }[self.upsampling]
            if self.upsampling == "spread":
                shapes[f"condition.upsamplers.{i}.bias"] = (1,)
        return shapes


@dataclass(frozen=True)
class SeriesColumns:
    """Vectors that are columns of a time series with a regular step.

    The model sees the targets less their mean over the context, in units of `target_scales`, and
    the covariates less their mean in units of their scale.

    Parameters
    ----------
    targets
        Columns that are predicted.
    covariates
        Columns that are known beforehand.
    calendar
        Cycles of the calendar that are covariates too, each as sine and cosine: "day", "week",
        "year".
    step, step_unit
        Time from row to row, in seconds or, with "month", in months.
    context, horizon
        Rows that a forecast looks back on, and that it was trained to look ahead.
    lags
        Rows before that a linear part of the forecast sees; 0: there is none. With it the model
        sees what the linear part leaves of the targets, in units of its deviation over the context,
        and not their differences from a mean.
        Its weights are the tensor "lag_weights", `(targets, patch, lags)`; see
        `wavenet.linear_forecast`.
    patch
        Rows of a step of a recurrent model with a linear part: it predicts them together, none from
        another, so that it learns what comes in a day rather than what comes next. Contexts are
        whole patches.
    target_scales, covariate_means, covariate_scales
        From the training data.
    """

    targets: tuple[str, ...]
    step: int
    context: int
    horizon: int
    covariates: tuple[str, ...] = ()
    calendar: tuple[Cycle, ...] = ()
    step_unit: StepUnit = "second"
    lags: int = 0
    patch: int = 1
    target_scales: tuple[float, ...] = ()
    covariate_means: tuple[float, ...] = ()
    covariate_scales: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        names = self.targets + self.covariates
        _require(bool(self.targets), "a series needs a target column")
        _require(len(set(names)) == len(names), "the columns of a series must differ")
        if self.step_unit == "month":
            _require(set(self.calendar) <= {"year"}, "rows of months show no cycle but the year")
        _require_range("step", self.step, 1, 10**10)
        _require_range("horizon", self.horizon, 1, 10**6)
        _require_range("context", self.context, 1, 10**6)
        _require_range("patch", self.patch, 1, 10**4)
        _require(
            self.context % self.patch == 0,
            f"context {self.context} must be a multiple of patch {self.patch}",
        )
        _require_range("lags", self.lags, 0, 10**5)
        _require(self.lags > 0 or self.patch == 1, "patches need a linear part: lags above 0")
        for name, values, columns in (
            ("target_scales", self.target_scales, self.targets),
            ("covariate_means", self.covariate_means, self.covariates),
            ("covariate_scales", self.covariate_scales, self.covariates),
        ):
            _require(len(values) == len(columns), f"{name} must have {len(columns)} values")
        _require(min(self.target_scales + self.covariate_scales) > 0, "scales must be above 0")

    @property
    def covariate_channels(self) -> int:
        """Channels of the covariates, those of the calendar included."""
        return len(self.covariates) + 2 * len(self.calendar)

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """The weights of the linear part."""
        shape = len(self.targets), self.patch, self.lags
        return {"lag_weights": shape} if self.lags else {}

    def whole_patches(self, rows: int) -> int:
        """`rows`, or as many more as whole patches have."""
        return -(-rows // self.patch) * self.patch


@dataclass(frozen=True)
class WaveNetConfig:
    """Architecture, output distribution and conditioning of a WaveNet (arXiv 1609.03499).

    Parameters
    ----------
    sample_rate
        Sample rate of the sound [Hz].
    dilations
        Dilation of each block, first to last.
    kernel_size
        Taps of the dilated convolutions, 2 or 3.
    residual_channels, skip_channels
        Channels between the blocks, and of the sum that leads to the output.
    gate_channels
        Channels of filter and gate together, an even number.
    input
        "one-hot": the mu-law code as a one-hot vector; "embedding": through a learned embedding;
        "scalar": the sample value itself.
    input_kernel_size
        Taps of the causal convolution before the first block.
    output
        "categorical" over `quantization_channels` mu-law codes; or "logistic-mixture" (arXiv
        1701.05517), "gaussian" or "gaussian-mixture" over the values of 16-bit audio, each with
        the probability of the interval around it. These need scalar input.
    quantization_channels, mulaw_convention
        Number of mu-law codes, and their convention; see `wavenet.mulaw_encode`.
    mixtures
        Components of the mixtures.
    log_scale_min
        Least natural logarithm of a scale (deviation), where full scale is 1. One step of 16-bit
        audio has the logarithm -10.4.
    speakers
        Names of the speakers for global conditioning; empty: none.
    speaker_channels
        Size of the learned speaker embedding.
    global_channels
        Size of a global conditioning vector given beside (or without) the speaker.
    local
        Local conditioning, or None.
    features
        How the local conditioning is computed, or None if the caller brings feature frames.
    series
        What the samples and the local conditioning are if they are a time series, or None. The
        targets of a row are samples one after the other; see `wavenet.series.interleaved`.
    noise_shaping
        Taps of the filter that the sound passes before it is quantized; its inverse, a recursion,
        shapes the noise of what is generated. Empty: none. See `wavenet.noise_shaping`.
    adaptive_noise_shaping
        Above 0, that filter is one for each frame: it whitens the spectrum that the features tell
        to this power, up to 1, and `noise_shaping` has a single tap, its scale.
    temperature
        The best one to generate with: the default of `generate`.
    precision
        How the weights of the blocks and the head are kept in the model file, and computed with
        unless `wavenet.load` is told otherwise.
    """

    kind: Literal["wavenet"] = "wavenet"
    sample_rate: int = 16000
    dilations: tuple[int, ...] = tuple(2**i for i in range(10)) * 2
    kernel_size: int = 2
    residual_channels: int = 64
    gate_channels: int = 128
    skip_channels: int = 128
    input: Literal["one-hot", "embedding", "scalar"] = "one-hot"
    input_kernel_size: int = 2
    output: Output = "categorical"
    quantization_channels: int = 256
    mulaw_convention: MulawConvention = "wavenet"
    mixtures: int = 10
    log_scale_min: float = -16.0
    speakers: tuple[str, ...] = ()
    speaker_channels: int = 16
    global_channels: int = 0
    local: LocalConditioning | None = None
    features: LabelFeatures | MelFeatures | WorldFeatures | None = None
    noise_shaping: tuple[float, ...] = ()
    adaptive_noise_shaping: float = 0.0
    series: SeriesColumns | None = None
    temperature: float = 1.0
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        _require_range("sample_rate", self.sample_rate, 1, 1_000_000)
        _require_range("number of dilations", len(self.dilations), 1, 1024)
        for dilation in self.dilations:
            _require_range("dilations", dilation, 1, 65536)
        _require_range("kernel_size", self.kernel_size, 2, 3)
        for name in ("residual_channels", "gate_channels", "skip_channels"):
            _require_range(name, getattr(self, name), 1, 4096)
        _require(self.gate_channels % 2 == 0, f"gate_channels {self.gate_channels} must be even")
        _require_choice("input", self.input, ("one-hot", "embedding", "scalar"))
        _require_range("input_kernel_size", self.input_kernel_size, 1, 64)
        _require_choice("output", self.output, typing.get_args(Output))
        _require(
            self.output == "categorical" or self.input == "scalar",
            f"output {self.output!r} needs input 'scalar', got {self.input!r}",
        )
        _require_range("mixtures", self.mixtures, 1, 256)
        _require_range("log_scale_min", self.log_scale_min, -30.0, 0.0)
        channels = self.quantization_channels
        _require_range("quantization_channels", channels, 4, 65536)
        _require(channels & (channels - 1) == 0, f"{channels=} must be a power of two")
        _require_choice(
            "mulaw_convention", self.mulaw_convention, ("wavenet", "nnmnkwii", "librosa")
        )
        _require(len(set(self.speakers)) == len(self.speakers), "speakers must differ")
        _require_range("speaker_channels", self.speaker_channels, 1, 4096)
        _require_range("global_channels", self.global_channels, 0, 4096)
        _require_choice("precision", self.precision, PRECISIONS)
        _require_range("temperature", self.temperature, 0.0, 1e6)
        _require_range("receptive field", self.receptive_field, 1, 2**18)
        if self.features is not None:
            _require(
                self.local is not None and self.local.channels == self.features.channels,
                f"features give {self.features.channels} channels; local conditioning must take "
                "as many",
            )
        if self.series is not None:
            channels = len(self.series.targets) + self.series.covariate_channels
            _require(
                self.local is not None
                and (self.local.channels, self.local.hop_length) == (channels, 1),
                f"a series of {len(self.series.targets)} targets needs local conditioning of "
                f"{channels} channels for every sample",
            )
            _require(self.output != "categorical", "a series needs a continuous output")
            _require(self.series.patch == 1, "patches are those of recurrent models")
        if isinstance(self.features, MelFeatures | WorldFeatures):
            for name, value in (
                ("hop_length", self.local.hop_length), ("sample_rate", self.sample_rate)
            ):  # fmt: skip
                _require(
                    getattr(self.features, name) == value,
                    f"the features have the {name} {getattr(self.features, name)}, the model "
                    f"{value}",
                )
        _require_range("taps of noise_shaping", len(self.noise_shaping), 0, 64)
        _require(
            not self.noise_shaping or is_invertible(self.noise_shaping),
            "the filter of noise_shaping has no stable inverse",
        )
        strength = self.adaptive_noise_shaping
        _require(0 <= strength <= 1, f"adaptive_noise_shaping must be from 0 to 1, got {strength}")
        _require(
            not strength or isinstance(self.features, MelFeatures | WorldFeatures),
            "adaptive_noise_shaping needs mel or WORLD features",
        )
        _require(
            not strength or len(self.noise_shaping) == 1,
            "with adaptive_noise_shaping, noise_shaping has one tap: the scale",
        )

    @property
    def receptive_field(self) -> int:
        """Number of past samples that one output depends on."""
        return sum(self.dilations) * (self.kernel_size - 1) + self.input_kernel_size

    @property
    def sound_features(self) -> MelFeatures | WorldFeatures | None:
        """The features where they are those of a sound, not labels."""
        return None if isinstance(self.features, LabelFeatures) else self.features

    @property
    def label_features(self) -> LabelFeatures | None:
        """The features where they are labels."""
        return self.features if isinstance(self.features, LabelFeatures) else None

    @property
    def global_size(self) -> int:
        """Size of the whole global conditioning vector: speaker embedding, then given vector."""
        return (self.speaker_channels if self.speakers else 0) + self.global_channels

    @property
    def levels(self) -> int:
        """Number of values that a sample takes; codes count them."""
        return self.quantization_channels if self.output == "categorical" else PCM_LEVELS

    @property
    def components(self) -> int:
        """Components of a continuous output."""
        return 1 if self.output == "gaussian" else self.mixtures

    @property
    def output_channels(self) -> int:
        """Outputs per sample: logits; or mixture logits, means and logarithms of the scales.

        A single Gaussian has no mixture logit.
        """
        if self.output == "categorical":
            return self.quantization_channels
        return 2 if self.output == "gaussian" else 3 * self.mixtures

    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights, as `wavenet.models.WaveNet` has them."""
        residual, gate, skip = self.residual_channels, self.gate_channels, self.skip_channels
        codes = self.quantization_channels
        shapes: dict[str, tuple[int, ...]] = {}
        inputs = {"one-hot": codes, "embedding": residual, "scalar": 1}[self.input]
        if self.input == "embedding":
            shapes["embedding.weight"] = (codes, residual)
        if self.speakers:
            shapes["speaker_embedding.weight"] = (len(self.speakers), self.speaker_channels)
        if self.local:
            shapes |= self.local.tensor_shapes(self.global_size)
        shapes |= _convolution("input", residual, inputs, self.input_kernel_size)
        for i in range(len(self.dilations)):
            block = f"blocks.{i}"
            shapes |= _convolution(f"{block}.dilated", gate, residual, self.kernel_size)
            if self.global_size:
                shapes[f"{block}.global_projection.weight"] = (gate, self.global_size)
            if self.local:
                size = self.local.output_channels
                shapes[f"{block}.local_projection.weight"] = (gate, size, 1)
            if i < len(self.dilations) - 1:
                shapes |= _convolution(f"{block}.residual", residual, gate // 2, 1)
            shapes |= _convolution(f"{block}.skip", skip, gate // 2, 1)
        shapes |= _convolution("hidden", skip, skip, 1)
        shapes |= _convolution("output", self.output_channels, skip, 1)
        if self.series:
            shapes |= self.series.tensor_shapes()
        if self.precision == "int8":
            shapes |= self.range_shapes()
        return shapes

    def range_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the calibrated ranges of the blocks' inputs, which 8 bits need.

        A model file of any precision has either all of them or none; that of "int8" has them.
        """
        shapes: dict[str, tuple[int, ...]] = {}
        for i in range(len(self.dilations)):
            shapes[f"blocks.{i}.dilated.input_range"] = (self.residual_channels,)
            shapes[f"blocks.{i}.skip.input_range"] = (self.gate_channels // 2,)
        return shapes

    def reduced_weights(self) -> dict[str, str | None]:
        """Weights that are kept in fewer bits: bfloat16, or 8 bits where a range is named.

        Maps their names to None, or to the tensor of the ranges of their inputs.
        """
        if self.precision == "float32":
            return {}
        weights: dict[str, str | None] = {"hidden.weight": None, "output.weight": None}
        for i in range(len(self.dilations)):
            inputs = {"dilated": "dilated", "residual": "skip", "skip": "skip"}
            if i == len(self.dilations) - 1:
                del inputs["residual"]
            for layer, source in inputs.items():
                ranges = f"blocks.{i}.{source}.input_range" if self.precision == "int8" else None
                weights[f"blocks.{i}.{layer}.weight"] = ranges
        return weights


def _convolution(name: str, outputs: int, inputs: int, taps: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs, taps), f"{name}.bias": (outputs,)}


def to_dict(config: Any) -> dict[str, Any]:
    """The configuration as JSON-ready dictionaries and lists."""
    return dataclasses.asdict(config)


def from_dict(values: dict[str, Any]) -> Any:
    """The configuration that `to_dict` wrote, of the class that its kind says.

    Raises
    ------
    ValueError
        An unknown key, a value of the wrong type or out of range; the sentence names it.
    """
    from wavenet.conversion.config import VoiceConverterConfig
    from wavenet.recurrent.config import RecurrentConfig
    from wavenet.recurrent.sequence_to_sequence import SequenceToSequenceConfig

    kinds = {
        "wavenet": WaveNetConfig,
        "voice-converter": VoiceConverterConfig,
        "recurrent": RecurrentConfig,
        "sequence-to-sequence": SequenceToSequenceConfig,
    }
    kind = values.get("kind") if isinstance(values, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise ValueError(f"model kind {kind!r} is not known; known: {', '.join(kinds)}")
    return build(kinds[kind], values, "config")


def build(cls: Any, values: Any, where: str) -> Any:
    """Makes the dataclass `cls` from a dictionary, checking names and types all the way down."""
    if not isinstance(values, dict):
        raise ValueError(f"{where} must be an object, got {type(values).__name__}")
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise ValueError(f"{where} has the unknown setting {unknown[0]!r}")
    for field in dataclasses.fields(cls):
        required = field.default is field.default_factory is dataclasses.MISSING
        if required and field.name not in values:
            raise ValueError(f"{where} lacks the setting {field.name!r}")
    return cls(**{k: _convert(hints[k], v, f"{where}.{k}") for k, v in values.items()})


def _convert(hint: Any, value: Any, where: str) -> Any:  # noqa: PLR0911
    """`value` from JSON as the type that the annotation `hint` says."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        return _convert(_alternative(args, value, where), value, where)
    if origin is Literal:
        _require_choice(where, value, args)
        return value
    if dataclasses.is_dataclass(hint):
        return build(hint, value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{where} must be a list, got {value!r}")
        items = [args[0]] * len(value) if args[1:] == (...,) else args
        if len(items) != len(value):
            raise ValueError(f"{where} must have {len(items)} values, got {len(value)}")
        return tuple(_convert(a, v, where) for a, v in zip(items, value, strict=True))
    if origin is dict:
        if not isinstance(value, dict):
            raise ValueError(f"{where} must be an object, got {value!r}")
        return {str(k): _convert(args[1], v, f"{where}.{k}") for k, v in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, hint) or isinstance(value, bool) is not (hint is bool):
        raise ValueError(f"{where} must be of type {hint.__name__}, got {value!r}")
    if hint is float and not math.isfinite(value):
        raise ValueError(f"{where} must be finite, got {value}")
    return value


def _alternative(args: tuple[Any, ...], value: Any, where: str) -> Any:
    """The type of a union that is meant: of several dataclasses that of the value's kind."""
    types_ = [a for a in args if a is not type(None)]
    if len(types_) == 1:
        return types_[0]
    by_kind = {a.kind: a for a in types_}
    kind = value.get("kind") if isinstance(value, dict) else None
    _require_choice(f"{where}.kind", kind, tuple(by_kind))
    return by_kind[kind]


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise ValueError(sentence)


def _require_range(name: str, value: float, low: float, high: float) -> None:
    _require(low <= value <= high, f"{name} must be from {low} to {high}, got {value}")


def _require_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    _require(value in choices, f"{name} must be one of {', '.join(choices)}, got {value!r}")

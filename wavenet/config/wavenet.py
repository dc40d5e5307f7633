"""Architecture, output distribution and conditioning of a WaveNet."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from typing import Literal

from wavenet.base.validation import check_field, choice, integer, number, require
from wavenet.config.conditioning import LocalConditioning, convolution_shapes
from wavenet.config.precision import PRECISIONS, Precision
from wavenet.config.series import SeriesColumns
from wavenet.dsp.mulaw import MULAW_CONVENTIONS, MulawConvention
from wavenet.dsp.noise_shaping import is_invertible
from wavenet.features.labels import LabelFeatures
from wavenet.features.mel import MelFeatures
from wavenet.features.world_frames import WorldFeatures

Output = Literal["categorical", "logistic-mixture", "gaussian", "gaussian-mixture"]
PCM_LEVELS = 65536  # values of a sample under continuous outputs: those of 16-bit audio


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
        targets of a row are samples one after the other; see
        `wavenet.forecasting.series.interleaved`.
    noise_shaping
        Taps of the filter that the sound passes before it is quantized; its inverse, a recursion,
        shapes the noise of what is generated. Empty: none. See `wavenet.dsp.noise_shaping`.
    adaptive_noise_shaping
        Above 0, that filter is one for each frame: it whitens the spectrum that the features tell
        to this power, up to 1, and `noise_shaping` has a single tap, its scale.
    temperature
        The best one to generate with: the default of `generate`.
    precision
        How the weights of the blocks and the head are kept in the model file, and computed with
        unless `wavenet.load` is given another one.
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
        check_field(self, "sample_rate", integer, 1, 1_000_000)
        integer("number of dilations", len(self.dilations), 1, 1024)
        for dilation in self.dilations:
            integer("dilations", dilation, 1, 65536)
        check_field(self, "kernel_size", integer, 2, 3)
        for name in ("residual_channels", "gate_channels", "skip_channels"):
            check_field(self, name, integer, 1, 4096)
        require(self.gate_channels % 2 == 0, f"gate_channels {self.gate_channels} must be even")
        choice("input", self.input, ("one-hot", "embedding", "scalar"))
        check_field(self, "input_kernel_size", integer, 1, 64)
        choice("output", self.output, typing.get_args(Output))
        require(
            self.output == "categorical" or self.input == "scalar",
            f"output {self.output!r} needs input 'scalar', got {self.input!r}",
        )
        check_field(self, "mixtures", integer, 1, 256)
        check_field(self, "log_scale_min", number, -30.0, 0.0)
        channels = self.quantization_channels
        integer("quantization_channels", channels, 4, 65536)
        require(channels & (channels - 1) == 0, f"{channels=} must be a power of two")
        choice("mulaw_convention", self.mulaw_convention, MULAW_CONVENTIONS)
        require(len(set(self.speakers)) == len(self.speakers), "speakers must differ")
        check_field(self, "speaker_channels", integer, 1, 4096)
        check_field(self, "global_channels", integer, 0, 4096)
        choice("precision", self.precision, PRECISIONS)
        check_field(self, "temperature", number, 0.0, 1e6)
        integer("receptive field", self.receptive_field, 1, 2**18)
        if self.features is not None:
            require(
                self.local is not None and self.local.channels == self.features.channels,
                f"features give {self.features.channels} channels; local conditioning must take "
                "as many",
            )
        if self.series is not None:
            channels = len(self.series.targets) + self.series.covariate_channels
            require(
                self.local is not None
                and (self.local.channels, self.local.hop_length) == (channels, 1),
                f"a series of {len(self.series.targets)} targets needs local conditioning of "
                f"{channels} channels for every sample",
            )
            require(self.output != "categorical", "a series needs a continuous output")
            require(self.series.patch == 1, "patches are those of recurrent models")
        if isinstance(self.features, MelFeatures | WorldFeatures):
            for name, value in (
                ("hop_length", self.local.hop_length), ("sample_rate", self.sample_rate)
            ):  # fmt: skip
                require(
                    getattr(self.features, name) == value,
                    f"the features have the {name} {getattr(self.features, name)}, the model "
                    f"{value}",
                )
        integer("taps of noise_shaping", len(self.noise_shaping), 0, 64)
        require(
            not self.noise_shaping or is_invertible(self.noise_shaping),
            "the filter of noise_shaping has no stable inverse",
        )
        strength = self.adaptive_noise_shaping
        require(0 <= strength <= 1, f"adaptive_noise_shaping must be from 0 to 1, got {strength}")
        require(
            not strength or isinstance(self.features, MelFeatures | WorldFeatures),
            "adaptive_noise_shaping needs mel or WORLD features",
        )
        require(
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
        shapes |= convolution_shapes("input", residual, inputs, self.input_kernel_size)
        for i in range(len(self.dilations)):
            block = f"blocks.{i}"
            shapes |= convolution_shapes(f"{block}.dilated", gate, residual, self.kernel_size)
            if self.global_size:
                shapes[f"{block}.global_projection.weight"] = (gate, self.global_size)
            if self.local:
                size = self.local.output_channels
                shapes[f"{block}.local_projection.weight"] = (gate, size, 1)
            if i < len(self.dilations) - 1:
                shapes |= convolution_shapes(f"{block}.residual", residual, gate // 2, 1)
            shapes |= convolution_shapes(f"{block}.skip", skip, gate // 2, 1)
        shapes |= convolution_shapes("hidden", skip, skip, 1)
        shapes |= convolution_shapes("output", self.output_channels, skip, 1)
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

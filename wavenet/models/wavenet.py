"""WaveNet as a torch module (arXiv 1609.03499)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.forecasting.series import SAMPLE_RANGE
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.models.fake_quantization import round_inputs, round_to_bfloat16, round_weights
from wavenet.models.gated_convolution import GatedConvolution
from wavenet.models.products import linear
from wavenet.models.saved import SavedModule


class ConditionNetwork(nn.Module):
    """Feature frames to what the blocks add: convolutions at frame rate, then upsampling.

    The frame-rate part also sees the global conditioning vector, repeated over the frames.
    """

    def __init__(self, config: LocalConditioning, global_size: int):
        super().__init__()
        self.config = config
        inputs = config.channels + (global_size if config.layers else 0)
        self.layers = nn.ModuleList()
        for _ in range(config.layers):
            self.layers.append(
                nn.Conv1d(
                    inputs, config.hidden_channels, config.kernel_size, padding="same",
                    padding_mode="replicate" if config.padding == "edge" else "zeros",
                )
            )  # fmt: skip
            inputs = config.hidden_channels
        self.upsamplers = nn.ModuleList(
            {
                "transposed": lambda f: nn.ConvTranspose1d(inputs, inputs, 2 * f, f, bias=False),
                "stretch": lambda f: Stretch(f, config.frequency_kernel_size),
                "spread": lambda f: Spread(f, config.frequency_kernel_size, config.activation),
            }[config.upsampling](factor)
            for factor in config.upsampling_factors
        )

    def frames(self, features: Tensor, global_vector: Tensor | None) -> Tensor:
        """`(B, channels, frames)` to `(B, output_channels, frames)`."""
        if global_vector is not None and self.layers:
            repeated = global_vector[:, :, None].expand(-1, -1, features.shape[2])
            features = torch.cat([features, repeated], dim=1)
        for layer in self.layers:
            features = layer(features)
            if self.config.activation == "relu":
                features = functional.relu(features)
        return features

    def upsample(self, frames: Tensor) -> Tensor:
        """`(B, C, frames)` to `(B, C, frames * hop_length)`."""
        if not self.upsamplers:
            return frames.repeat_interleave(self.config.hop_length, dim=2)
        for layer, factor in zip(self.upsamplers, self.config.upsampling_factors, strict=True):
            length = frames.shape[2] * factor
            frames = layer(frames)
            if self.config.upsampling == "transposed":
                frames = frames[:, :, factor // 2 : factor // 2 + length]
        return frames


class Stretch(nn.Conv2d):
    """Repetition in time, then one filter over time and channels that smooths it."""

    def __init__(self, factor: int, frequency_kernel_size: int):
        size = (frequency_kernel_size, 2 * factor + 1)
        super().__init__(1, 1, size, padding=(frequency_kernel_size // 2, factor), bias=False)
        nn.init.constant_(self.weight, 1 / (size[0] * size[1]))
        self.factor = factor

    def forward(self, frames: Tensor) -> Tensor:
        """`(B, C, T)` to `(B, C, T * factor)`."""
        return super().forward(frames.repeat_interleave(self.factor, dim=2)[:, None])[:, 0]


class Spread(nn.ConvTranspose2d):
    """A transposed convolution as wide as its stride, with one filter for all channels."""

    def __init__(self, factor: int, frequency_kernel_size: int, activation: str):
        size = (frequency_kernel_size, factor)
        super().__init__(1, 1, size, stride=(1, factor), padding=(frequency_kernel_size // 2, 0))
        nn.init.constant_(self.weight, 1 / frequency_kernel_size)
        nn.init.zeros_(self.bias)
        self.activation = functional.relu if activation == "relu" else nn.Identity()

    def forward(self, frames: Tensor) -> Tensor:
        """`(B, C, T)` to `(B, C, T * factor)`."""
        return self.activation(super().forward(frames[:, None])[:, 0])


class Convolution(nn.Conv1d):
    """A convolution with the ranges of its inputs where these have 8 bits."""

    input_range: Tensor | None


class Block(nn.Module):
    """A gated residual block (eq. 2 and 3): dilated convolution, gate, residual and skip 1x1."""

    def __init__(self, config: WaveNetConfig, dilation: int, last: bool):
        super().__init__()
        half = config.gate_channels // 2
        self.dilated = Convolution(
            config.residual_channels, config.gate_channels, config.kernel_size, dilation=dilation
        )
        self.global_projection = (
            nn.Linear(config.global_size, config.gate_channels, bias=False)
            if config.global_size
            else None
        )
        self.local_projection = (
            nn.Conv1d(config.local.output_channels, config.gate_channels, 1, bias=False)
            if config.local
            else None
        )
        self.residual = None if last else nn.Conv1d(half, config.residual_channels, 1)
        self.skip = Convolution(half, config.skip_channels, 1)
        for layer, channels in ((self.dilated, config.residual_channels), (self.skip, half)):
            ranges = torch.ones(channels) if config.precision == "int8" else None
            layer.register_buffer("input_range", ranges)

    def forward(
        self, x: Tensor, global_vector: Tensor | None, frames: Tensor | None, batch: int
    ) -> tuple[Tensor, Tensor]:
        """`(T * B, residual)` to the next block's input and to `(T * B, skip)`.

        `global_vector` is `(B, global_size)`; `frames`, `(frames, B, C)`, last for T samples.
        """
        dtype = _product_type(x)
        condition = features = projection = None
        if global_vector is not None:
            condition = self.global_projection(global_vector)[None]
        if frames is not None:
            projection = self.local_projection.weight[:, :, 0]
            if len(frames) * batch == len(x):
                features, projection = frames.flatten(0, 1).to(dtype), projection.to(dtype)
            else:  # repetition commutes with the projection
                local = functional.linear(frames, projection)
                condition = local if condition is None else condition + local
                projection = None
        inputs, weight, ranges = x, self.dilated.weight, self.dilated.input_range
        if ranges is not None:
            inputs, weight = round_inputs(x, ranges), round_weights(weight, ranges)
        z = GatedConvolution.apply(
            inputs.to(dtype),
            weight.to(dtype),
            self.dilated.bias.to(dtype),
            None if condition is None else condition.to(dtype),
            features,
            projection,
            self.dilated.dilation[0] * batch,
        )
        ranges = self.skip.input_range
        if ranges is not None:
            z = round_inputs(z, ranges)
        skip = _pointwise(self.skip, z, ranges)
        return x if self.residual is None else x + _pointwise(self.residual, z, ranges), skip


def _pointwise(layer: nn.Conv1d, rows: Tensor, ranges: Tensor | None = None) -> Tensor:
    """A 1x1 convolution of rows `(n, C)`, in 8 bits where the ranges of its inputs are given."""
    weight = layer.weight if ranges is None else round_weights(layer.weight, ranges)
    return linear(rows, weight[:, :, 0], layer.bias)


def _product_type(x: Tensor) -> torch.dtype:
    """Type of the operands of matrix products: that of autocast where it is on."""
    if torch.is_autocast_enabled(x.device.type):
        return torch.get_autocast_dtype(x.device.type)
    return x.dtype


class WaveNet(SavedModule):
    """Stacks of dilated causal convolutions with gated activations and a skip path.

    Parameters
    ----------
    config
        The architecture. `config.receptive_field` samples of the past reach an output.

    Notes
    -----
    `forward` is teacher-forced: the outputs at time t are those of the sample after input t, in
    one pass over the whole window. Before its start the layers see zeros. With the precision
    "int8" it rounds as the engine does, and gradients pass the rounding by.
    `wavenet.models.losses.wavenet_nll` is the loss.
    """

    config_type = WaveNetConfig

    def __init__(self, config: WaveNetConfig):
        super().__init__()
        self.config = config
        channels = config.residual_channels
        inputs = {
            "one-hot": config.quantization_channels, "embedding": channels, "scalar": 1
        }[config.input]  # fmt: skip
        if config.input == "embedding":
            self.embedding = nn.Embedding(config.quantization_channels, channels)
        self.input = nn.Conv1d(inputs, channels, config.input_kernel_size)
        if config.series:  # whose samples are small within the range that they may have
            with torch.no_grad():
                self.input.weight.mul_(SAMPLE_RANGE)
        if config.speakers:
            self.speaker_embedding = nn.Embedding(len(config.speakers), config.speaker_channels)
        if config.local:
            self.condition = ConditionNetwork(config.local, config.global_size)
        last = len(config.dilations) - 1
        self.blocks = nn.ModuleList(
            Block(config, dilation, i == last) for i, dilation in enumerate(config.dilations)
        )
        self.hidden = nn.Conv1d(config.skip_channels, config.skip_channels, 1)
        self.output = nn.Conv1d(config.skip_channels, config.output_channels, 1)
        if config.output != "categorical":
            self._spread_components()
        if config.series and config.series.lags:
            shape = config.series.tensor_shapes()["lag_weights"]
            self.register_buffer("lag_weights", torch.zeros(shape))

    @property
    def receptive_field(self) -> int:
        """Number of past samples that one output depends on."""
        return self.config.receptive_field

    def forward(
        self,
        x: Tensor,
        speaker: Tensor | None = None,
        global_vector: Tensor | None = None,
        features: Tensor | None = None,
    ) -> Tensor:
        """Logits, or parameters of a continuous output, of the next sample at every time.

        Parameters
        ----------
        x
            `(B, T)`: codes (int64), or sample values (float) for scalar input.
        speaker
            `(B,)` int64 indices into `config.speakers`.
        global_vector
            `(B, global_channels)` float.
        features
            `(B, channels, frames)` float; the first `T` upsampled samples are used.

        Returns
        -------
        Tensor
            `(B, output_channels, T)`.
        """
        if self.config.local and features is None:
            raise ValueError("this model needs feature frames")
        conditioning = self._global(speaker, global_vector)
        batch, length = x.shape
        frames = self._frames(features, conditioning, length) if self.config.local else None
        h = self._input(x).permute(2, 0, 1).reshape(length * batch, -1)
        skips = None
        for block in self.blocks:
            h, skip = block(h, conditioning, frames, batch)
            skips = skip.to(h.dtype) if skips is None else skips + skip
        hidden = functional.relu(self._head(self.hidden, functional.relu(skips)))
        return self._head(self.output, hidden).view(length, batch, -1).permute(1, 2, 0)

    def to_generator(
        self, precision: str | None = None, threads: int | None = None
    ) -> WaveNetGenerator:
        """The same model on the C++ core; `precision` and `threads` as for `wavenet.load`."""
        return WaveNetGenerator(self.config, self.arrays(), precision=precision, threads=threads)

    def _spread_components(self) -> None:
        """Starts from components beside each other that are narrower than full scale."""
        count = self.config.components
        with torch.no_grad():
            self.output.bias[-count:] -= 3  # logarithms of the scales
            if count > 1:
                self.output.bias[-2 * count : -count] = torch.linspace(-0.5, 0.5, count)

    def _head(self, layer: nn.Conv1d, rows: Tensor) -> Tensor:
        """A layer of the head, whose weights a model of 8 bits keeps in bfloat16."""
        weight = layer.weight
        if self.config.precision == "int8":
            weight = round_to_bfloat16(weight)
        return functional.linear(rows, weight[:, :, 0], layer.bias)

    def _frames(self, features: Tensor, global_vector: Tensor | None, length: int) -> Tensor:
        """What conditions `length` samples: `(frames, B, C)` or, upsampled, `(length, B, C)`.

        Repetition commutes with the projection into the blocks, so whole frames stay as they are.
        """
        config = self.config.local
        lasts = features.shape[2] * config.hop_length
        if lasts < length:
            raise ValueError(f"{lasts} samples of conditioning for {length} of audio")
        frames = self.condition.frames(features, global_vector)
        if config.upsampling == "repeat" and length % config.hop_length == 0:
            return frames[:, :, : length // config.hop_length].permute(2, 0, 1)
        return self.condition.upsample(frames)[:, :, :length].permute(2, 0, 1).contiguous()

    def _global(self, speaker: Tensor | None, vector: Tensor | None) -> Tensor | None:
        parts = []
        if self.config.speakers:
            if speaker is None:
                raise ValueError("this model needs a speaker")
            parts.append(self.speaker_embedding(speaker))
        if self.config.global_channels:
            if vector is None:
                raise ValueError("this model needs a global conditioning vector")
            parts.append(vector)
        return torch.cat(parts, dim=1) if parts else None

    def _input(self, x: Tensor) -> Tensor:
        """`(B, T)` to `(B, residual, T)`; a convolution of one-hot vectors is a table look-up."""
        taps = self.config.input_kernel_size
        if self.config.input == "one-hot":
            table = self.input.weight.permute(2, 1, 0)  # (taps, codes, residual)
            rows = [
                functional.pad(functional.embedding(x, table[k]), (0, 0, taps - 1 - k, 0))
                [:, : x.shape[1]]
                for k in range(taps)
            ]  # fmt: skip
            return sum(rows, self.input.bias).transpose(1, 2)
        if self.config.input == "embedding":
            x = self.embedding(x).transpose(1, 2)
        else:
            x = x[:, None, :]
        return self.input(functional.pad(x, (taps - 1, 0)))

"""Local conditioning: how a track of feature frames conditions a WaveNet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from wavenet.base.validation import check_field, choice, integer, require


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
        check_field(self, "channels", integer, 1, 65536)
        check_field(self, "hop_length", integer, 1, 65536)
        check_field(self, "layers", integer, 0, 16)
        check_field(self, "hidden_channels", integer, 1, 4096)
        check_field(self, "kernel_size", integer, 1, 63)
        choice("activation", self.activation, ("relu", "none"))
        choice("padding", self.padding, ("zeros", "edge"))
        kinds = ("repeat", "transposed", "stretch", "spread")
        choice("upsampling", self.upsampling, kinds)
        check_field(self, "frequency_kernel_size", integer, 1, 63)
        for name in ("kernel_size", "frequency_kernel_size"):
            require(getattr(self, name) % 2 == 1, f"{name} must be odd, got {getattr(self, name)}")
        require(
            self.frequency_kernel_size == 1 or self.upsampling in ("stretch", "spread"),
            "frequency_kernel_size needs upsampling 'stretch' or 'spread'",
        )
        if self.upsampling != "repeat":
            least = 2 if self.upsampling == "stretch" else 1
            for factor in self.upsampling_factors:
                integer("upsampling_factors", factor, least, 1024)
            require(
                math.prod(self.upsampling_factors) == self.hop_length,
                f"the product of upsampling_factors {self.upsampling_factors} must be the "
                f"hop_length {self.hop_length}",
            )
        else:
            require(
                not self.upsampling_factors,
                f"upsampling_factors need upsampling {', '.join(kinds[1:])}",
            )

    @property
    def looks_ahead(self) -> bool:
        """Whether samples depend on frames after their own."""
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
            shapes |= convolution_shapes(name, self.hidden_channels, inputs, self.kernel_size)
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


def convolution_shapes(
    name: str, outputs: int, inputs: int, taps: int
) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs, taps), f"{name}.bias": (outputs,)}

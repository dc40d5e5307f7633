"""What rounding to fewer bits does to weights and activations, with gradients that pass it by.

As the engine computes (see `wavenet.io.reduced_precision`): training on it makes up for the
rounding (straight-through estimator, arXiv 1308.3432; quantization-aware training, arXiv
1712.05877).
"""

from __future__ import annotations

import torch
from torch import Tensor

_LEAST_RANGE = 1e-6  # as the core has it


def round_inputs(rows: Tensor, ranges: Tensor) -> Tensor:
    """Inputs of a layer `(n, C)` in 8 bits, in 127 steps up to the range `(C,)` of each channel.

    Values beyond -128 and 127 steps are cut off, and get no gradient.
    """
    scales = 127 / ranges.clamp(min=_LEAST_RANGE)
    steps = (rows * scales).clamp(-128, 127)
    return _passing(steps, steps.round()) / scales


def round_weights(weights: Tensor, ranges: Tensor) -> Tensor:
    """Weights `(outputs, inputs, taps)` in 8 bits, with a scale for each output and tap."""
    inputs = ranges.clamp(min=_LEAST_RANGE)[:, None]
    scaled = weights * inputs
    largest = scaled.detach().abs().amax(dim=1, keepdim=True)
    steps = torch.where(largest > 0, largest / 127, 1.0)
    return _passing(weights, (scaled / steps).round() * steps / inputs)


def round_to_bfloat16(weights: Tensor) -> Tensor:
    """The nearest bfloat16."""
    return _passing(weights, weights.bfloat16().to(weights.dtype))


def _passing(exact: Tensor, rounded: Tensor) -> Tensor:
    """The value of `rounded`, the gradient of `exact`."""
    return exact + (rounded - exact).detach()

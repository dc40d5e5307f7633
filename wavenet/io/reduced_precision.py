"""Weights in fewer bits than float32, as they lie in the model file.

bfloat16 is BF16 in the file; arrays of it are 16-bit unsigned integers here, the upper halves of
float32, since NumPy does not have it. A weight of 8 bits `q` (outputs, inputs, taps) has beside it
a tensor `NAME.scale` (outputs, taps), and the ranges of its inputs: the weight is q * scale /
range, so that the product of weights and inputs in units of their ranges is one of integers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def to_bfloat16(weights: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The nearest bfloat16, ties to even; ValueError where a weight is beyond all of them."""
    bits = np.ascontiguousarray(weights, np.float32).view(np.uint32)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    if (rounded & 0x7F80 == 0x7F80).any():
        raise ValueError(f"a weight of {np.abs(weights).max():g} is beyond bfloat16: use float32")
    return rounded


def from_bfloat16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The float32 of the same value."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def to_int8(
    weights: NDArray[np.float32], ranges: NDArray[np.float32]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """8-bit weights (outputs, inputs, taps) and their scales (outputs, taps)."""
    with np.errstate(over="ignore"):
        scaled = weights * _inputs(ranges)
    if not np.isfinite(scaled).all():
        raise ValueError("weights and ranges of inputs are beyond 8 bits: use float32")
    scales = np.abs(scaled).max(axis=1) / np.float32(127)
    steps = np.where(scales > 0, scales, 1)[:, None]
    return np.round(scaled / steps).astype(np.int8), scales.astype(np.float32)


def from_int8(
    weights: NDArray[np.float32], scales: NDArray[np.float32], ranges: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The weights that `to_int8` rounded."""
    return (weights * scales[:, None] / _inputs(ranges)).astype(np.float32)


def _inputs(ranges: NDArray[np.float32]) -> NDArray[np.float32]:
    """Ranges of the inputs; that of an input that is always near 0 as the core takes it."""
    return np.maximum(ranges, np.float32(1e-6))[None, :, None]

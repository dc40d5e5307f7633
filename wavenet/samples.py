"""What a model knows of a sample: its code, in the quantization that its output asks for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet.codec import mulaw_decode, mulaw_encode
from wavenet.config import PCM_LEVELS, WaveNetConfig

_HALF = PCM_LEVELS // 2


def encode_samples(y: ArrayLike, config: WaveNetConfig) -> NDArray[np.uint16]:
    """Codes of a signal: mu-law codes, or for continuous outputs those of 16-bit audio.

    Parameters
    ----------
    y
        As for `wavenet.mulaw_encode`. The code of 16-bit audio is y * 32768 + 32768, rounded and
        clipped.
    config
        The model.

    Raises
    ------
    ValueError
        NaN.
    """
    if config.output == "categorical":
        codes = mulaw_encode(y, config.quantization_channels, config.mulaw_convention)
        return codes.astype(np.uint16)
    y = np.asarray(y)
    if y.dtype == np.int16:
        return (y.astype(np.int32) + _HALF).astype(np.uint16)
    if y.dtype.kind not in "fiub":
        raise ValueError(f"samples must be real numbers, got dtype {y.dtype}")
    if np.isnan(y).any():
        raise ValueError(f"sample {int(np.argmax(np.isnan(y)))} is NaN")
    steps = np.rint(y.astype(np.float64) * _HALF)
    return (np.clip(steps, -_HALF, _HALF - 1) + _HALF).astype(np.uint16)


def decode_samples(codes: ArrayLike, config: WaveNetConfig) -> NDArray[np.float32]:
    """Sample values in [-1, 1] of codes."""
    if config.output == "categorical":
        return mulaw_decode(codes, config.quantization_channels, config.mulaw_convention)
    return (np.asarray(codes, np.float32) - np.float32(_HALF)) / np.float32(_HALF)


def silence_code(config: WaveNetConfig) -> int:
    """Code of 0.0, the input before the first sample."""
    return int(encode_samples(np.zeros(1), config)[0])

"""What a model knows of a sample: its code, in the quantization that its output asks for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet.base.sound import scaled
from wavenet.config import WaveNetConfig
from wavenet.config.wavenet import PCM_LEVELS
from wavenet.dsp.mulaw import mulaw_encode, values_of_codes

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
        NaN or infinity, or a type that is not sound.
    """
    if config.output == "categorical":
        codes = mulaw_encode(y, config.quantization_channels, config.mulaw_convention)
        return codes.astype(np.uint16)
    steps = np.rint(scaled(y) * _HALF)
    return (np.clip(steps, -_HALF, _HALF - 1) + _HALF).astype(np.uint16)


def decode_samples(codes: ArrayLike, config: WaveNetConfig) -> NDArray[np.float32]:
    """Sample values in [-1, 1] of codes; in 16-bit files they keep these (`values_of_codes`)."""
    if config.output == "categorical":
        values = values_of_codes(config.quantization_channels, config.mulaw_convention)
        return values[np.asarray(codes)]
    return (np.asarray(codes, np.float32) - np.float32(_HALF)) / np.float32(_HALF)


def silence_code(config: WaveNetConfig) -> int:
    """Code of 0.0, the input before the first sample."""
    return int(encode_samples(np.zeros(1), config)[0])

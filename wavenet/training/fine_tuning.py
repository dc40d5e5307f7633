"""Where training starts from a model that is there already, be it to quantize it."""

from __future__ import annotations

import dataclasses
import os

import numpy as np

from wavenet.compression.quantization import activation_ranges, read_recordings
from wavenet.config import WaveNetConfig
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.hub import find_model
from wavenet.io.manifest import Clip
from wavenet.io.model_file import load_model

_CALIBRATION_CLIPS = 100


def initial_model(
    path: str | os.PathLike, clips: list[Clip], quantize: str | None = None
) -> tuple[WaveNetConfig, dict[str, np.ndarray]]:
    """Configuration and weights of the model that a run starts from.

    Parameters
    ----------
    path
        Model folder, file or shipped name.
    clips
        Those to train on.
    quantize
        "int8": the model with weights and activations of 8 bits. The ranges of the activations are
        those of a model file in 8 bits, or else measured on up to 100 of the clips to train on;
        training keeps them.

    Raises
    ------
    ValueError
        The model is no WaveNet of recordings, or `quantize` is something else.
    """
    if quantize not in (None, "int8"):
        raise ValueError(f"quantize must be int8, got {quantize!r}")
    config, tensors = load_model(find_model(path))
    if not isinstance(config, WaveNetConfig) or config.series:
        raise ValueError(f"{path} is no WaveNet of recordings; only these are fine-tuned")
    if quantize is None or config.precision == "int8":
        return config, tensors
    if not clips:
        raise ValueError("the data leave no clip to train on: all are held out")
    used = clips[:: -(-len(clips) // _CALIBRATION_CLIPS)]
    generator = WaveNetGenerator(config, tensors)
    tensors |= activation_ranges(generator, read_recordings(generator, used))
    return dataclasses.replace(config, precision="int8"), tensors

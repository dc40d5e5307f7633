"""Models in fewer bits: calibration, bfloat16 or 8-bit weights, their cost in bits per sample."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wavenet.base.validation import choice
from wavenet.config import RecurrentConfig, WaveNetConfig
from wavenet.config.precision import PRECISIONS
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.atomic import check_writable
from wavenet.io.audio import read_audio
from wavenet.io.hub import find_model
from wavenet.io.manifest import Clip, clips_by_file
from wavenet.io.model_file import load_model, save_model

_OBSERVED_PER_CALL = 4096  # a call into the core is short, so that Ctrl-C is prompt


@dataclass(frozen=True)
class Recording:
    """Sound with its conditioning.

    Attributes
    ----------
    y : (n_samples,)
    conditioning
        Arguments of `WaveNetGenerator.score`: speaker, condition, global_vector.
    """

    y: NDArray[np.float32]
    conditioning: dict[str, Any]


def quantize(
    model: str | os.PathLike,
    directory: str | os.PathLike,
    precision: str,
    recordings: Iterable[Recording] = (),
) -> None:
    """Writes a model with weights in fewer bits, or with the ranges that 8 bits need, or both.

    With "int8" the blocks have weights and inputs of 8 bits: weights with a scale for each output
    channel, inputs with one for each input channel, from the largest magnitude that it takes on
    the recordings. The head keeps bfloat16 weights. A recurrent model needs no recordings; its
    file keeps float32 weights for "int8". With recordings these ranges are in the new
    file whatever its precision, so that `wavenet.load(directory, "int8")` works.

    Parameters
    ----------
    model
        Model folder, file or shipped name, in float32 or bfloat16.
    directory
        Folder of the new model.
    precision
        Precision of the new file: "float32", "bf16" or "int8".
    recordings
        What the model is for; needed for "int8" where the model has no ranges yet.

    Raises
    ------
    ValueError
        The model does not generate samples, or is in 8 bits already; or "int8" lacks
        recordings.
    """
    config, tensors = load_model(find_model(model))
    if not isinstance(config, WaveNetConfig | RecurrentConfig):
        raise ValueError(f"{model} holds a {config.kind} model, which is not quantized")
    if config.precision == "int8":
        raise ValueError(f"{model} is already in int8; quantize the model that it was made of")
    chosen = choice("precision", precision, PRECISIONS)
    config = dataclasses.replace(config, precision=chosen)
    check_writable(Path(directory) / "model.safetensors", parents=True)
    if isinstance(config, RecurrentConfig):
        save_model(directory, config, tensors)
        return
    tensors |= activation_ranges(WaveNetGenerator(config, tensors, precision="float32"), recordings)
    if precision == "int8" and not tensors.keys() >= config.range_shapes().keys():
        raise ValueError("8-bit weights need recordings to calibrate on")
    save_model(directory, config, tensors)


def activation_ranges(
    generator: WaveNetGenerator, recordings: Iterable[Recording]
) -> dict[str, NDArray[np.float32]]:
    """The largest magnitude of each input channel of the blocks' layers, as named tensors.

    Empty without recordings.
    """
    ranges: dict[str, NDArray[np.float32]] = {}
    for recording in recordings:
        streams = generator.streams(**recording.conditioning)
        streams.core.observe()
        for start in range(0, len(recording.y), _OBSERVED_PER_CALL):
            streams.prime(recording.y[start : start + _OBSERVED_PER_CALL])
        observed = streams.core.observed()
        for kind, layer in (("residual", "dilated"), ("gated", "skip")):
            for i, values in enumerate(observed[kind]):
                name = f"blocks.{i}.{layer}.input_range"
                found = np.asarray(values, np.float32)
                ranges[name] = np.maximum(ranges.get(name, np.float32(0)), found)
    return ranges


def bits_per_sample(generator: WaveNetGenerator, recordings: Iterable[Recording]) -> float:
    """Mean over all samples of the recordings."""
    bits = samples = 0.0
    for recording in recordings:
        score = generator.score(recording.y, **recording.conditioning)
        bits += score.bits_per_sample * len(recording.y)
        samples += len(recording.y)
    if not samples:
        raise ValueError("there is no recording to measure on")
    return bits / samples


def read_recordings(generator: WaveNetGenerator, clips: list[Clip]) -> Iterator[Recording]:
    """The clips of a folder or manifest with the conditioning that the model was trained on.

    They come file by file, each of which is read once.
    """
    rate = generator.sample_rate
    for path, places in clips_by_file(clips).items():
        whole = read_audio(path, rate)[0]
        for clip in (clips[i] for i in places):
            end = None if clip.end is None else round(clip.end * rate)
            y = whole[round(clip.start * rate) : end]
            conditioning: dict[str, Any] = {"speaker": clip.speaker or None}
            if generator.config.features is not None:
                conditioning["condition"] = generator.condition_of(y, clip.spans(len(y) / rate))
            yield Recording(y, conditioning)

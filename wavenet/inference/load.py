"""`wavenet.load`: from a model file to what generates."""

from __future__ import annotations

import os

from wavenet.config import RecurrentConfig, WaveNetConfig
from wavenet.inference.recurrent import RecurrentGenerator
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.hub import find_model
from wavenet.io.model_file import load_model


def load(
    path: str | os.PathLike, precision: str | None = None, threads: int | None = None
) -> WaveNetGenerator | RecurrentGenerator:
    """Loads a model for generation and scoring; needs no torch.

    `WaveNetGenerator.load` and `RecurrentGenerator.load` take models of one kind alone, so that
    type checkers know which methods there are.

    Parameters
    ----------
    path
        A model folder, a `.safetensors` file, the name of a shipped model
        (`wavenet.shipped_models()`), or "owner/name" of one on the Hugging Face Hub.
    precision
        Of the weights: "float32" (exact), "bf16" or "int8" (a WaveNet needs the ranges that
        `wavenet quantize --calibrate` puts into its file, as the shipped ones have them); by
        default that of the model file.
    threads
        Threads for a batch of streams; by default the environment variable WAVENET_THREADS, else
        the number of processors.

    Raises
    ------
    FileNotFoundError
        There is no such model.
    ValueError
        The model file is damaged or not of this format, or an argument is out of range.
    """
    config, tensors = load_model(find_model(path))
    if isinstance(config, RecurrentConfig):
        return RecurrentGenerator(config, tensors, precision, threads)
    if config.kind == "voice-converter":
        raise ValueError(
            f"{path} is a voice converter: load it with wavenet.VoiceConverter.load, or use it by "
            "the command `wavenet voice-convert apply`"
        )
    if not isinstance(config, WaveNetConfig):
        raise ValueError(f"{path} holds a {config.kind} model, which does not generate samples")
    return WaveNetGenerator(config, tensors, precision, threads)

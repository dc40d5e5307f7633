"""Recordings as the data of a recurrent model: their mu-law codes, without conditioning."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from wavenet.config import WaveNetConfig, serialization
from wavenet.config.recurrent import MulawSymbols, RecurrentConfig
from wavenet.io.manifest import read_clips
from wavenet.training.config import TrainingConfig
from wavenet.training.progress import say
from wavenet.training.recurrent_task import RecurrentTask, Track, count_samples
from wavenet.training.settings import RECORDINGS_OPTIONS
from wavenet.training.wavenet_task import held_out_clips, load_clips


def recordings_config(model: dict[str, Any]) -> RecurrentConfig:
    """A recurrent model of mu-law codes; see `RECORDINGS_OPTIONS`."""
    options = RECORDINGS_OPTIONS | {k: v for k, v in model.items() if k in RECORDINGS_OPTIONS}
    symbols = MulawSymbols(
        options["sample_rate"], options["quantization_channels"], options["mulaw_convention"]
    )
    rest = {name: value for name, value in model.items() if name not in RECORDINGS_OPTIONS}
    return serialization.from_dict({**rest, "kind": "recurrent", "audio": vars(symbols)})


def recordings_task(
    config: RecurrentConfig, settings: TrainingConfig, path: Path, cache: Path, console: Console
) -> RecurrentTask:
    """Learns the clips of a folder or a manifest, whatever is said in them."""
    codes = WaveNetConfig(
        sample_rate=config.audio.sample_rate, quantization_channels=config.audio.channels,
        mulaw_convention=config.audio.convention,
    )  # fmt: skip
    clips = read_clips(path, partial(say, console))
    clips = [dataclasses.replace(clip, speaker="") for clip in clips]
    held_out = held_out_clips(clips, settings)
    tracks = [Track(item.codes) for item in load_clips(clips, codes, cache, console)]
    training = [track for track, held in zip(tracks, held_out, strict=True) if not held]
    validation = [track for track, held in zip(tracks, held_out, strict=True) if held]
    if not training:
        raise ValueError("the data leave no clip to train on; lower `validation` or add clips")
    data = count_samples(training, validation)
    return RecurrentTask(config, settings, training, validation, data)

"""One call from data to a trained model."""

from __future__ import annotations

import dataclasses
import difflib
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from torch import distributed

from wavenet import config as configuration
from wavenet.config import WaveNetConfig
from wavenet.training.checkpoint import read_configs
from wavenet.training.config import TrainingConfig
from wavenet.training.corpus import Item, build_corpus, complete_config
from wavenet.training.manifest import Clip, read_clips
from wavenet.training.progress import Reporter
from wavenet.training.trainer import Trainer


def train(
    data: str | os.PathLike,
    output: str | os.PathLike,
    model: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    resume: bool = False,
) -> bool:
    """Trains a WaveNet; the output folder is a model that `wavenet.load` reads.

    Parameters
    ----------
    data
        Folder of audio, or manifest (see `wavenet.training.manifest.read_clips`).
    output
        Folder for the model, the checkpoint, the log and the cache of decoded audio.
    model, training
        Settings that differ from the defaults of `WaveNetConfig` and `TrainingConfig`. Speakers,
        symbols and their durations come from the data.
    resume
        Go on from the checkpoint in `output`; `training` may change the settings of the run.

    Returns
    -------
    bool
        False if a signal stopped the run before its last step. It can be resumed.

    Raises
    ------
    ValueError
        Unusable data or settings; the sentence names the file or the setting.
    """
    output = Path(output)
    _start_processes()
    first = not distributed.is_initialized() or distributed.get_rank() == 0
    console = Console(stderr=True, quiet=not first)
    config, settings = _configs(output, model or {}, training or {}, resume)
    clips = read_clips(Path(data))
    config = complete_config(config, clips)
    output.mkdir(parents=True, exist_ok=True)
    held_out = _held_out(clips, settings)
    items = _load(clips, config, output / "cache", console)
    validation = [item for item, held in zip(items, held_out, strict=True) if held]
    training_items = [item for item, held in zip(items, held_out, strict=True) if not held]
    if not training_items:
        raise ValueError("the data leave no clip to train on; lower `validation` or add clips")

    trainer = Trainer(config, settings, training_items, validation, output)
    if resume:
        trainer.resume()
    console.print(_description(trainer, len(training_items), len(validation)), highlight=False)
    samples = trainer.sampler.length * settings.batch_size
    reporter = Reporter(output, trainer.step, settings.steps, samples, enabled=first)
    try:
        return trainer.run(reporter)
    finally:
        reporter.close()
        if distributed.is_initialized():
            distributed.destroy_process_group()


def setting(name: str, text: str) -> tuple[str, Any]:
    """A setting given as text: "model" or "training", and the value in its type.

    Raises
    ------
    ValueError
        There is no such setting, or the text is not a value of its type.
    """
    for group, cls in (("model", WaveNetConfig), ("training", TrainingConfig)):
        for field in dataclasses.fields(cls):
            if field.name == name:
                return group, _value(name, text, field.default)
    names = [f.name for cls in (WaveNetConfig, TrainingConfig) for f in dataclasses.fields(cls)]
    near = difflib.get_close_matches(name, names, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"there is no setting {name!r}{hint}")


def _value(name: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(default, tuple):
            parts = [part for part in text.split(",") if part]
            return parts if name == "speakers" else [int(part) for part in parts]
        return type(default)(text)
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{name} cannot be {text!r}; the default is {default!r}") from None


def _configs(
    output: Path, model: dict[str, Any], training: dict[str, Any], resume: bool
) -> tuple[WaveNetConfig, TrainingConfig]:
    if not resume:
        config = configuration.from_dict({"kind": "wavenet", **model})
        return config, configuration.build(TrainingConfig, training, "training")
    config, settings = read_configs(output)
    if model:
        raise ValueError(
            f"{next(iter(model))} cannot change when a run is resumed; only training settings can"
        )
    settings = configuration.build(
        TrainingConfig, {**dataclasses.asdict(settings), **training}, "training"
    )
    return config, settings


def _held_out(clips: list[Clip], settings: TrainingConfig) -> np.ndarray:
    """Which clips are for validation: as the data say, else a random fraction of the files."""
    if any(clip.split for clip in clips):
        return np.array([clip.split == "validation" for clip in clips])
    names = sorted({(str(clip.path), clip.start) for clip in clips})
    count = round(settings.validation * len(names))
    if len(names) > 1 and settings.validation > 0:
        count = max(1, count)
    order = np.random.default_rng(settings.seed).permutation(len(names))
    chosen = {names[i] for i in order[:count]}
    return np.array([(str(clip.path), clip.start) in chosen for clip in clips])


def _load(clips: list[Clip], config: WaveNetConfig, cache: Path, console: Console) -> list[Item]:
    """All clips, decoded and cached; prints what was found."""
    steps = track(range(len(clips)), "reading audio", console=console, transient=True)
    items, summary = build_corpus(clips, config, cache, progress=iter(steps).__next__)
    console.print(str(summary), highlight=False)
    return items


def _description(trainer: Trainer, clips: int, held_out: int) -> str:
    parameters = sum(p.numel() for p in trainer.model.parameters())
    field = trainer.model.receptive_field
    milliseconds = 1000 * field / trainer.model.config.sample_rate
    joined = trainer.sampler.short_clips
    return (
        f"{parameters:,} parameters, receptive field {field} samples ({milliseconds:.0f} ms), on "
        f"{trainer.device}; {clips} clips to train on ({joined} shorter than a sequence: joined), "
        f"{held_out} for validation"
    )


def _start_processes() -> None:
    """Joins the process group that torchrun describes in the environment, if there is one."""
    if "WORLD_SIZE" in os.environ and not distributed.is_initialized():
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))

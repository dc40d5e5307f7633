"""One call from data to a trained model."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import distributed

from wavenet.config import serialization
from wavenet.io.atomic import check_writable
from wavenet.training.checkpoint import read_configs, refuse_changes, refuse_to_overwrite
from wavenet.training.config import TrainingConfig
from wavenet.training.data import kind_of
from wavenet.training.data.kind import Config, TrainingData
from wavenet.training.progress import Reporter, baselines_in_words, say, settings_in_words
from wavenet.training.trainer import Trainer


def train(
    data: str | os.PathLike,
    output: str | os.PathLike,
    model: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    resume: bool = False,
    init: str | os.PathLike | None = None,
    quantize: str | None = None,
    preset: str | None = None,
) -> bool:
    """Trains a model; the output folder is one that `wavenet.load` reads.

    Parameters
    ----------
    data
        A folder of audio or a manifest (see `wavenet.io.manifest.read_clips`), a text file, or a
        CSV file with a time series.
    output
        Folder for the model, the checkpoint, the log and the cache of decoded audio.
    model, training
        Settings that differ from the defaults of `WaveNetConfig` or `RecurrentConfig`, and of
        `TrainingConfig`. `model["kind"]` is "wavenet" (the default for audio) or "recurrent" (for
        the rest; a text is always learnt by such a model); a series may also be learnt by an
        "echo-state" network, by ridge regression and without steps. Speakers, symbols and their
        durations come from the data, and so does the vocabulary of a text, of which
        `model["level"]` is "char" or "word". Of a series `model["target"]` and
        `model["covariates"]` name columns, `model["horizon"]` and `model["context"]` are numbers
        of rows.
    resume
        Go on from the checkpoint in `output`; `training` may change the settings of the run,
        `model` may only repeat them.
    init, quantize
        Start from this WaveNet of recordings, and keep its architecture; with "int8" learn to make
        up for weights and activations of 8 bits, see `wavenet.training.fine_tuning`.
    preset
        "small", "medium" or "large": settings that a CPU trains, where `model` and `training` say
        nothing; see `wavenet.training.presets`.

    Returns
    -------
    bool
        False if a signal stopped the run before its last step. It can be resumed.

    Raises
    ------
    ValueError
        Unusable data or settings; the sentence names the file or the setting. Without `resume`, an
        output folder that has a model.
    """
    data, output, model, training = Path(data), Path(output), model or {}, training or {}
    kind = kind_of(data)
    if preset is not None:
        chosen = kind.preset(preset, model.get("kind"))
        model, training = chosen["model"] | model, chosen["training"] | training
    if not resume:
        refuse_to_overwrite(output)
    check_writable(output / "model.safetensors", parents=True)
    _start_processes()
    first = not distributed.is_initialized() or distributed.get_rank() == 0
    console = Console(stderr=True, quiet=not first)
    source = kind(data, output / "cache", console)
    if not resume and init is None and (fitted := source.fit(model, training, output)):
        say(console, f"{output}: {fitted}")
        return True
    config, settings = _start(source, output, model, training, resume, init, quantize)
    task = source.task(config, settings)
    output.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(task, settings, output)
    if resume:
        trainer.resume()
    for line in (
        settings_in_words("model", task.config),
        settings_in_words("training", settings),
        f"{task.describe(trainer.model)}; on {trainer.device}",
        baselines_in_words(task.baselines),
    ):
        say(console, line)
    samples = task.sampler.length * settings.batch_size
    reporter = Reporter(output, trainer.step, settings, samples, console)
    try:
        return trainer.run(reporter)
    finally:
        reporter.close()
        if distributed.is_initialized():
            distributed.destroy_process_group()


def _start(
    source: TrainingData,
    output: Path,
    model: dict[str, Any],
    training: dict[str, Any],
    resume: bool,
    init: str | os.PathLike | None,
    quantize: str | None,
) -> tuple[Config, TrainingConfig]:
    """The model and the run: new ones, those of a checkpoint, or a trained model and a new run."""
    if quantize is not None and init is None:
        raise ValueError("quantize needs init, the trained model that is to be quantized")
    if resume:
        if init is not None:
            raise ValueError(f"a resumed run starts from its checkpoint, not from init {init}")
        config, settings = read_configs(output)
        refuse_changes(model, source.settings_of(config))
        changed = dataclasses.asdict(settings) | training
        return config, serialization.build(TrainingConfig, changed, "training")
    settings = source.settings(training)
    if init is None:
        return source.configure(model, settings), settings
    if model:
        raise ValueError(f"{next(iter(model))} cannot be set: it is that of the model {init}")
    return source.start_from(init, settings, quantize), settings


def _start_processes() -> None:
    """Joins the process group that torchrun describes in the environment, if there is one."""
    if "WORLD_SIZE" in os.environ and not distributed.is_initialized():
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))

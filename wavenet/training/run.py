"""One call from data to a trained model."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from torch import distributed

from wavenet.config import WaveNetConfig, serialization
from wavenet.config.recurrent import RecurrentConfig
from wavenet.io.atomic import check_writable
from wavenet.training.checkpoint import FILE_NAME, read_configs
from wavenet.training.config import TrainingConfig
from wavenet.training.fine_tuning import initial_model
from wavenet.training.progress import Reporter, baselines_in_words, say, settings_in_words
from wavenet.training.recordings import recordings_config, recordings_task
from wavenet.training.series import fit_echo_state, series_config, series_task
from wavenet.training.settings import DEFAULTS, checked_kind, data_kind, preset_settings
from wavenet.training.task import Task
from wavenet.training.text import text_symbols, text_task
from wavenet.training.trainer import Trainer
from wavenet.training.wavenet_task import WaveNetTask


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
        nothing; see `wavenet.training.settings.PRESETS`.

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
    if preset is not None:
        settled = preset_settings(preset, data, model.get("kind"))
        model, training = settled["model"] | model, settled["training"] | training
    if not resume:
        _refuse_to_overwrite(output)
    check_writable(output / "model.safetensors", parents=True)
    _start_processes()
    first = not distributed.is_initialized() or distributed.get_rank() == 0
    console = Console(stderr=True, quiet=not first)
    if model.get("kind") == "echo-state" and data_kind(data) == "series" and not (resume or init):
        settings = serialization.build(TrainingConfig, DEFAULTS["series"] | training, "training")
        network = fit_echo_state(data, model, settings)
        network.save(output)
        say(console, f"{output}: an echo state network of {network.units} units")
        return True
    config, settings, weights = _start(data, output, model, training, resume, init, quantize)
    cache = output / "cache"
    if config.series:
        task: Task = series_task(config, settings, data)
    elif isinstance(config, WaveNetConfig):
        task = WaveNetTask(config, settings, data, cache, console, weights)
    elif config.text:
        task = text_task(config, settings, data)
    else:
        task = recordings_task(config, settings, data, cache, console)
    output.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(task, settings, output)
    if resume:
        trainer.resume()
    for line in (
        settings_in_words("model", task.config),
        settings_in_words("training", settings),
        f"{task.describe(trainer.model)}; on {trainer.device}",
        baselines_in_words(task.baselines()),
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
    data: Path,
    output: Path,
    model: dict[str, Any],
    training: dict[str, Any],
    resume: bool,
    init: str | os.PathLike | None,
    quantize: str | None,
) -> tuple[WaveNetConfig | RecurrentConfig, TrainingConfig, dict[str, np.ndarray] | None]:
    """The model, the run, and the weights to start from (None: random ones, or a checkpoint's)."""
    if init is None:
        if quantize is not None:
            raise ValueError("quantize needs init, the trained model that is to be quantized")
        return *_configs(data, output, model, training, resume), None
    if resume:
        raise ValueError(f"a resumed run goes on from its checkpoint, not from init {init}")
    if data_kind(data) != "audio":
        raise ValueError(f"{data} is {data_kind(data)}; init is for recordings")
    if model:
        raise ValueError(f"{next(iter(model))} cannot be set: it is that of the model {init}")
    settings = serialization.build(TrainingConfig, training, "training")
    config, weights = initial_model(init, data, settings, quantize)
    return config, settings, weights


def _refuse_to_overwrite(output: Path) -> None:
    for name in (FILE_NAME, "model.safetensors"):
        if (output / name).exists():
            raise ValueError(
                f"{output / name} is there already: go on from it with --resume (resume=True), or "
                "name another folder"
            )


def _configs(
    data: Path, output: Path, model: dict[str, Any], training: dict[str, Any], resume: bool
) -> tuple[WaveNetConfig | RecurrentConfig, TrainingConfig]:
    if not resume:
        source = data_kind(data)
        kind = checked_kind(model.get("kind"), source)
        settings = serialization.build(TrainingConfig, DEFAULTS[source] | training, "training")
        if source == "text":
            return _text_config(data, model), settings
        if source == "series":
            return series_config(data, model, settings), settings
        if kind == "recurrent":
            return recordings_config(model), settings
        return serialization.from_dict({**model, "kind": "wavenet"}), settings
    config, settings = read_configs(output)
    _refuse_changes(model, config)
    settings = serialization.build(
        TrainingConfig, {**dataclasses.asdict(settings), **training}, "training"
    )
    return config, settings


def _refuse_changes(model: dict[str, Any], config: WaveNetConfig | RecurrentConfig) -> None:
    """A resumed run has the model of its checkpoint; its settings may only be repeated."""
    kept = serialization.to_dict(config)
    for group in ("text", "audio", "series"):  # what was taken from the data, as settings call it
        kept |= kept.get(group) or {}
    if config.series:
        names = {"target": config.series.targets, "covariates": config.series.covariates}
        kept |= {option: ",".join(columns) for option, columns in names.items()}
    if kept.get("audio"):
        kept |= {
            "quantization_channels": kept["channels"], "mulaw_convention": kept["convention"]
        }  # fmt: skip
    for name, value in model.items():
        if not _repeats(value, kept.get(name)) and (name, value) != ("context", 0):
            raise ValueError(
                f"{name} is {kept.get(name)} in the checkpoint and cannot become {value} when the "
                "run is resumed; only training settings can change"
            )


def _repeats(value: Any, kept: Any) -> bool:
    """Whether a setting says what was kept, which may say more."""
    if isinstance(value, dict) and isinstance(kept, dict):
        return all(_repeats(item, kept.get(name)) for name, item in value.items())
    if isinstance(value, list | tuple):
        return isinstance(kept, list | tuple) and list(value) == list(kept)
    return bool(value == kept)


def _text_config(data: Path, model: dict[str, Any]) -> RecurrentConfig:
    """A model of the symbols of a text file."""
    settings = {name: value for name, value in model.items() if name != "level"}
    symbols = text_symbols(data, model.get("level", "char"))
    settings["text"] = dataclasses.asdict(symbols)
    return serialization.from_dict({**settings, "kind": "recurrent"})


def _start_processes() -> None:
    """Joins the process group that torchrun describes in the environment, if there is one."""
    if "WORLD_SIZE" in os.environ and not distributed.is_initialized():
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))

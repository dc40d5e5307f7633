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
from torch import distributed

from wavenet import config as configuration
from wavenet.config import WaveNetConfig
from wavenet.formats.rows import csv_rows
from wavenet.recurrent.config import RecurrentConfig
from wavenet.training.checkpoint import FILE_NAME, read_configs
from wavenet.training.config import TrainingConfig
from wavenet.training.fine_tuning import initial_model
from wavenet.training.progress import Reporter
from wavenet.training.recordings import RECORDINGS_OPTIONS, recordings_config, recordings_task
from wavenet.training.series import (
    ECHO_STATE_OPTIONS,
    SERIES_OPTIONS,
    SERIES_SETTINGS,
    fit_echo_state,
    series_config,
    series_task,
)
from wavenet.training.task import Task
from wavenet.training.text import TEXT_SETTINGS, TEXT_SUFFIXES, text_symbols, text_task
from wavenet.training.trainer import Trainer
from wavenet.training.wavenet_task import WaveNetTask

# What learns each kind of data, the default first.
_KINDS = {
    "audio": ("wavenet", "recurrent"),
    "text": ("recurrent",),
    "series": ("recurrent", "wavenet", "echo-state"),
}
# Settings of a model that say what to take from the data.
_OPTIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("text", "recurrent"): {"level": "char"},
    ("series", "recurrent"): SERIES_OPTIONS,
    ("series", "wavenet"): SERIES_OPTIONS,
    ("series", "echo-state"): SERIES_OPTIONS | ECHO_STATE_OPTIONS,
    ("audio", "recurrent"): RECORDINGS_OPTIONS,
}


def train(
    data: str | os.PathLike,
    output: str | os.PathLike,
    model: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    resume: bool = False,
    init: str | os.PathLike | None = None,
    quantize: str | None = None,
) -> bool:
    """Trains a model; the output folder is one that `wavenet.load` reads.

    Parameters
    ----------
    data
        A folder of audio or a manifest (see `wavenet.manifest.read_clips`), a text file, or a CSV
        file with a time series.
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
        Go on from the checkpoint in `output`; `training` may change the settings of the run.
    init, quantize
        Start from this WaveNet of recordings, and keep its architecture; with "int8" learn to make
        up for weights and activations of 8 bits, see `wavenet.training.fine_tuning`.

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
    if not resume:
        _refuse_to_overwrite(output)
    _start_processes()
    first = not distributed.is_initialized() or distributed.get_rank() == 0
    console = Console(stderr=True, quiet=not first)
    if model.get("kind") == "echo-state" and data_kind(data) == "series" and not (resume or init):
        settings = configuration.build(TrainingConfig, SERIES_SETTINGS | training, "training")
        fit_echo_state(data, model, settings).save(output)
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
    console.print(f"{task.describe(trainer.model)}; on {trainer.device}", highlight=False)
    samples = task.sampler.length * settings.batch_size
    reporter = Reporter(output, trainer.step, settings.steps, samples, enabled=first)
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
    settings = configuration.build(TrainingConfig, training, "training")
    config, weights = initial_model(init, data, settings, quantize)
    return config, settings, weights


def _refuse_to_overwrite(output: Path) -> None:
    for name in (FILE_NAME, "model.safetensors"):
        if (output / name).exists():
            raise ValueError(
                f"{output / name} is there already: go on from it with --resume (resume=True), or "
                "name another folder"
            )


def setting(
    name: str, text: str, data: Path | None = None, kind: str | None = None
) -> tuple[str, Any]:
    """A setting given as text: "model" or "training", and the value in its type.

    `data` and `kind` say of what kind the model is.

    Raises
    ------
    ValueError
        There is no such setting, or the text is not a value of its type.
    """
    source = data_kind(data) if data else "audio"
    kind = _checked_kind(kind, source)
    groups = {  # `precision` and `noise_shaping` of a command are those of the training
        "training": TrainingConfig,
        "model": WaveNetConfig if kind == "wavenet" else RecurrentConfig,
    }
    options = _OPTIONS.get((source, kind), {})
    if name in options:
        return "model", _value(name, text, options[name])
    for group, cls in groups.items():
        for field in dataclasses.fields(cls):
            if field.name == name:
                return group, _value(name, text, field.default)
    names = [*options, *(f.name for cls in groups.values() for f in dataclasses.fields(cls))]
    near = difflib.get_close_matches(name, names, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"there is no setting {name!r}{hint}")


def _checked_kind(kind: str | None, source: str) -> str:
    """The kind of model that learns such data; the default for None."""
    kinds = _KINDS[source]
    if kind is not None and kind not in kinds:
        raise ValueError(f"kind must be {' or '.join(kinds)} for {source}, got {kind!r}")
    return kind or kinds[0]


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
    data: Path, output: Path, model: dict[str, Any], training: dict[str, Any], resume: bool
) -> tuple[WaveNetConfig | RecurrentConfig, TrainingConfig]:
    if not resume:
        source = data_kind(data)
        kind = _checked_kind(model.get("kind"), source)
        defaults = {"text": TEXT_SETTINGS, "series": SERIES_SETTINGS}.get(source, {})
        settings = configuration.build(TrainingConfig, defaults | training, "training")
        if source == "text":
            return _text_config(data, model), settings
        if source == "series":
            return series_config(data, model, settings), settings
        if kind == "recurrent":
            return recordings_config(model), settings
        return configuration.from_dict({**model, "kind": "wavenet"}), settings
    config, settings = read_configs(output)
    if model:
        raise ValueError(
            f"{next(iter(model))} cannot change when a run is resumed; only training settings can"
        )
    settings = configuration.build(
        TrainingConfig, {**dataclasses.asdict(settings), **training}, "training"
    )
    return config, settings


def data_kind(data: Path) -> str:
    """What a path holds: "text", "series" (a CSV file that is no manifest), or "audio"."""
    if data.suffix.lower() in TEXT_SUFFIXES:
        return "text"
    name = data.name.lower()
    if not name.endswith((".csv", ".csv.gz")) or not data.is_file():
        return "audio"
    if name.endswith(".gz"):
        return "series"
    _, header = next(csv_rows(data), (1, []))
    return "audio" if "path" in (name.strip() for name in header) else "series"


def _text_config(data: Path, model: dict[str, Any]) -> RecurrentConfig:
    """A model of the symbols of a text file."""
    settings = {name: value for name, value in model.items() if name != "level"}
    symbols = text_symbols(data, model.get("level", "char"))
    settings["text"] = dataclasses.asdict(symbols)
    return configuration.from_dict({**settings, "kind": "recurrent"})


def _start_processes() -> None:
    """Joins the process group that torchrun describes in the environment, if there is one."""
    if "WORLD_SIZE" in os.environ and not distributed.is_initialized():
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))

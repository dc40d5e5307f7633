"""Checkpoints: everything that a run needs to go on, in one safetensors file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from wavenet.config import serialization
from wavenet.io.atomic import atomic_path
from wavenet.io.rows import parse_json
from wavenet.training.config import TrainingConfig

FILE_NAME = "checkpoint.safetensors"
_MOMENTS = ("exp_avg", "exp_avg_sq")


def save_checkpoint(
    folder: Path,
    step: int,
    seconds: float,
    model: nn.Module,
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    settings: TrainingConfig,
) -> None:
    """Writes weights, their average, the optimizer's moments, step and time; atomically."""
    names: dict[Tensor, str] = {p: name for name, p in model.named_parameters()}
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.items()}
    for parameter, state in optimizer.state.items():
        for moment in _MOMENTS:
            tensors[f"{moment}.{names[parameter]}"] = state[moment]
    metadata = {
        "step": str(step),
        "seconds": f"{seconds:.3f}",
        "model": json.dumps(serialization.to_dict(model.config)),
        "training": json.dumps(asdict(settings)),
    }
    with atomic_path(folder / FILE_NAME) as path:
        save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, path, metadata)


def read_configs(folder: Path) -> tuple[Any, TrainingConfig]:
    """The configurations that a checkpoint was trained with.

    Raises
    ------
    FileNotFoundError
        There is no checkpoint.
    ValueError
        The file is damaged, or not one that `save_checkpoint` wrote.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint to resume at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    lacking = [name for name in ("step", "model", "training") if name not in metadata]
    if lacking:
        raise ValueError(f"{path} is not a checkpoint of a training: it has no {lacking[0]!r}")
    model = serialization.from_dict(parse_json(metadata["model"], f"the model of {path}"))
    settings = parse_json(metadata["training"], f"the training of {path}")
    return model, serialization.build(TrainingConfig, settings, "training")


def refuse_to_overwrite(output: Path) -> None:
    """Raises ValueError where a folder has a checkpoint or a model."""
    for name in (FILE_NAME, "model.safetensors"):
        if (output / name).exists():
            raise ValueError(
                f"{output / name} is there already: resume it with --resume (resume=True), or name "
                "another folder"
            )


def refuse_changes(model: dict[str, Any], kept: dict[str, Any]) -> None:
    """A resumed run has the model of its checkpoint; its settings, `kept`, may be repeated."""
    for name, value in model.items():
        if not _repeats(value, kept.get(name)) and (name, value) != ("context", 0):
            raise ValueError(
                f"{name} is {kept.get(name)} in the checkpoint and cannot become {value} when the "
                "run is resumed; only training settings can change"
            )


def load_checkpoint(
    folder: Path,
    model: nn.Module,
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
) -> tuple[int, float]:
    """Restores what `save_checkpoint` wrote, in place; returns step and time [s]."""
    path = folder / FILE_NAME
    try:
        with safe_open(path, framework="pt") as file:
            step = int(file.metadata()["step"])
            seconds = float(file.metadata().get("seconds", 0))
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        with torch.no_grad():
            for name, value in model.state_dict().items():
                value.copy_(tensors[f"model.{name}"])
            for name, value in average.items():
                value.copy_(tensors[f"average.{name}"])
        for name, parameter in model.named_parameters():
            moments = {m: tensors[f"{m}.{name}"].to(parameter.device) for m in _MOMENTS}
            optimizer.state[parameter] = {"step": torch.tensor(float(step)), **moments}
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise ValueError(f"{path} does not fit its model: {error}") from error
    return step, seconds


def _repeats(value: Any, kept: Any) -> bool:
    """Whether a setting says what was kept, which may say more."""
    if isinstance(value, dict) and isinstance(kept, dict):
        return all(_repeats(item, kept.get(name)) for name, item in value.items())
    if isinstance(value, list | tuple):
        return isinstance(kept, list | tuple) and list(value) == list(kept)
    return bool(value == kept)

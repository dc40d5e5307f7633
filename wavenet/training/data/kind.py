"""What a kind of data gives a training: the defaults, the model's configuration, the task."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from rich.console import Console

from wavenet.config import RecurrentConfig, WaveNetConfig, serialization
from wavenet.training.config import TrainingConfig
from wavenet.training.presets import Preset
from wavenet.training.progress import say

if TYPE_CHECKING:
    from wavenet.training.task import Task

Config = WaveNetConfig | RecurrentConfig
Tensors = dict[str, np.ndarray]


class TrainingData(ABC):
    """Data of one kind; what is at the path is read once, when it is first needed.

    Parameters
    ----------
    path
        Of the data.
    cache
        Folder for what was decoded.
    console
        Where progress and what was found are printed.

    Attributes
    ----------
    name
        What messages call the kind.
    models
        The kinds of models that learn it, the default first.
    options
        For each of these the settings that say what to take from the data, with their defaults.
    described
        Classes whose docstrings describe these settings, with what to call them.
    defaults
        Settings of the training that suit the data.
    presets
        For a kind of model.
    """

    name: ClassVar[str]
    models: ClassVar[tuple[str, ...]]
    options: ClassVar[dict[str, dict[str, Any]]] = {}
    described: ClassVar[dict[str, tuple[type, dict[str, Any]]]] = {}
    defaults: ClassVar[dict[str, Any]] = {}
    presets: ClassVar[dict[str, dict[str, Preset]]] = {}

    def __init__(self, path: Path, cache: Path, console: Console):
        self.path = path
        self.cache = cache
        self.console = console
        self.note = partial(say, console)
        self.tensors: Tensors = {}  # of the model: those that do not start at random

    @staticmethod
    @abstractmethod
    def recognises(path: Path) -> bool:
        """Whether a path holds data of this kind."""

    @classmethod
    def model_kind(cls, kind: str | None) -> str:
        """The kind of model that learns the data; ValueError for one that does not."""
        if kind is not None and kind not in cls.models:
            names = " or ".join(cls.models)
            raise ValueError(f"kind must be {names} for {cls.name}, got {kind!r}")
        return kind or cls.models[0]

    @classmethod
    def preset(cls, name: str, kind: str | None) -> Preset:
        """The settings "model" and "training" of a preset for a kind of model."""
        presets = cls.presets.get(cls.model_kind(kind))
        if presets is None:
            raise ValueError("presets are for recordings and text; a time series trains in minutes")
        if name not in presets:
            raise ValueError(f"preset must be one of {', '.join(presets)}, got {name!r}")
        return presets[name]

    def settings(self, training: dict[str, Any]) -> TrainingConfig:
        """The run, with the defaults of the data."""
        return serialization.build(TrainingConfig, self.defaults | training, "training")

    def split(self, model: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The options of the data, and the other settings of the model, with its kind."""
        kind = self.model_kind(model.get("kind"))
        options = self.options.get(kind, {})
        taken = options | {k: v for k, v in model.items() if k in options}
        return taken, {k: v for k, v in model.items() if k not in options} | {"kind": kind}

    @abstractmethod
    def configure(self, model: dict[str, Any], settings: TrainingConfig) -> Config:
        """The configuration of a new model, as far as it is known before all is decoded."""

    @abstractmethod
    def task(self, config: Config, settings: TrainingConfig) -> Task:
        """The task of a model; its configuration is complete."""

    def settings_of(self, config: Config) -> dict[str, Any]:
        """The settings that `configure` made a configuration of."""
        return serialization.to_dict(config)

    def start_from(
        self, model: str | os.PathLike, settings: TrainingConfig, quantize: str | None
    ) -> Config:
        """The configuration of a trained model; the task has its tensors."""
        raise ValueError(f"{self.path} is {self.name}; init is for recordings")

    def fit(self, model: dict[str, Any], training: dict[str, Any], output: Path) -> str | None:
        """Fits and saves a model that is not trained by steps: what it is, None for all others."""
        return None

"""A text file as the data of a recurrent model."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from wavenet.config import RecurrentConfig, serialization
from wavenet.config.recurrent import Level
from wavenet.inference.text import encode_text, make_vocabulary, read_text, split_text
from wavenet.training import presets
from wavenet.training.config import TrainingConfig
from wavenet.training.data.kind import Config, TrainingData
from wavenet.training.data.windows import Track, task_of_classes

if TYPE_CHECKING:
    from wavenet.training.task import Task

_LEAST = 100  # characters


@dataclass(frozen=True)
class TextOptions:
    """What to take from a text.

    Parameters
    ----------
    level
        "char": a sample is a character; "word": a word or a mark.
    """

    level: Level = "char"


class TextData(TrainingData):
    """A text, which a recurrent model learns symbol by symbol."""

    name = "text"
    models = ("recurrent",)
    options: ClassVar = {"recurrent": vars(TextOptions())}
    described: ClassVar = {"Text": (TextOptions, vars(TextOptions()))}
    defaults: ClassVar = {
        "steps": 10_000, "batch_size": 32, "window": 256, "learning_rate": 3e-3,
        "validation": 0.05, "ema_decay": 0.998, "validate_every": 500, "save_every": 500,
    }  # fmt: skip
    presets: ClassVar = {"recurrent": presets.RECURRENT}

    @staticmethod
    def recognises(path: Path) -> bool:
        """By its suffix."""
        return path.suffix.lower() in {".txt", ".text", ".md"}

    @cached_property
    def text(self) -> str:
        """All of it."""
        return read_text(self.path)

    def configure(self, model: dict[str, Any], settings: TrainingConfig) -> RecurrentConfig:
        """A model of the symbols of the text."""
        options, rest = self.split(model)
        if len(self.text) < _LEAST:
            raise ValueError(
                f"{self.path} has {len(self.text)} characters; a model needs at least {_LEAST}"
            )
        symbols = make_vocabulary(split_text(self.text, options["level"]), options["level"])
        return serialization.from_dict(rest | {"text": dataclasses.asdict(symbols)})

    def task(self, config: Config, settings: TrainingConfig) -> Task:
        """Learns the text but for its end, the fraction `settings.validation`, held out."""
        assert isinstance(config, RecurrentConfig)
        try:
            classes = encode_text(self.text, config.text)
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from error
        split = len(classes) - round(settings.validation * len(classes))
        held_out = [Track(classes[split:])] if split < len(classes) else []
        unit = "characters" if config.text.level == "char" else "words and marks"
        return task_of_classes(config, settings, [Track(classes[:split])], held_out, unit)

    def settings_of(self, config: Config) -> dict[str, Any]:
        """With the level."""
        kept = super().settings_of(config)
        return kept | kept["text"]

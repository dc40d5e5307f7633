"""A text file as the data of a recurrent model."""

from __future__ import annotations

from pathlib import Path

from wavenet.config.recurrent import Level, RecurrentConfig, TextSymbols
from wavenet.inference.text import encode_text, make_vocabulary, read_text, split_text
from wavenet.training.config import TrainingConfig
from wavenet.training.recurrent_task import RecurrentTask, Track, count_samples

_LEAST = 100  # characters


def text_symbols(path: Path, level: Level) -> TextSymbols:
    """The vocabulary of a file."""
    text = read_text(path)
    if len(text) < _LEAST:
        raise ValueError(f"{path} has {len(text)} characters; a model needs at least {_LEAST}")
    return make_vocabulary(split_text(text, level), level)


def text_task(config: RecurrentConfig, settings: TrainingConfig, path: Path) -> RecurrentTask:
    """Learns a text but for its end, the fraction `settings.validation`, which is held out."""
    try:
        classes = encode_text(read_text(path), config.text)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    split = len(classes) - round(settings.validation * len(classes))
    training, validation = [Track(classes[:split])], [Track(classes[split:])]
    unit = "characters" if config.text.level == "char" else "words and marks"
    held_out = validation if split < len(classes) else []
    data = count_samples(training, held_out, unit)
    return RecurrentTask(config, settings, training, held_out, data)

"""Kinds of data to train on: a module each, which recognises its files and makes the task."""

from __future__ import annotations

from pathlib import Path

from wavenet.training.data.kind import TrainingData
from wavenet.training.data.recordings import RecordingsData
from wavenet.training.data.series import SeriesData
from wavenet.training.data.text import TextData

KINDS: tuple[type[TrainingData], ...] = (TextData, SeriesData, RecordingsData)


def kind_of(path: Path) -> type[TrainingData]:
    """The kind of the data at a path: the first that recognises it."""
    return next(kind for kind in KINDS if kind.recognises(path))

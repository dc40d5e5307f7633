"""Windows of sequences for recurrent models: drawn at random, each from nothing known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wavenet.config import RecurrentConfig, SeriesColumns
from wavenet.forecasting.linear import recent_scales
from wavenet.inference.sequences import class_values
from wavenet.metrics.baselines import baselines, some_samples
from wavenet.training.config import TrainingConfig

if TYPE_CHECKING:
    from wavenet.training.task import Task

_VALIDATION_CONTEXT = 256  # samples before a window of validation that do not count


@dataclass(frozen=True)
class Track:
    """A sequence to learn.

    Attributes
    ----------
    samples
        `(n,)` integer classes, or `(n, dimensions)` float32.
    covariates
        `(n, covariates)` float32, or None.
    """

    samples: np.ndarray
    covariates: np.ndarray | None = None


@dataclass(frozen=True)
class Windows:
    """Pieces of tracks, of equal length.

    Attributes
    ----------
    inputs, targets
        `(B, T)` int64 classes or `(B, T, dimensions)` float32; the input at time t is the target at
        t - 1, and -1 or zeros at first.
    covariates
        `(B, T, covariates)` float32, or None.
    counted
        `(B, T)` float32: 1 where the output counts in the loss.
    """

    inputs: np.ndarray
    targets: np.ndarray
    covariates: np.ndarray | None
    counted: np.ndarray


class WindowSampler:
    """Draws windows of tracks from (seed, step, place in the batch) alone.

    A window starts where generation starts: with no sample known and no state. So a model learns
    to start, and to resume from its first samples.

    Parameters
    ----------
    tracks
        Longer ones are drawn from more often. Those shorter than a window are drawn whole.
    length
        Samples of a window.
    seed
        Seed of all draws.
    columns
        Of a time series.
    """

    def __init__(
        self, tracks: list[Track], length: int, seed: int, columns: SeriesColumns | None = None
    ):
        self.tracks = tracks
        self.length = min(length, max(len(track.samples) for track in tracks))
        self.seed = seed
        self.columns = columns
        starts = np.array([max(1, len(t.samples) - self.length + 1) for t in tracks], np.float64)
        self._cumulative = np.cumsum(starts / starts.sum())

    def batch(self, step: int, places: range) -> Windows:
        """The windows at these places of the batch of a step."""
        return windows([self._draw(step, place) for place in places], self.length, self.columns)

    def _draw(self, step: int, place: int) -> tuple[Track, int, int]:
        random = np.random.default_rng([self.seed, step, place])
        drawn = np.searchsorted(self._cumulative, random.random(), side="right")
        track = self.tracks[min(int(drawn), len(self.tracks) - 1)]
        last = max(0, len(track.samples) - self.length)
        return track, int(random.integers(0, last + 1)), 0


def windows(
    pieces: list[tuple[Track, int, int]], length: int, columns: SeriesColumns | None = None
) -> Windows:
    """Windows of `length` from (track, start, first place in the window that counts).

    Those of a series are less their mean over the context, or in units of their recent scale where
    a linear part took their level away; they count after it. Lengths and places are rows; a step
    of the windows has `columns.patch` of them, and a row of the track is the patch that starts
    there.
    """
    patch, context = (columns.patch, columns.context) if columns else (1, 0)
    length //= patch
    like, given = pieces[0][0].samples, pieces[0][0].covariates
    categorical = like.ndim == 1
    shape = (len(pieces), length, *like.shape[1:])
    targets = np.zeros(shape, dtype=np.int64 if categorical else np.float32)
    inputs = np.full_like(targets, -1 if categorical else 0)
    counted = np.zeros((len(pieces), length), dtype=np.float32)
    covariates = None
    if given is not None and given.shape[1]:
        covariates = np.zeros((len(pieces), length, given.shape[1]), dtype=np.float32)
    for i, (track, start, first) in enumerate(pieces):
        samples = track.samples[start : start + length * patch : patch]
        if columns and columns.lags:
            recent = samples[: context // patch]
            samples = samples / recent_scales(recent, len(columns.targets))
        elif columns:
            samples = samples - samples[:context].mean(axis=0)
        targets[i, : len(samples)] = samples
        inputs[i, 1 : len(samples)] = samples[:-1]
        counted[i, max(first, context) // patch : len(samples)] = 1
        if covariates is not None:
            known = track.covariates[start : start + length * patch : patch]
            covariates[i, : len(samples)] = known
    return Windows(inputs, targets, covariates, counted)


def validation_windows(tracks: list[Track], length: int, batch_size: int) -> list[Windows]:
    """Every sample of the tracks, counted once, each with what came before it in its window."""
    length = max(length, 4 * _VALIDATION_CONTEXT)
    pieces = []
    for track in tracks:
        covered = 0
        while covered < len(track.samples):
            start = max(0, covered - _VALIDATION_CONTEXT) if covered else 0
            pieces.append((track, start, covered - start))
            covered = start + length
    length = min(length, max((len(track.samples) for track in tracks), default=length))
    return [windows(pieces[i : i + batch_size], length) for i in range(0, len(pieces), batch_size)]


def task_of_classes(
    config: RecurrentConfig,
    settings: TrainingConfig,
    training: list[Track],
    validation: list[Track],
    unit: str = "samples",
) -> Task:
    """A recurrent model that learns tracks of classes; `unit` is what a sample is called."""
    from wavenet.training.task import RecurrentTask

    sizes = [sum(len(track.samples) for track in tracks) for tracks in (training, validation)]
    known = some_samples([track.samples for track in validation or training])
    return RecurrentTask(
        config,
        WindowSampler(training, settings.window, settings.seed),
        validation_windows(validation, settings.window, settings.batch_size),
        f"{sizes[0]:,} {unit} to train on, {sizes[1]:,} for validation",
        baselines(known, config.class_count, class_values(config)),
    )

"""Recurrent models that learn sequences: windows drawn at random, each from nothing known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wavenet.config.recurrent import RecurrentConfig
from wavenet.forecasting.linear import recent_scales
from wavenet.inference.sequences import class_values
from wavenet.metrics.baselines import baselines, some_samples
from wavenet.models import RecurrentModel
from wavenet.models.recurrent import negative_log_likelihood
from wavenet.training.config import TrainingConfig
from wavenet.training.task import to_device

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
    to start, and to go on from its first samples.

    Parameters
    ----------
    tracks
        Longer ones are drawn from more often. Those shorter than a window are drawn whole.
    config
        The model.
    length
        Samples of a window.
    seed
        Seed of all draws.
    """

    def __init__(self, tracks: list[Track], config: RecurrentConfig, length: int, seed: int):
        self.tracks = tracks
        self.config = config
        self.length = min(length, max(len(track.samples) for track in tracks))
        self.seed = seed
        starts = np.array([max(1, len(t.samples) - self.length + 1) for t in tracks], np.float64)
        self._cumulative = np.cumsum(starts / starts.sum())

    def batch(self, step: int, places: range) -> Windows:
        """The windows at these places of the batch of a step."""
        return windows([self._draw(step, place) for place in places], self.length, self.config)

    def _draw(self, step: int, place: int) -> tuple[Track, int, int]:
        random = np.random.default_rng([self.seed, step, place])
        drawn = np.searchsorted(self._cumulative, random.random(), side="right")
        track = self.tracks[min(int(drawn), len(self.tracks) - 1)]
        last = max(0, len(track.samples) - self.length)
        return track, int(random.integers(0, last + 1)), 0


def windows(pieces: list[tuple[Track, int, int]], length: int, config: RecurrentConfig) -> Windows:
    """Windows of `length` from (track, start, first place in the window that counts).

    Those of a series are less their mean over the context, or in units of their recent scale where
    a linear part took their level away; they count behind it. Lengths and places are rows; a step
    of the windows has `config.series.patch` of them, and a row of the track is the patch that
    starts there.
    """
    patch = config.series.patch if config.series else 1
    length //= patch
    categorical = config.output == "categorical"
    shape = (len(pieces), length) if categorical else (len(pieces), length, config.dimensions)
    targets = np.zeros(shape, dtype=np.int64 if categorical else np.float32)
    inputs = np.full_like(targets, -1 if categorical else 0)
    counted = np.zeros((len(pieces), length), dtype=np.float32)
    covariates = None
    if config.covariates:
        covariates = np.zeros((len(pieces), length, config.covariates), dtype=np.float32)
    context = config.series.context if config.series else 0
    for i, (track, start, first) in enumerate(pieces):
        samples = track.samples[start : start + length * patch : patch]
        if context and config.series.lags:
            recent = samples[: context // patch]
            samples = samples / recent_scales(recent, len(config.series.targets))
        elif context:
            samples = samples - samples[:context].mean(axis=0)
        targets[i, : len(samples)] = samples
        inputs[i, 1 : len(samples)] = samples[:-1]
        counted[i, max(first, context) // patch : len(samples)] = 1
        if covariates is not None:
            given = track.covariates[start : start + length * patch : patch]
            covariates[i, : len(samples)] = given
    return Windows(inputs, targets, covariates, counted)


def validation_windows(
    tracks: list[Track], config: RecurrentConfig, length: int, batch_size: int
) -> list[Windows]:
    """Every sample of the tracks, counted once, each with what came before it in its window."""
    length = max(length, 4 * _VALIDATION_CONTEXT)
    pieces = []
    for track in tracks:
        covered = 0
        while covered < len(track.samples):
            start = max(0, covered - _VALIDATION_CONTEXT) if covered else 0
            pieces.append((track, start, covered - start))
            covered = start + length
    longest = max((len(track.samples) for track in tracks), default=length)
    length = min(length, longest)
    return [
        windows(pieces[i : i + batch_size], length, config)
        for i in range(0, len(pieces), batch_size)
    ]


def count_samples(training: list[Track], validation: list[Track], unit: str = "samples") -> str:
    """What there is to train on, in words; `unit` is what a sample is called."""
    sizes = [sum(len(track.samples) for track in tracks) for tracks in (training, validation)]
    return f"{sizes[0]:,} {unit} to train on, {sizes[1]:,} for validation"


class RecurrentTask:
    """Tracks for a recurrent model; see `wavenet.training.task.Task`.

    Parameters
    ----------
    config, settings
        The model and the run; a window has `settings.window` samples.
    training, validation
        Tracks.
    data
        What there is to train on, in words.
    """

    def __init__(
        self,
        config: RecurrentConfig,
        settings: TrainingConfig,
        training: list[Track],
        validation: list[Track],
        data: str,
    ):
        self.config = config
        self.sampler = WindowSampler(training, config, settings.window, settings.seed)
        self.validation = validation_windows(
            validation, config, settings.window, settings.batch_size
        )
        self._data = data
        self._known = [track.samples for track in validation or training]

    def make_model(self) -> RecurrentModel:
        """The untrained model."""
        return RecurrentModel(self.config)

    def losses(
        self, forward: Callable[..., Any], batch: Windows, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood of each sample [nats], and which of them count."""
        inputs = to_device(batch.inputs, device) if self.config.feedback else None
        outputs, _ = forward(inputs, to_device(batch.covariates, device))
        targets = to_device(batch.targets, device)
        losses = negative_log_likelihood(outputs.float(), targets, self.config)
        return losses, to_device(batch.counted, device)

    def baselines(self) -> dict[str, float]:
        """Bits per sample of simple codes for the data held out; none of vectors."""
        if self.config.output != "categorical":
            return {}
        sounds, levels = some_samples(self._known), self.config.class_count
        return baselines(sounds, levels, class_values(self.config))

    def describe(self, model: nn.Module) -> str:
        """The model and the data, in a sentence."""
        parameters = sum(p.numel() for p in model.parameters())
        config = self.config
        return (
            f"{parameters:,} parameters, {config.layers} x {config.hidden_size} units "
            f"({config.cell}); {self._data}"
        )

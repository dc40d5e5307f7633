"""A WaveNet that learns recordings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn

from wavenet.config import WaveNetConfig
from wavenet.dsp.noise_shaping import shaping_scale, shaping_taps
from wavenet.features.statistics import FrameStatistics
from wavenet.inference.samples import decode_samples
from wavenet.io.manifest import Clip, read_clips
from wavenet.metrics.baselines import baselines, some_samples
from wavenet.models import WaveNet
from wavenet.models.losses import negative_log_likelihood
from wavenet.training.config import TrainingConfig
from wavenet.training.corpus import (
    Item,
    band_limited_tracks,
    build_corpus,
    complete_config,
    read_mono,
    sounds_and_taps,
)
from wavenet.training.frame_mixture import frame_mixture
from wavenet.training.progress import say
from wavenet.training.sequences import Batch, SequenceSampler, validation_batches
from wavenet.training.task import to_device

_SOME = 200  # files: enough for an average spectrum, or a mixture of frames


class WaveNetTask:
    """Recordings of a folder or a manifest, for a WaveNet; see `wavenet.training.task.Task`.

    Parameters
    ----------
    config, settings
        The model and the run.
    data
        Folder of audio, or manifest.
    cache
        Folder for decoded audio.
    console
        Where progress and what was found are printed.
    weights
        Those of the model that the run starts from, whose configuration is then complete.
    """

    def __init__(
        self,
        config: WaveNetConfig,
        settings: TrainingConfig,
        data: Path,
        cache: Path,
        console: Console,
        weights: dict[str, np.ndarray] | None = None,
    ):
        clips = read_clips(data, partial(say, console))
        completed = complete_config(config, clips)
        config = config if weights else completed
        self._weights = weights
        held_out = held_out_clips(clips, settings)
        if held_out.all():
            raise ValueError("the data leave no clip to train on; lower `validation` or add clips")
        if settings.noise_shaping and not config.noise_shaping:
            config = _with_noise_shaping(config, clips, held_out, settings.noise_shaping)
        if settings.adaptive_noise_shaping and not config.adaptive_noise_shaping:
            used = [clip for clip, held in zip(clips, held_out, strict=True) if not held]
            config = _with_adaptive_noise_shaping(
                config, _some(used), cache, settings.adaptive_noise_shaping
            )
        items = load_clips(clips, config, cache, console)
        if config.sound_features:
            config, items = _normalized(config, clips, items, held_out, cache)
        self.config = config
        validation = [item for item, held in zip(items, held_out, strict=True) if held]
        training = [item for item, held in zip(items, held_out, strict=True) if not held]
        self.sampler = SequenceSampler(training, self.config, settings.window, settings.seed)
        self.validation = validation_batches(validation, self.sampler, settings.batch_size)
        self._clips = len(training), len(validation)
        self._known = [item.codes for item in validation or training]

    def make_model(self) -> WaveNet:
        """The model as the run starts."""
        model = WaveNet(self.config)
        if self._weights:
            model.load_arrays(self._weights)
        return model

    def losses(
        self, forward: Callable[..., Tensor], batch: Batch, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood of each sample [nats], and which of them count."""
        inputs, targets = to_device(batch.inputs, device), to_device(batch.targets, device)
        speakers = to_device(batch.speakers, device) if self.config.speakers else None
        outputs = forward(inputs, speakers, None, to_device(batch.tracks, device))
        losses = negative_log_likelihood(outputs.float(), targets, self.config)
        return losses, to_device(batch.counted, device)

    def baselines(self) -> dict[str, float]:
        """Bits per sample of simple codes for the data held out."""
        levels = self.config.levels
        values = decode_samples(np.arange(levels), self.config)
        return baselines(some_samples(self._known), levels, values)

    def describe(self, model: nn.Module) -> str:
        """The model and the data, in a sentence."""
        parameters = sum(p.numel() for p in model.parameters())
        field = self.config.receptive_field
        milliseconds = 1000 * field / self.config.sample_rate
        clips, held_out = self._clips
        return (
            f"{parameters:,} parameters, receptive field {field} samples ({milliseconds:.0f} ms); "
            f"{clips} clips to train on ({self.sampler.short_clips} shorter than a sequence: "
            f"joined), {held_out} for validation"
        )


def held_out_clips(clips: list[Clip], settings: TrainingConfig) -> np.ndarray:
    """Which clips are for validation: as the data say, else a random fraction of the files."""
    if any(clip.split for clip in clips):
        return np.array([clip.split == "validation" for clip in clips])
    names = sorted({str(clip.path) for clip in clips})
    count = round(settings.validation * len(names))
    if len(names) > 1 and settings.validation > 0:
        count = max(1, count)
    order = np.random.default_rng(settings.seed).permutation(len(names))
    chosen = {names[i] for i in order[:count]}
    return np.array([str(clip.path) in chosen for clip in clips])


def _with_noise_shaping(
    config: WaveNetConfig, clips: list[Clip], held_out: np.ndarray, strength: float
) -> WaveNetConfig:
    """The filter from the files that are trained on, at most _SOME of them."""
    paths = sorted({clip.path for clip, held in zip(clips, held_out, strict=True) if not held})
    sounds = [read_mono(path, config.sample_rate) for path in _some(paths)]
    return dataclasses.replace(config, noise_shaping=shaping_taps(sounds, strength))


def _with_adaptive_noise_shaping(
    config: WaveNetConfig, clips: list[Clip], cache: Path, strength: float
) -> WaveNetConfig:
    """Filters of that strength from the features, and their scale from these clips."""
    config = dataclasses.replace(config, adaptive_noise_shaping=strength, noise_shaping=(1.0,))
    scale = shaping_scale(sounds_and_taps(clips, config, cache), config.local.hop_length)
    return dataclasses.replace(config, noise_shaping=scale)


def _some(items: list) -> list:
    """Evenly spread ones, at most _SOME."""
    return items[:: -(-len(items) // _SOME)]


def _normalized(
    config: WaveNetConfig,
    clips: list[Clip],
    items: list[Item],
    held_out: np.ndarray,
    cache: Path,
) -> tuple[WaveNetConfig, list[Item]]:
    """Statistics of the features that are trained on, and all frames normalized by them."""
    features = config.sound_features
    if features.statistics is None:
        training = np.flatnonzero(~held_out).tolist()
        statistics = FrameStatistics.of(items[i].track for i in training)
        chosen = _some(training)
        tracks = [items[i].track for i in chosen]
        tracks += band_limited_tracks([clips[i] for i in chosen], config, cache)
        mixture = frame_mixture([statistics.normalize(track) for track in tracks])
        statistics = dataclasses.replace(statistics, mixture=mixture)
        features = dataclasses.replace(features, statistics=statistics)
    normalize = features.statistics.normalize
    items = [dataclasses.replace(item, track=normalize(item.track)) for item in items]
    return dataclasses.replace(config, features=features), items


def load_clips(
    clips: list[Clip], config: WaveNetConfig, cache: Path, console: Console
) -> list[Item]:
    """All clips, decoded and cached; prints what was found."""
    steps = track(
        range(len(clips)), "reading audio", console=console, transient=True,
        disable=not console.is_terminal,
    )  # fmt: skip
    items, summary = build_corpus(clips, config, cache, progress=iter(steps).__next__)
    say(console, str(summary))
    rates = {soundfile.info(path).samplerate for path in {clip.path for clip in clips}}
    if len(rates) == 1 and rates != {config.sample_rate}:
        rate = rates.pop()
        say(
            console,
            f"the recordings have {rate:,} Hz, the model {config.sample_rate:,}: they are "
            f"resampled; --sample-rate {rate} keeps theirs",
        )
    return items

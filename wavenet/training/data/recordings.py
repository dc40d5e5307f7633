"""Recordings, a folder or a manifest, as the data of a WaveNet or a recurrent model."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from rich.progress import track

from wavenet.config import MulawSymbols, RecurrentConfig, WaveNetConfig, serialization
from wavenet.dsp.mulaw import MulawConvention
from wavenet.dsp.noise_shaping import shaping_scale, shaping_taps
from wavenet.features.statistics import FrameStatistics
from wavenet.inference.samples import decode_samples
from wavenet.io.manifest import Clip, read_clips
from wavenet.metrics.baselines import baselines, some_samples
from wavenet.training import presets
from wavenet.training.config import TrainingConfig
from wavenet.training.data.corpus import (
    Item,
    band_limited_tracks,
    build_corpus,
    complete_config,
    read_mono,
    sounds_and_taps,
)
from wavenet.training.data.frame_mixture import frame_mixture
from wavenet.training.data.kind import Config, TrainingData
from wavenet.training.data.sequences import SequenceSampler, validation_batches
from wavenet.training.data.windows import Track, task_of_classes
from wavenet.training.fine_tuning import initial_model

if TYPE_CHECKING:
    from wavenet.training.task import Task

_SOME = 200  # files: enough for an average spectrum, or a mixture of frames


@dataclass(frozen=True)
class RecordingsOptions:
    """What a recurrent model takes from recordings, as the settings of a WaveNet are called."""

    sample_rate: int = 16000
    quantization_channels: int = 256
    mulaw_convention: MulawConvention = "wavenet"


class RecordingsData(TrainingData):
    """Recordings: a WaveNet learns them with their conditioning, a recurrent model without."""

    name = "audio"
    models = ("wavenet", "recurrent")
    options: ClassVar = {"recurrent": vars(RecordingsOptions())}
    presets: ClassVar = {"wavenet": presets.WAVENET, "recurrent": presets.RECURRENT}

    @staticmethod
    def recognises(path: Path) -> bool:
        """What nothing else is."""
        return True

    @cached_property
    def clips(self) -> list[Clip]:
        """What there is to learn."""
        return read_clips(self.path, self.note)

    def configure(self, model: dict[str, Any], settings: TrainingConfig) -> Config:
        """A model with these settings; what a WaveNet takes from the data is still to come."""
        options, rest = self.split(model)
        if rest["kind"] == "wavenet":
            return serialization.from_dict(rest)
        symbols = MulawSymbols(*(options[field] for field in vars(RecordingsOptions())))
        return serialization.from_dict(rest | {"audio": vars(symbols)})

    def settings_of(self, config: Config) -> dict[str, Any]:
        """With those of `RecordingsOptions`."""
        kept = super().settings_of(config)
        if isinstance(config, WaveNetConfig):
            return kept
        return kept | dict(zip(vars(RecordingsOptions()), kept["audio"].values(), strict=True))

    def start_from(
        self, model: str | os.PathLike, settings: TrainingConfig, quantize: str | None
    ) -> Config:
        """As of `TrainingData`; see `wavenet.training.fine_tuning`."""
        held_out = held_out_clips(self.clips, settings)
        training, _ = _parted(self.clips, held_out)
        config, self.tensors = initial_model(model, training, quantize)
        return config

    def task(self, config: Config, settings: TrainingConfig) -> Task:
        """Learns all clips but those held out."""
        held_out = held_out_clips(self.clips, settings)
        if held_out.all():
            raise ValueError("the data leave no clip to train on; lower `validation` or add clips")
        if isinstance(config, RecurrentConfig):
            return self._recurrent_task(config, settings, held_out)
        return self._wavenet_task(config, settings, held_out)

    def _wavenet_task(
        self, config: WaveNetConfig, settings: TrainingConfig, held_out: np.ndarray
    ) -> Task:
        from wavenet.training.task import WaveNetTask

        completed = complete_config(config, self.clips)
        config = config if self.tensors else completed
        config = self._with_noise_shaping(config, settings, held_out)
        items = self._items(self.clips, config)
        if config.sound_features:
            config, items = self._normalized(config, items, held_out)
        training, validation = _parted(items, held_out)
        sampler = SequenceSampler(training, config, settings.window, settings.seed)
        known = some_samples([item.codes for item in validation or training])
        values = decode_samples(np.arange(config.levels), config)
        return WaveNetTask(
            config,
            sampler,
            validation_batches(validation, sampler, settings.batch_size),
            f"{len(training)} clips to train on ({sampler.short_clips} shorter than a sequence: "
            f"joined), {len(validation)} for validation",
            baselines(known, config.levels, values),
            self.tensors,
        )

    def _recurrent_task(
        self, config: RecurrentConfig, settings: TrainingConfig, held_out: np.ndarray
    ) -> Task:
        """Learns the mu-law codes of the clips, whatever is said in them."""
        assert config.audio is not None
        codes = WaveNetConfig(
            sample_rate=config.audio.sample_rate, quantization_channels=config.audio.channels,
            mulaw_convention=config.audio.convention,
        )  # fmt: skip
        clips = [dataclasses.replace(clip, speaker="") for clip in self.clips]
        tracks = [Track(item.codes) for item in self._items(clips, codes)]
        return task_of_classes(config, settings, *_parted(tracks, held_out))

    def _items(self, clips: list[Clip], config: WaveNetConfig) -> list[Item]:
        """All clips, decoded and cached; prints what was found."""
        steps = track(
            range(len(clips)), "reading audio", console=self.console, transient=True,
            disable=not self.console.is_terminal,
        )  # fmt: skip
        items, summary = build_corpus(clips, config, self.cache, progress=iter(steps).__next__)
        self.note(str(summary))
        if len(summary.sample_rates) == 1 and summary.resampled_files:
            (rate,) = summary.sample_rates
            self.note(
                f"the recordings have {rate:,} Hz, the model {config.sample_rate:,}: they are "
                f"resampled; --sample-rate {rate} keeps theirs"
            )
        return items

    def _with_noise_shaping(
        self, config: WaveNetConfig, settings: TrainingConfig, held_out: np.ndarray
    ) -> WaveNetConfig:
        """The filter from the data that are trained on, at most _SOME of them.

        An adaptive filter comes from the features, and its scale from the clips.
        """
        training, _ = _parted(self.clips, held_out)
        if settings.noise_shaping and not config.noise_shaping:
            paths = _some(sorted({clip.path for clip in training}))
            sounds = [read_mono(path, config.sample_rate) for path in paths]
            taps = shaping_taps(sounds, settings.noise_shaping)
            config = dataclasses.replace(config, noise_shaping=taps)
        strength = settings.adaptive_noise_shaping
        if strength and not config.adaptive_noise_shaping:
            config = dataclasses.replace(
                config, adaptive_noise_shaping=strength, noise_shaping=(1.0,)
            )
            found = sounds_and_taps(_some(training), config, self.cache)
            scale = shaping_scale(found, config.local.hop_length)
            config = dataclasses.replace(config, noise_shaping=scale)
        return config

    def _normalized(
        self, config: WaveNetConfig, items: list[Item], held_out: np.ndarray
    ) -> tuple[WaveNetConfig, list[Item]]:
        """Statistics of the features that are trained on, and all frames normalized by them."""
        features = config.sound_features
        if features.statistics is None:
            training = np.flatnonzero(~held_out).tolist()
            statistics = FrameStatistics.of(items[i].track for i in training)
            chosen = _some(training)
            tracks = [items[i].track for i in chosen]
            tracks += band_limited_tracks([self.clips[i] for i in chosen], config, self.cache)
            mixture = frame_mixture([statistics.normalize(track) for track in tracks])
            statistics = dataclasses.replace(statistics, mixture=mixture)
            features = dataclasses.replace(features, statistics=statistics)
        normalize = features.statistics.normalize
        items = [dataclasses.replace(item, track=normalize(item.track)) for item in items]
        return dataclasses.replace(config, features=features), items


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


def _parted(items: Iterable[Any], held_out: np.ndarray) -> tuple[list[Any], list[Any]]:
    """Those to train on, and those held out."""
    parts: tuple[list[Any], list[Any]] = [], []
    for item, held in zip(items, held_out, strict=True):
        parts[int(held)].append(item)
    return parts


def _some(items: list) -> list:
    """Evenly spread ones, at most _SOME."""
    return items[:: -(-len(items) // _SOME)]

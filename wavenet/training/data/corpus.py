"""Clips decoded, checked, quantized and labelled: what the training reads again and again."""

from __future__ import annotations

import dataclasses
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from wavenet.base.sound import clipped
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.dsp.noise_shaping import shape_by_frames, shape_noise
from wavenet.features.labels import LabelFeatures, label_track
from wavenet.inference.noise_shaping import filters_of_frames
from wavenet.inference.samples import encode_samples
from wavenet.io.audio import band_limited, mixed_down, named, read_audio, resample
from wavenet.io.cache import Cache, content_of
from wavenet.io.manifest import Clip, clips_by_file

_SILENT = 1e-4  # peak of a second that counts as silent


@dataclass(frozen=True)
class Item:
    """A clip ready for training.

    Attributes
    ----------
    codes
        `(samples,)` uint16 codes of the samples; a view of its recording's.
    track
        `(frames, channels)` float32 feature frames, or None.
    speaker
        Index of the speaker.
    """

    codes: np.ndarray
    track: np.ndarray | None
    speaker: int


@dataclass(frozen=True)
class EncodedFile:
    """A file's codes at the model's rate, and what was found in it before the mix-down."""

    codes: np.ndarray
    channels: int
    sample_rate: int
    clipped_samples: int
    silent_seconds: int


@dataclass
class CorpusSummary:
    """What was found in the data; the end of a file counts as a second."""

    files: int = 0
    clips: int = 0
    seconds: float = 0.0
    stereo_files: list[str] = field(default_factory=list)
    sample_rates: frozenset[int] = frozenset()
    resampled_files: int = 0
    clipped_samples: int = 0
    silent_seconds: int = 0

    def __str__(self) -> str:
        notes = [f"{self.clips} clips of {self.files} files, {self.seconds / 3600:.2f} hours"]
        if self.resampled_files:
            notes.append(f"{self.resampled_files} files resampled")
        if self.stereo_files:
            notes.append(
                f"{len(self.stereo_files)} files mixed down to mono (the first: "
                f"{self.stereo_files[0]})"
            )
        notes.append(f"{self.clipped_samples} clipped samples")
        notes.append(f"{self.silent_seconds} silent seconds")
        return "; ".join(notes)


def complete_config(config: WaveNetConfig, clips: list[Clip]) -> WaveNetConfig:
    """The configuration with the speakers, the symbols and their durations that the data have.

    Raises
    ------
    ValueError
        The data name speakers or symbols that a given configuration does not have, or lack those
        that it needs.
    """
    speakers = sorted({clip.speaker for clip in clips} - {""})
    if speakers and not config.speakers:
        config = dataclasses.replace(config, speakers=tuple(speakers))
    for clip in clips:
        if config.speakers and clip.speaker not in config.speakers:
            raise ValueError(f"{clip.path} has the speaker {clip.speaker!r}, which is not known")
    if config.sound_features:
        return config
    symbols = sorted({symbol for clip in clips for symbol in clip.symbols})
    if not symbols:
        if config.features:
            raise ValueError("the model reads labels; the data have neither text nor labels")
        return config
    labels = config.label_features or LabelFeatures()
    features = dataclasses.replace(
        labels,
        symbols=labels.symbols or tuple(symbols),
        durations=_durations(clips),
    )
    local = config.local or LocalConditioning(1, max(1, config.sample_rate // 100))
    local = dataclasses.replace(local, channels=features.channels)
    return dataclasses.replace(config, features=features, local=local)


def build_corpus(
    clips: list[Clip],
    config: WaveNetConfig,
    cache: Path,
    progress: Callable[[], object],
) -> tuple[list[Item], CorpusSummary]:
    """Decodes, resamples, quantizes and labels all clips; quantized files are cached on disk.

    `progress` is called after each clip. The codes stay in memory, 2 bytes a sample.

    Raises
    ------
    ValueError
        A file that cannot be read, has NaN, or is shorter than its clip says; the sentence names
        it.
    """
    files: dict[Path, EncodedFile] = {}
    by_place: dict[int, Item] = {}
    for path, places in clips_by_file(clips).items():
        source = _Source(path, config, Cache(cache))
        files[path] = source.encoded()
        for i in places:
            by_place[i] = _item(clips[i], files[path].codes, source)
            progress()
    items = [by_place[i] for i in range(len(clips))]
    found = files.values()
    return items, CorpusSummary(
        files=len(files),
        clips=len(clips),
        seconds=sum(len(item.codes) for item in items) / config.sample_rate,
        stereo_files=[str(path) for path, r in files.items() if r.channels > 1],
        sample_rates=frozenset(int(r.sample_rate) for r in found),
        resampled_files=sum(int(r.sample_rate) != config.sample_rate for r in found),
        clipped_samples=sum(r.clipped_samples for r in found),
        silent_seconds=sum(r.silent_seconds for r in found),
    )


def _durations(clips: list[Clip]) -> dict[str, dict[str, tuple[float, float]]]:
    """Mean and deviation of the durations of each symbol by speaker."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for clip in clips:
        seconds = clip.end - clip.start if clip.end is not None else _file_seconds(clip)
        for symbol, start, end in clip.spans(seconds):
            found[clip.speaker][symbol].append(end - start)
    return {
        speaker: {s: (statistics.fmean(d), statistics.pstdev(d)) for s, d in by_symbol.items()}
        for speaker, by_symbol in found.items()
    }


def _file_seconds(clip: Clip) -> float:
    try:
        seconds = soundfile.info(clip.path).duration
    except (soundfile.LibsndfileError, OSError) as error:
        raise ValueError(f"{clip.path} cannot be read: {error}") from error
    if seconds <= clip.start:
        raise ValueError(
            f"{clip.path} lasts for {seconds:.3f} s; its clip starts at {clip.start} s"
        )
    return seconds - clip.start


def _item(clip: Clip, codes: np.ndarray, source: _Source) -> Item:
    config, rate = source.config, source.config.sample_rate
    start = round(clip.start * rate)
    end = len(codes) if clip.end is None else round(clip.end * rate)
    if end > len(codes) + 1 or start >= len(codes):
        raise ValueError(
            f"{clip.path} lasts for {len(codes) / rate:.3f} s, less than its clip from "
            f"{clip.start} to {clip.end} s"
        )
    part = codes[start:end]
    track = None
    if config.features:
        from_labels = config.features.kind == "labels"
        track = _label_track(clip, part, config) if from_labels else source.track(start, len(part))
    if config.adaptive_noise_shaping:
        part = source.codes_by_frames(start, len(part), track)
    speaker = config.speakers.index(clip.speaker) if config.speakers else 0
    return Item(part, track, speaker)


def _label_track(clip: Clip, part: np.ndarray, config: WaveNetConfig) -> np.ndarray:
    rate, hop = config.sample_rate, config.local.hop_length
    seconds = len(part) / rate
    spans = clip.spans(seconds)
    late = next((span for span in spans if span[2] > seconds + hop / rate), None)
    if late:
        raise ValueError(
            f"{clip.path}: the label {late[0]!r} ends at {late[2]} s, after its clip of "
            f"{seconds:.3f} s"
        )
    with named(clip.path):
        return label_track(config.label_features, spans, -(-len(part) // hop), rate / hop)


def sounds_and_taps(
    clips: list[Clip], config: WaveNetConfig, cache: Path
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The sound of each clip, and the filters of its frames; file by file."""
    for source, start, sound in _sounds(clips, config, cache):
        yield sound, filters_of_frames(config, source.track(start, len(sound))).taps


def band_limited_tracks(
    clips: list[Clip], config: WaveNetConfig, cache: Path
) -> Iterator[np.ndarray]:
    """Feature frames of each clip if it had been resampled from a higher rate; not normalized."""
    for source, start, sound in _sounds(clips, config, cache):
        yield source.track(start, len(sound), limited=True)


def _sounds(
    clips: list[Clip], config: WaveNetConfig, cache: Path
) -> Iterator[tuple[_Source, int, np.ndarray]]:
    """File, first sample and sound of each clip; file by file."""
    for path, places in clips_by_file(clips).items():
        source = _Source(path, config, Cache(cache))
        for i in places:
            start = round(clips[i].start * config.sample_rate)
            end = None if clips[i].end is None else round(clips[i].end * config.sample_rate)
            yield source, start, source.sound[start:end]


def read_mono(path: Path, sample_rate: int) -> np.ndarray:
    """The sound of a file as the training takes it: mixed down, then resampled."""
    return read_audio(path, sample_rate)[0]


class _Source:
    """A file, decoded once, when something that is not in the cache first asks for its sound."""

    def __init__(self, path: Path, config: WaveNetConfig, cache: Cache):
        self.path = path
        self.config = config
        self._cache = cache

    @cached_property
    def sound(self) -> np.ndarray:
        """`(samples,)` at the model's rate."""
        return read_mono(self.path, self.config.sample_rate)

    @cached_property
    def _content(self) -> str:
        try:
            return content_of(self.path)
        except OSError as error:
            raise ValueError(f"{self.path} cannot be read: {error.strerror}") from error

    def encoded(self) -> EncodedFile:
        """All of it."""
        what = f"codes {self.config.sample_rate} {self._quantization} {self.config.noise_shaping}"
        stored = self._cache.get(lambda: self._content, what, self._decode)
        fields: dict[str, Any] = {name: values[()] for name, values in stored.items()}
        return EncodedFile(**fields)

    def track(self, start: int, count: int, limited: bool = False) -> np.ndarray:
        """Feature frames of the sound of a clip, or of `band_limited` of it; not normalized."""
        features = dataclasses.replace(self.config.sound_features, statistics=None)

        def frames() -> np.ndarray:
            sound = self.sound[start : start + count]
            with named(self.path):
                sound = band_limited(sound, self.config.sample_rate) if limited else sound
                return features.track(sound)

        what = "frames, band-limited," if limited else "frames"
        return self._array(f"{what} {features!r} {start} {count}", frames)

    def codes_by_frames(self, start: int, count: int, track: np.ndarray) -> np.ndarray:
        """Codes of a clip behind the filters of its frames."""
        config = self.config
        features = dataclasses.replace(config.sound_features, statistics=None)
        shaping = config.adaptive_noise_shaping, config.noise_shaping

        def codes() -> np.ndarray:
            sound, taps = self.sound[start : start + count], filters_of_frames(config, track).taps
            return encode_samples(shape_by_frames(sound, taps, config.local.hop_length), config)

        return self._array(f"{features!r} {self._quantization} {shaping} {start} {count}", codes)

    def _array(self, what: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        found = self._cache.get(lambda: self._content, what, lambda: {"array": compute()})
        return found["array"]

    @property
    def _quantization(self) -> str:
        if self.config.output == "categorical":
            return f"{self.config.quantization_channels} {self.config.mulaw_convention}"
        return "linear"

    def _decode(self) -> dict[str, np.ndarray]:
        """The fields of the recording."""
        audio, rate = read_audio(self.path, mono=False)
        peaks = np.abs(audio).max(axis=1)
        seconds = np.maximum.reduceat(peaks, np.arange(0, len(peaks), rate))
        with named(self.path):
            self.sound = resample(mixed_down(audio), rate, self.config.sample_rate)
        fields = {
            "codes": encode_samples(
                shape_noise(self.sound, self.config.noise_shaping), self.config
            ),
            "channels": audio.shape[1],
            "sample_rate": rate,
            "clipped_samples": np.count_nonzero(clipped(audio)),
            "silent_seconds": np.count_nonzero(seconds < _SILENT),
        }
        return {name: np.asarray(value) for name, value in fields.items()}

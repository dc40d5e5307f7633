"""Clips decoded, checked, quantized and labelled: what the training reads again and again."""

from __future__ import annotations

import dataclasses
import hashlib
import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from wavenet.audio import named, read_audio, resample
from wavenet.config import LabelFeatures, LocalConditioning, WaveNetConfig
from wavenet.features.labels import label_track
from wavenet.formats.atomic import atomic_path
from wavenet.manifest import Clip
from wavenet.noise_shaping import filters_of_frames, shape_by_frames, shape_noise
from wavenet.samples import encode_samples

_CLIPPED = 0.999
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
class Recording:
    """A file's codes at the model's rate, and what was found in it before the mix-down."""

    codes: np.ndarray
    channels: int
    resampled: bool
    clipped_samples: int
    silent_seconds: int


@dataclass
class Summary:
    """What was found in the data; the end of a file counts as a second."""

    files: int = 0
    clips: int = 0
    seconds: float = 0.0
    stereo_files: list[str] = field(default_factory=list)
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
) -> tuple[list[Item], Summary]:
    """Decodes, resamples, quantizes and labels all clips; quantized files are cached on disk.

    `progress` is called after each clip. The codes stay in memory, 2 bytes a sample.

    Raises
    ------
    ValueError
        A file that cannot be read, has NaN, or is shorter than its clip says; the sentence names
        it.
    """
    cache.mkdir(parents=True, exist_ok=True)
    recordings: dict[Path, Recording] = {}
    items = []
    for clip in clips:
        if clip.path not in recordings:
            recordings[clip.path] = _recording(clip.path, config, cache)
        items.append(_item(clip, recordings[clip.path].codes, config, cache))
        progress()
    found = recordings.values()
    return items, Summary(
        files=len(recordings),
        clips=len(clips),
        seconds=sum(len(item.codes) for item in items) / config.sample_rate,
        stereo_files=[str(path) for path, r in recordings.items() if r.channels > 1],
        resampled_files=sum(r.resampled for r in found),
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


def _item(clip: Clip, codes: np.ndarray, config: WaveNetConfig, cache: Path) -> Item:
    rate = config.sample_rate
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
        track = (
            _label_track(clip, part, config)
            if from_labels
            else (_sound_track(clip, start, len(part), config, cache))
        )
    if config.adaptive_noise_shaping:
        part = _codes_by_frames(clip, start, len(part), track, config, cache)
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
    try:
        return label_track(config.label_features, spans, -(-len(part) // hop), rate / hop)
    except ValueError as error:
        raise ValueError(f"{clip.path}: {error}") from error


def _sound_track(
    clip: Clip, start: int, count: int, config: WaveNetConfig, cache: Path
) -> np.ndarray:
    """Feature frames of a clip's sound, from the cache where they are there; not normalized."""
    settings = dataclasses.replace(config.sound_features, statistics=None)

    def frames() -> np.ndarray:
        sound = read_mono(clip.path, config.sample_rate)[start : start + count]
        try:
            return settings.track(sound)
        except ValueError as error:
            raise ValueError(f"{clip.path}: {error}") from error

    return _cached(cache, clip.path, f"{settings!r} {start} {count}", frames)


def _codes_by_frames(
    clip: Clip, start: int, count: int, track: np.ndarray, config: WaveNetConfig, cache: Path
) -> np.ndarray:
    """Codes of a clip behind the filters of its frames, from the cache where they are there."""
    features = dataclasses.replace(config.features, statistics=None)
    shaping = config.adaptive_noise_shaping, config.noise_shaping
    settings = f"{features!r} {_quantization(config)} {shaping} {start} {count}"

    def codes() -> np.ndarray:
        sound = read_mono(clip.path, config.sample_rate)[start : start + count]
        taps = filters_of_frames(config, track).taps
        return encode_samples(shape_by_frames(sound, taps, config.local.hop_length), config)

    return _cached(cache, clip.path, settings, codes)


def sound_and_taps(clip: Clip, config: WaveNetConfig, cache: Path) -> tuple[np.ndarray, np.ndarray]:
    """The sound of a clip, and the filters of its frames."""
    start = round(clip.start * config.sample_rate)
    end = None if clip.end is None else round(clip.end * config.sample_rate)
    sound = read_mono(clip.path, config.sample_rate)[start:end]
    track = _sound_track(clip, start, len(sound), config, cache)
    return sound, filters_of_frames(config, track).taps


def _cached(
    cache: Path, path: Path, settings: str, compute: Callable[[], np.ndarray]
) -> np.ndarray:
    """An array that comes from a file, from the cache where it is there."""
    file = _cache_file(cache, path, settings).with_suffix(".npy")
    if not file.exists():
        array = compute()
        with atomic_path(file) as temporary:
            np.save(temporary, array)
    return np.load(file)


def read_mono(path: Path, sample_rate: int) -> np.ndarray:
    """The sound of a file as the training takes it: mixed down, then resampled."""
    return read_audio(path, sample_rate)[0]


def _cache_file(cache: Path, path: Path, settings: str) -> Path:
    """Where what comes from a file under these settings is kept, until the file changes."""
    status = path.stat()
    key = f"{path.resolve()} {status.st_size} {status.st_mtime_ns} {settings}"
    return cache / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"


def _recording(path: Path, config: WaveNetConfig, cache: Path) -> Recording:
    """A whole file, from the cache where it is there."""
    quantization = _quantization(config)
    if config.noise_shaping:
        quantization += f" {config.noise_shaping}"
    try:
        file = _cache_file(cache, path, f"{config.sample_rate} {quantization}")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if not file.exists():
        recording = _decode(path, config)
        with atomic_path(file) as temporary:
            np.savez(temporary, **vars(recording))
    with np.load(file) as stored:
        return Recording(**{name: values[()] for name, values in stored.items()})


def _quantization(config: WaveNetConfig) -> str:
    if config.output == "categorical":
        return f"{config.quantization_channels} {config.mulaw_convention}"
    return "linear"


def _decode(path: Path, config: WaveNetConfig) -> Recording:
    audio, rate = read_audio(path, mono=False)
    peaks = np.abs(audio).max(axis=1)
    seconds = np.maximum.reduceat(peaks, np.arange(0, len(peaks), rate))
    with named(path):
        mono = resample(audio.mean(axis=1), rate, config.sample_rate)
    return Recording(
        codes=encode_samples(shape_noise(mono, config.noise_shaping), config),
        channels=audio.shape[1],
        resampled=rate != config.sample_rate,
        clipped_samples=int(np.count_nonzero(np.abs(audio) > _CLIPPED)),
        silent_seconds=int(np.count_nonzero(seconds < _SILENT)),
    )

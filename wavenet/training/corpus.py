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
import soxr

from wavenet.config import LabelFeatures, LocalConditioning, WaveNetConfig
from wavenet.features.labels import label_track
from wavenet.formats.model_file import atomic_path
from wavenet.manifest import Clip
from wavenet.samples import encode_samples

_CLIPPED = 0.999
_SILENT = 1e-4  # peak of a second that counts as silent


@dataclass(frozen=True)
class Item:
    """A clip ready for training.

    Attributes
    ----------
    codes
        `(samples,)` uint16 codes of the samples; a view of a file on disk.
    track
        `(frames, channels)` float32 feature frames, or None.
    speaker
        Index of the speaker.
    """

    codes: np.ndarray
    track: np.ndarray | None
    speaker: int


@dataclass
class Summary:
    """What was found in the data."""

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
    symbols = sorted({symbol for clip in clips for symbol in clip.symbols})
    if not symbols:
        if config.features:
            raise ValueError("the model reads labels; the data have neither text nor labels")
        return config
    features = dataclasses.replace(
        config.features or LabelFeatures(),
        symbols=(config.features and config.features.symbols) or tuple(symbols),
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

    `progress` is called after each clip.

    Raises
    ------
    ValueError
        A file that cannot be read, has NaN, or is shorter than its clip says; the sentence names
        it.
    """
    cache.mkdir(parents=True, exist_ok=True)
    summary = Summary(clips=len(clips))
    files: dict[Path, np.ndarray] = {}
    items = []
    for clip in clips:
        if clip.path not in files:
            files[clip.path] = _cached_codes(clip.path, config, cache, summary)
        items.append(_item(clip, files[clip.path], config))
        summary.seconds += len(items[-1].codes) / config.sample_rate
        progress()
    summary.files = len(files)
    return items, summary


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
        return soundfile.info(clip.path).duration - clip.start
    except (soundfile.LibsndfileError, OSError) as error:
        raise ValueError(f"{clip.path} cannot be read: {error}") from error


def _item(clip: Clip, codes: np.ndarray, config: WaveNetConfig) -> Item:
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
        hop = config.local.hop_length
        spans = clip.spans(len(part) / rate)
        try:
            track = label_track(config.features, spans, -(-len(part) // hop), rate / hop)
        except ValueError as error:
            raise ValueError(f"{clip.path}: {error}") from error
    speaker = config.speakers.index(clip.speaker) if config.speakers else 0
    return Item(part, track, speaker)


def _cached_codes(path: Path, config: WaveNetConfig, cache: Path, summary: Summary) -> np.ndarray:
    """Codes of a whole file at the model's rate, from the cache where they are there."""
    audio = _decode(path, config.sample_rate, summary)
    channels, convention = config.quantization_channels, config.mulaw_convention
    quantization = f"{channels} {convention}" if config.output == "categorical" else "linear"
    key = f"{path.resolve()} {path.stat().st_mtime_ns} {config.sample_rate} {quantization}"
    file = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npy"
    if not file.exists():
        codes = encode_samples(audio, config)
        with atomic_path(file) as temporary:
            np.save(temporary, codes)
    return np.load(file, mmap_mode="r")


def _decode(path: Path, rate: int, summary: Summary) -> np.ndarray:
    try:
        audio, file_rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if not len(audio):
        raise ValueError(f"{path} has no samples")
    if not np.isfinite(audio).all():
        raise ValueError(f"{path} has samples that are not finite")
    if audio.shape[1] > 1:
        summary.stereo_files.append(str(path))
    audio = audio.mean(axis=1)
    summary.clipped_samples += int(np.count_nonzero(np.abs(audio) > _CLIPPED))
    seconds = audio[: len(audio) // file_rate * file_rate].reshape(-1, file_rate)
    summary.silent_seconds += int(np.count_nonzero(np.abs(seconds).max(axis=1) < _SILENT))
    if file_rate != rate:
        summary.resampled_files += 1
        audio = soxr.resample(audio, file_rate, rate, quality="VHQ")
    return audio

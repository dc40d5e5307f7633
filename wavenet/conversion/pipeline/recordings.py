"""Recordings of two speakers: pairs of files, their features, and a cache for these."""

from __future__ import annotations

import os
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile

from wavenet.base.interrupts import in_threads
from wavenet.base.sound import clipping
from wavenet.base.validation import processors
from wavenet.features import world
from wavenet.features.world import Analysis, WorldSettings
from wavenet.io.audio import named, read_audio
from wavenet.io.audio_files import Note, find_audio
from wavenet.io.cache import Cache, content_of

Progress = Callable[[str, int, int], None]
Recordings = str | os.PathLike | Sequence[str | os.PathLike]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Pairs:
    """Files of equal name in two folders, and those unmatched."""

    source: list[Path]
    target: list[Path]
    unmatched: list[Path]


class UnpairedWarning(UserWarning):
    """Files of a folder are passed over: no sounds, or without a counterpart."""


def pair_files(
    source: Recordings, target: Recordings
) -> list[tuple[str | os.PathLike, str | os.PathLike]]:
    """Pairs of files: those of equal places in two lists, or of equal names in two folders.

    Raises
    ------
    FileNotFoundError, ValueError
        As those of `find_pairs`; a folder and a list, or lists of different length.
    """
    if isinstance(source, str | os.PathLike) and isinstance(target, str | os.PathLike):
        pairs = find_pairs(source, target, _warn)
        for path in pairs.unmatched:
            _warn(f"{path} has no counterpart")
        source, target = pairs.source, pairs.target
    if isinstance(source, str | os.PathLike) or isinstance(target, str | os.PathLike):
        raise ValueError(f"{source} and {target}: give two folders, or two lists of files")
    if len(source) != len(target):
        raise ValueError(f"{len(source)} source files and {len(target)} target files are not pairs")
    return list(zip(source, target, strict=True))


def _warn(sentence: str) -> None:
    warnings.warn(sentence, UnpairedWarning, stacklevel=4)


def find_pairs(
    source: str | os.PathLike, target: str | os.PathLike, note: Note | None = None
) -> Pairs:
    """Pairs the sound files of two folders by file name without extension.

    Names that differ only in the Unicode form of their accents are equal: copying to and from a
    Mac changes it. `note` is called with a sentence on what was passed over in each folder.

    Raises
    ------
    FileNotFoundError
        A folder is missing or empty.
    ValueError
        No file name is in both, or two files of a folder have one name.
    """
    a, b = _by_name(source, note), _by_name(target, note)
    names = sorted(a.keys() & b.keys())
    if not names:
        raise ValueError(f"no file name is in both {source} and {target}: pairs have equal names")
    unmatched = [path for n, path in (*a.items(), *b.items()) if n not in a or n not in b]
    return Pairs([a[n] for n in names], [b[n] for n in names], unmatched)


def _by_name(directory: str | os.PathLike, note: Note | None) -> dict[str, Path]:
    """The sound files of a folder by name without extension."""
    files: dict[str, Path] = {}
    for path in find_audio(directory, note):
        name = unicodedata.normalize("NFC", path.stem)
        if name in files:
            raise ValueError(f"{files[name]} and {path} have one name: only one can be in a pair")
        files[name] = path
    return files


def rate_of(path: str | os.PathLike) -> int | None:
    """The sample rate [Hz] in the header of a recording; None: it is not readable."""
    try:
        return soundfile.info(path).samplerate
    except soundfile.LibsndfileError:
        return None


def common_rate(paths: Sequence[str | os.PathLike]) -> int:
    """The sample rate [Hz] that most recordings have, by their headers."""
    rates = Counter(rate for path in paths if (rate := rate_of(path)))
    return rates.most_common(1)[0][0] if rates else 16000


def read_recording(path: str | os.PathLike, sample_rate: int) -> np.ndarray:
    """A recording as mono float64 at `sample_rate` [Hz]; the mean of its channels.

    Raises
    ------
    ValueError
        Not readable as sound, silent, too short, clipped or not finite; the file is named.
    """
    with named(path):
        y, _ = read_audio(path, sample_rate)
        y = world.checked_sound(y, WorldSettings(sample_rate=sample_rate))
        if finding := clipping(y):
            raise ValueError(finding)
    return y


def for_each(
    function: Callable[[T], R],
    items: Sequence[T],
    n_jobs: int | None = None,
    progress: Progress | None = None,
    stage: str = "",
) -> list[R]:
    """`[function(item) for item in items]` over threads (WORLD and the core release the GIL)."""
    results = []
    for result in in_threads(function, items, n_jobs or processors()):
        results.append(result)
        if progress:
            progress(stage, len(results), len(items))
    return results


def cached_rough_f0(
    path: str | os.PathLike, settings: WorldSettings, cache: str | os.PathLike | None = None
) -> np.ndarray:
    """`wavenet.features.world.rough_f0` of a recording, kept like `cached_analysis`."""

    def compute() -> dict[str, np.ndarray]:
        return {"f0": world.rough_f0(read_recording(path, settings.sample_rate), settings)}

    what = f"rough F0 {settings.sample_rate} {settings.frame_period}"
    return Cache(cache).get(partial(content_of, path), what, compute)["f0"]


def cached_analysis(
    path: str | os.PathLike,
    settings: WorldSettings,
    f0_range: tuple[float, float],
    cache: str | os.PathLike | None = None,
) -> Analysis:
    """F0, mel-cepstrum and power of a recording, kept in the folder `cache` for the next time.

    See `wavenet.io.cache.Cache` for the key.
    """

    def compute() -> dict[str, np.ndarray]:
        y = read_recording(path, settings.sample_rate)
        analysis = world.analyze(y, settings, f0_range, aperiodicity=False)
        if not (analysis.f0 > 0).any():
            raise ValueError(
                f"{path}: no F0 was found between {f0_range[0]:g} and {f0_range[1]:g} Hz; give the "
                "speaker's range"
            )
        found = vars(analysis).items()
        return {name: np.asarray(value) for name, value in found if value is not None}

    what = f"analysis {settings!r} {f0_range}"
    arrays = Cache(cache).get(partial(content_of, path), what, compute)
    level = float(arrays.pop("level"))
    return Analysis(**arrays, level=level)

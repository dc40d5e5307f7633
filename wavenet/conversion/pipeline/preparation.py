"""From pairs of files to pairs of features; bad pairs are named, or left out and listed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from wavenet.config.conversion import ConversionSettings
from wavenet.conversion.parameters import F0Range
from wavenet.conversion.pipeline.recordings import (
    Progress,
    cached_analysis,
    cached_rough_f0,
    for_each,
    rate_of,
)
from wavenet.conversion.pipeline.utterance import Utterance
from wavenet.features import world
from wavenet.features.world import Analysis
from wavenet.io.atomic import explain

FEWEST_PAIRS = 5
ENOUGH_PAIRS = 25
_FEWEST_ACTIVE_FRAMES = 20

Path = str | os.PathLike


@dataclass
class Corpus:
    """Parallel recordings and what was found in them.

    Attributes
    ----------
    files
        (source, target) of each pair.
    skip
        Whether bad pairs are left out instead of raised.
    skipped
        One sentence for each pair left out.
    analyses
        (source, target) of each pair.
    f0_ranges
        F0 ranges of the source and of the target speaker [Hz].
    """

    files: list[tuple[Path, Path]]
    skip: bool
    power_threshold: float
    skipped: list[str] = field(default_factory=list)
    analyses: list[tuple[Analysis, Analysis]] = field(default_factory=list)
    f0_ranges: tuple[F0Range, F0Range] = (world.DEFAULT_F0_RANGE, world.DEFAULT_F0_RANGE)

    def drop(self, reasons: dict[int, str]) -> None:
        """Leaves out the pairs whose places are the keys of `reasons`.

        Raises
        ------
        ValueError
            The first reason, unless bad pairs are to be skipped; or too few pairs remain.
        """
        if reasons and not self.skip:
            raise ValueError(next(iter(reasons.values())))
        self.skipped.extend(reasons.values())
        kept = [i for i in range(len(self.files)) if i not in reasons]
        self.files = [self.files[i] for i in kept]
        self.analyses = [self.analyses[i] for i in kept if i < len(self.analyses)]
        if len(self.files) < FEWEST_PAIRS:
            why = f"; left out: {'; '.join(self.skipped)}" if self.skipped else ""
            raise ValueError(
                f"{len(self.files)} usable pairs are too few: at least {FEWEST_PAIRS} are needed, "
                f"{ENOUGH_PAIRS} or more are better{why}"
            )

    def utterances(self, side: int) -> list[Utterance]:
        """Features of the sources (side 0) or the targets (1)."""
        name = ("source_cepstrum", "mel_cepstrum")[side]
        return [
            Utterance(
                getattr(analysis, name)[:, 1:],
                np.flatnonzero(analysis.power > self.power_threshold),
            )
            for analysis in (pair[side] for pair in self.analyses)
        ]


def analyze_pairs(
    files: list[tuple[Path, Path]],
    settings: ConversionSettings,
    *,
    f0_ranges: tuple[F0Range | None, F0Range | None],
    n_jobs: int | None,
    cache: Path | None,
    skip: bool,
    resample: bool,
    progress: Progress | None,
) -> Corpus:
    """Reads and analyses parallel recordings.

    Parameters are as those of `VoiceConverter`; `resample` says whether recordings of another rate
    are brought to that of the settings, or are bad.
    """
    features, power_threshold = settings.world, settings.power_threshold
    corpus = Corpus(files, skip, power_threshold)
    corpus.drop({} if resample else _other_rates(corpus, settings.sample_rate))
    on_pairs = partial(_on_pairs, corpus=corpus, n_jobs=n_jobs, progress=progress)

    def contour(path: Path, side: int) -> np.ndarray | None:
        return cached_rough_f0(path, features, cache) if f0_ranges[side] is None else None

    wanted = any(given is None for given in f0_ranges)
    contours = on_pairs(contour, stage="F0 range") if wanted else []
    source, target = (
        given or _found_range(corpus, contours, side) for side, given in enumerate(f0_ranges)
    )
    corpus.f0_ranges = source, target

    def analysis(path: Path, side: int) -> Analysis:
        found = cached_analysis(path, features, corpus.f0_ranges[side], cache)
        active = int((found.power > power_threshold).sum())
        if active < _FEWEST_ACTIVE_FRAMES:
            raise ValueError(f"{path}: only {active} frames hold speech")
        return found

    corpus.analyses = on_pairs(analysis, stage="features")
    return corpus


def _other_rates(corpus: Corpus, usual: int) -> dict[int, str]:
    """A sentence for each pair with another sample rate."""
    return {
        i: f"{path} has {rate} Hz, and most recordings {usual} Hz: give sample_rate to convert it"
        for i, pair in enumerate(corpus.files)
        for path in pair
        if (rate := rate_of(path)) not in (None, usual)
    }


def _found_range(corpus: Corpus, contours: list[tuple], side: int) -> F0Range:
    try:
        return world.find_f0_range([pair[side] for pair in contours])
    except ValueError as error:
        first = corpus.files[0][side]
        raise ValueError(f"{first} and {len(contours) - 1} more: {error}") from error


def _on_pairs(
    function: Callable[[Path, int], Any],
    *,
    corpus: Corpus,
    n_jobs: int | None,
    progress: Progress | None,
    stage: str,
) -> list[tuple[Any, Any]]:
    """`function` of both files of each pair; pairs with an error are dropped from the corpus."""

    def attempt(task: tuple[Path, int]) -> Any:
        try:
            return function(*task)
        except (ValueError, OSError) as error:
            return error
        except MemoryError as error:
            return ValueError(f"{task[0]}: {error or 'not enough memory'}")

    tasks = [(path, side) for pair in corpus.files for side, path in enumerate(pair)]
    results = for_each(attempt, tasks, n_jobs, progress, stage)
    pairs = list(zip(results[::2], results[1::2], strict=True))
    errors = {
        i: explain(next(r for r in pair if isinstance(r, Exception)))
        for i, pair in enumerate(pairs)
        if any(isinstance(r, Exception) for r in pair)
    }
    corpus.drop(errors)
    return [pair for i, pair in enumerate(pairs) if i not in errors]

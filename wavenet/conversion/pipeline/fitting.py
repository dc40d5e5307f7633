"""From parallel recordings to a converter: features, training, and no pairs of different texts."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from wavenet.config.conversion import SourceStatistics, VoiceConverterConfig
from wavenet.conversion.mixture.gmm import JointDensityGMM
from wavenet.conversion.mixture.spectral_mapping import SpectralMapping
from wavenet.conversion.pipeline.preparation import ENOUGH_PAIRS, Corpus, F0Range, Path, prepare
from wavenet.conversion.pipeline.recordings import Progress
from wavenet.conversion.pipeline.training import (
    Alignment,
    cross_validate,
    different_texts,
    strange_pair,
    train,
)
from wavenet.conversion.pipeline.utterance import Utterance
from wavenet.conversion.pitch import measure_voice, origin_slope
from wavenet.conversion.trajectory.voice_shaping import VoiceShaping
from wavenet.features.bands import relative_power

_FRAMES_PER_COMPONENT = 50
_ITERATIONS = 8  # more do not change the result on held-out sentences


class FewPairsWarning(UserWarning):
    """A converter was learned from fewer pairs than are recommended."""


def fit(
    draft: VoiceConverterConfig,
    source_files: Sequence[Path],
    target_files: Sequence[Path],
    *,
    f0_ranges: tuple[F0Range | None, F0Range | None],
    n_jobs: int | None,
    cache: Path | None,
    skip: bool,
    resample: bool,
    progress: Progress | None,
) -> tuple[VoiceConverterConfig, SpectralMapping, VoiceShaping, list[str]]:
    """Learns a conversion.

    Parameters
    ----------
    draft
        All settings, with stand-ins for what is learned: voices, number of components, F0 slope.
    source_files, target_files, f0_ranges, n_jobs, cache, skip, resample, progress
        As those of `wavenet.conversion.pipeline.preparation.prepare`.

    Returns
    -------
    config, mapping, shaping, skipped
        The finished configuration; and one sentence for each pair left out.
    """
    corpus = prepare(
        source_files,
        target_files,
        draft.world,
        f0_ranges=f0_ranges,
        power_threshold=draft.power_threshold,
        n_jobs=n_jobs,
        cache=cache,
        skip=skip,
        resample=resample,
        progress=progress,
    )
    mapping, rounds = _train(draft, corpus, n_jobs, progress)
    distortions = [alignment.distortion for alignment in rounds[-1]]
    strangers = different_texts(distortions)
    if strangers:
        corpus.drop({i: strange_pair(corpus.files[i], i, distortions) for i in strangers})
        mapping, rounds = _train(draft, corpus, n_jobs, progress)
    if (count := len(corpus.files)) < ENOUGH_PAIRS:
        warnings.warn(
            f"{count} pairs are few: {ENOUGH_PAIRS} or more make a better converter",
            FewPairsWarning,
            stacklevel=3,
        )
    shaping = _shape(draft, corpus, mapping)
    config = _finished(draft, corpus, mapping, rounds)
    config = dataclasses.replace(
        config,
        gain_db=shaping.gain_db,
        source_statistics=_statistics(draft, corpus, mapping, rounds[-1], n_jobs),
    )
    return config, mapping, shaping, corpus.skipped


def _mixture(
    draft: VoiceConverterConfig, sources: Sequence[Utterance], n_jobs: int | None, **changes: Any
) -> JointDensityGMM:
    frames = sum(len(x.active) for x in sources)
    settings = {
        "n_components": max(1, min(draft.fit.n_components, frames // _FRAMES_PER_COMPONENT)),
        "prior_frames": draft.fit.prior_frames,
        "max_iter": _ITERATIONS,
        "tol": 0.0,
        "random_state": draft.fit.random_state,
        "n_jobs": n_jobs,
    }
    return JointDensityGMM(**(settings | changes))


def _train(
    draft: VoiceConverterConfig, corpus: Corpus, n_jobs: int | None, progress: Progress | None
) -> tuple[SpectralMapping, list[list[Alignment]]]:
    source, target = corpus.utterances(0), corpus.utterances(1)
    return train(
        source,
        target,
        partial(_mixture, draft, source, n_jobs),
        draft.context,
        draft.source_dimensions,
        draft.fit.n_alignments,
        draft.fit.n_mixtures,
        lambda done, total: progress("training", done, total) if progress else None,
    )


def _shape(draft: VoiceConverterConfig, corpus: Corpus, mapping: SpectralMapping) -> VoiceShaping:
    """What the target's recordings have and conversions of the source's lack."""
    converted = [Utterance(mapping.trajectory(x.features), x.active) for x in corpus.utterances(0)]
    sources, targets = ([pair[side] for pair in corpus.analyses] for side in (0, 1))
    return VoiceShaping.fit(draft.world, sources, converted, targets, corpus.utterances(1))


def _statistics(
    draft: VoiceConverterConfig,
    corpus: Corpus,
    mapping: SpectralMapping,
    alignments: list[Alignment],
    n_jobs: int | None,
) -> SourceStatistics:
    source, target = corpus.utterances(0), corpus.utterances(1)
    make_mixture = partial(_mixture, draft, source, n_jobs)
    likelihoods = cross_validate(mapping.projection, source, target, alignments, make_mixture)
    powers = [
        relative_power(analysis.band_power, draft.sample_rate)[x.active]
        for (analysis, _), x in zip(corpus.analyses, source, strict=True)
    ]
    return SourceStatistics.of(likelihoods, powers)


def _finished(
    draft: VoiceConverterConfig,
    corpus: Corpus,
    mapping: SpectralMapping,
    rounds: list[list[Alignment]],
) -> VoiceConverterConfig:
    """The draft with what was learned."""
    source, target = ([pair[side].f0 for pair in corpus.analyses] for side in (0, 1))
    return dataclasses.replace(
        draft,
        source=measure_voice(corpus.f0_ranges[0], source),
        target=measure_voice(corpus.f0_ranges[1], target),
        n_components=mapping.mixture.n_components,
        f0_slope=origin_slope(
            np.concatenate([f0[a.source] for f0, a in zip(source, rounds[-1], strict=True)]),
            np.concatenate([f0[a.target] for f0, a in zip(target, rounds[-1], strict=True)]),
        ),
        training={
            "pairs": float(len(source)),
            "distortion_before_db": float(np.mean([a.distortion for a in rounds[0]])),
            "distortion_after_db": float(np.mean([a.distortion for a in rounds[-1]])),
        },
    )

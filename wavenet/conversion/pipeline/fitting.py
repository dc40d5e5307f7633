"""From analysed pairs to a converter: training, shaping, and no pairs of different texts."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np

from wavenet.config.conversion import (
    REVISION,
    ConversionSettings,
    SourceStatistics,
    VoiceConverterConfig,
)
from wavenet.conversion.mixture.gmm import JointDensityGMM
from wavenet.conversion.mixture.spectral_mapping import SpectralMapping
from wavenet.conversion.pipeline.preparation import ENOUGH_PAIRS, Corpus
from wavenet.conversion.pipeline.recordings import Progress
from wavenet.conversion.pipeline.training import (
    Alignment,
    cross_validate,
    different_texts,
    mismatched_pair,
    train_mapping,
)
from wavenet.conversion.pipeline.utterance import Utterance
from wavenet.conversion.pitch import measure_voice, origin_slope
from wavenet.conversion.trajectory.voice_shaping import VoiceShaping
from wavenet.features.bands import relative_power

_FRAMES_PER_COMPONENT = 50
_ITERATIONS = 8  # more do not change the result on held-out sentences


class FewPairsWarning(UserWarning):
    """A converter was learned from fewer pairs than are recommended."""


def learn_conversion(
    settings: ConversionSettings, corpus: Corpus, n_jobs: int | None, progress: Progress | None
) -> tuple[VoiceConverterConfig, SpectralMapping, VoiceShaping]:
    """Learns a conversion; pairs of different texts are dropped from the corpus."""
    make_mixture = partial(_mixture, settings, n_jobs)
    train = partial(train_mapping, settings=settings, progress=progress)
    sides = corpus.utterances(0), corpus.utterances(1)
    mapping, rounds = train(*sides, partial(make_mixture, sides[0]))
    distortions = [alignment.distortion for alignment in rounds[-1]]
    if mismatched := different_texts(distortions):
        corpus.drop({i: mismatched_pair(corpus.files[i], i, distortions) for i in mismatched})
        sides = corpus.utterances(0), corpus.utterances(1)
        mapping, rounds = train(*sides, partial(make_mixture, sides[0]))
    if (count := len(corpus.files)) < ENOUGH_PAIRS:
        warnings.warn(
            f"{count} pairs are few: {ENOUGH_PAIRS} or more make a better converter",
            FewPairsWarning,
            stacklevel=3,
        )
    source, target = sides
    converted = [Utterance(mapping.trajectory(x.features), x.active) for x in source]
    analyses = [[pair[side] for pair in corpus.analyses] for side in (0, 1)]
    shaping = VoiceShaping.fit(settings.world, analyses[0], converted, analyses[1], target)
    likelihoods = cross_validate(
        mapping.projection, source, target, rounds[-1], partial(make_mixture, source)
    )
    powers = [
        relative_power(analysis.band_power, settings.sample_rate)[x.active]
        for analysis, x in zip(analyses[0], source, strict=True)
    ]
    f0 = [[analysis.f0 for analysis in of_side] for of_side in analyses]
    config = VoiceConverterConfig(
        **vars(settings),
        source=measure_voice(corpus.f0_ranges[0], f0[0]),
        target=measure_voice(corpus.f0_ranges[1], f0[1]),
        n_components=mapping.mixture.n_components,
        f0_slope=_f0_slope(f0, rounds[-1]),
        training={
            "pairs": float(count),
            "distortion_before_db": float(np.mean([a.distortion for a in rounds[0]])),
            "distortion_after_db": float(np.mean([a.distortion for a in rounds[-1]])),
        },
        gain_db=shaping.gain_db,
        source_statistics=SourceStatistics.of(likelihoods, powers),
        revision=REVISION,
    )
    return config, mapping, shaping


def _mixture(
    settings: ConversionSettings, n_jobs: int | None, sources: list[Utterance], **changes: Any
) -> JointDensityGMM:
    """An untrained mixture with as many components as the frames suffice for."""
    frames = sum(len(x.active) for x in sources)
    values = {
        "n_components": max(1, min(settings.fit.n_components, frames // _FRAMES_PER_COMPONENT)),
        "prior_frames": settings.fit.prior_frames,
        "max_iter": _ITERATIONS,
        "tol": 0.0,
        "random_state": settings.fit.random_state,
        "n_jobs": n_jobs,
    }
    return JointDensityGMM(**(values | changes))


def _f0_slope(f0: list[list[np.ndarray]], alignments: list[Alignment]) -> float:
    """Slope of target F0 on source F0 over the aligned frames."""
    source, target = f0
    return origin_slope(
        np.concatenate([f[a.source] for f, a in zip(source, alignments, strict=True)]),
        np.concatenate([f[a.target] for f, a in zip(target, alignments, strict=True)]),
    )

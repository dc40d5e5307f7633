"""Trains a spectral mapping on parallel utterances: align, train, convert, align again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from wavenet.config.conversion import ConversionSettings
from wavenet.conversion.mixture.gmm import JointDensityGMM
from wavenet.conversion.mixture.joint_features import SourceProjection, stack_context, with_deltas
from wavenet.conversion.mixture.spectral_mapping import SpectralMapping
from wavenet.conversion.pipeline.recordings import Progress
from wavenet.conversion.pipeline.utterance import Utterance
from wavenet.dsp.dtw import dtw
from wavenet.metrics.mel_cepstral_distortion import path_distortion

_COARSE_COMPONENTS = 32
_COARSE_ITERATIONS = 5


@dataclass(frozen=True)
class Alignment:
    """Paired frames of one pair: `source[i]` goes with `target[i]`.

    `distortion` is their mean mel-cepstral distortion on the alignment's own features [dB].
    """

    source: np.ndarray
    target: np.ndarray
    distortion: float


def align(features: np.ndarray, source: Utterance, target: Utterance) -> Alignment:
    """Aligns the speaking frames of a pair by dynamic time warping.

    `features` (n_frames, order) stand for the source: its own, or better, converted ones.
    """
    a, b = features[source.active], target.features[target.active]
    _, path = dtw(a, b)
    distortion = path_distortion(a, b, path)
    return Alignment(source.active[path[:, 0]], target.active[path[:, 1]], distortion)


def train_mapping(
    sources: Sequence[Utterance],
    targets: Sequence[Utterance],
    make_mixture: Callable[..., JointDensityGMM],
    settings: ConversionSettings,
    progress: Progress | None,
) -> tuple[SpectralMapping, list[list[Alignment]]]:
    """Trains on pairs of utterances.

    The first alignment is that of the source itself, the others of its conversion by a coarse
    mixture that was trained on the alignment before.

    Parameters
    ----------
    make_mixture
        Makes an untrained mixture; its keyword arguments override its settings.

    Returns
    -------
    mapping, alignments
        The alignments (round by round) of every pair.
    """
    context, n_alignments = settings.context, settings.fit.n_alignments
    stacked = [stack_context(x.features, context)[x.active] for x in sources]
    projection = SourceProjection.fit(np.concatenate(stacked), context, settings.source_dimensions)
    converted = [x.features for x in sources]
    rounds = []
    for i in range(n_alignments):
        aligned = [align(*pair) for pair in zip(converted, sources, targets, strict=True)]
        rounds.append(aligned)
        joint = _joint_frames(projection, sources, targets, aligned)
        last = i == n_alignments - 1
        if last:
            mixture = _pooled(make_mixture, joint, settings.fit.n_mixtures)
        else:
            mixture = _coarse(make_mixture, joint)
        mapping = SpectralMapping(projection, mixture)
        if not last:
            converted = [mapping.trajectory(x.features) for x in sources]
        if progress:
            progress("training", i + 1, n_alignments)
    return mapping, rounds


def cross_validate(
    projection: SourceProjection,
    sources: Sequence[Utterance],
    targets: Sequence[Utterance],
    alignments: Sequence[Alignment],
    make_mixture: Callable[..., JointDensityGMM],
) -> list[np.ndarray]:
    """Log-likelihoods of the speaking frames of each source that was not trained on [nat].

    A mixture of each half of the recordings judges the other half.
    """
    halves = []
    for half in (0, 1):
        seen = slice(1 - half, None, 2)
        joint = _joint_frames(projection, sources[seen], targets[seen], alignments[seen])
        halves.append(SpectralMapping(projection, make_mixture().fit(joint)))
    return [
        halves[i % 2].log_likelihood(projection(x.features)[x.active])
        for i, x in enumerate(sources)
    ]


def _coarse(make_mixture: Callable[..., JointDensityGMM], joint: np.ndarray) -> JointDensityGMM:
    n_components = min(_COARSE_COMPONENTS, make_mixture().n_components)
    return make_mixture(n_components=n_components, max_iter=_COARSE_ITERATIONS).fit(joint)


def _pooled(
    make_mixture: Callable[..., JointDensityGMM], joint: np.ndarray, n_mixtures: int
) -> JointDensityGMM:
    """One mixture of all components of some mixtures that started differently.

    Their errors differ where their boundaries do, so the pool errs less than each.
    """
    first = make_mixture()
    parts = [
        make_mixture(random_state=first.random_state + i).fit(joint) for i in range(n_mixtures)
    ]
    first.set_params(n_components=n_mixtures * first.n_components)
    first.weights_ = np.concatenate([p.weights_ for p in parts]) / n_mixtures
    first.means_ = np.concatenate([p.means_ for p in parts])
    first.covariances_ = np.concatenate([p.covariances_ for p in parts])
    return first


def _joint_frames(
    projection: SourceProjection,
    sources: Sequence[Utterance],
    targets: Sequence[Utterance],
    alignments: Sequence[Alignment],
) -> np.ndarray:
    return np.concatenate(
        [
            np.hstack([projection(x.features)[a.source], with_deltas(y.features)[a.target]])
            for x, y, a in zip(sources, targets, alignments, strict=True)
        ]
    )


def different_texts(distortions: Sequence[float]) -> list[int]:
    """Places of the pairs whose distortion is so far above the others' that the texts differ.

    The limit is 1.35 times the median: pairs of one text stay within 1.2 times, pairs of two texts
    begin at 1.5 times (CMU ARCTIC slt and bdl).
    """
    return np.flatnonzero(np.array(distortions) > 1.35 * np.median(distortions)).tolist()


def mismatched_pair(pair: Sequence[object], i: int, distortions: Sequence[float]) -> str:
    """A sentence on pair number i, which `different_texts` found."""
    return (
        f"{pair[0]} and {pair[1]} seem to hold different texts: their distortion after alignment "
        f"is {distortions[i]:.1f} dB, that of other pairs {np.median(distortions):.1f} dB"
    )

"""How well a converter does on recordings that it was not trained on."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wavenet.alignment import dtw
from wavenet.arguments import choice
from wavenet.conversion.config import METHODS, VoiceConverterConfig
from wavenet.conversion.converter import VoiceConverter
from wavenet.conversion.recordings import Progress, cached_analysis, for_each
from wavenet.features.world import Analysis
from wavenet.metrics.f0 import compare_f0
from wavenet.metrics.mel_cepstral_distortion import path_distortion
from wavenet.metrics.summary import global_variance_ratio, mean_interval


@dataclass(frozen=True)
class FileScore:
    """Figures of one recording; see `Evaluation`."""

    distortion_before_db: float
    distortion_db: float
    log_f0_rmse: float
    log_f0_correlation: float
    voicing_error: float


@dataclass
class Evaluation:
    """Figures of a converter on held-out pairs.

    Attributes
    ----------
    files
        Figures by the name of the source recording: mel-cepstral distortion of the source and of
        the converted source to the target [dB], root mean square difference [neper] and correlation
        of log F0 where both are voiced, and the share of frames voiced on one side only.
    means
        Mean and half width of the 95 % confidence interval of each figure.
    global_variance_before, global_variance : (order,)
        Ratio to the target's variance by coefficient.
    settings
        Everything that the values depend on.
    failed
        One sentence for each pair that could not be measured.
    """

    files: dict[str, FileScore]
    settings: dict[str, Any]
    global_variance_before: np.ndarray
    global_variance: np.ndarray
    failed: list[str] = field(default_factory=list)

    @property
    def means(self) -> dict[str, tuple[float, float]]:
        names = [f.name for f in dataclasses.fields(FileScore)]
        scores = list(self.files.values())
        return {n: tuple(mean_interval([getattr(s, n) for s in scores])) for n in names}

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-ready values."""
        return {
            "settings": self.settings,
            "means": {k: {"mean": m, "half_width": h} for k, (m, h) in self.means.items()},
            "global_variance_ratio": {
                "before": self.global_variance_before.tolist(),
                "after": self.global_variance.tolist(),
            },
            "files": {name: dataclasses.asdict(score) for name, score in self.files.items()},
            "failed": self.failed,
        }


def evaluate(
    converter: VoiceConverter,
    source_files: Sequence[str | os.PathLike],
    target_files: Sequence[str | os.PathLike],
    *,
    method: str | None = None,
    n_jobs: int | None = None,
    cache: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measures converted features against the target's.

    Pairs are aligned by dynamic time warping of the converted to the target mel-cepstra, over the
    frames that speak; all figures are along that path, but those before conversion, which have a
    path of their own.

    Raises
    ------
    ValueError
        There is no such method, or no pair could be measured.
    """
    config = converter.config_
    method = choice("method", config.method if method is None else method, METHODS)
    speakers = (config.source.f0_range, config.target.f0_range)

    def attempt(pair: tuple) -> tuple[FileScore, list[np.ndarray]] | str:
        try:
            source, target = (
                cached_analysis(path, config.world, f0_range, cache)
                for path, f0_range in zip(pair, speakers, strict=True)
            )
            return _score(converter, source, target, method)
        except (ValueError, OSError) as error:
            return str(error)

    pairs = list(zip(source_files, target_files, strict=True))
    results = for_each(attempt, pairs, n_jobs, progress, "evaluating")
    failed = [r for r in results if isinstance(r, str)]
    done = {str(p[0]): r for p, r in zip(pairs, results, strict=True) if not isinstance(r, str)}
    if not done:
        raise ValueError(f"no pair could be measured: {'; '.join(failed) or 'there is none'}")
    before, after, target = zip(*(features for _, features in done.values()), strict=True)
    return Evaluation(
        files={name: score for name, (score, _) in done.items()},
        settings=_settings(config, method),
        global_variance_before=global_variance_ratio(target, before),
        global_variance=global_variance_ratio(target, after),
        failed=failed,
    )


def _score(
    converter: VoiceConverter, source: Analysis, target: Analysis, method: str
) -> tuple[FileScore, list[np.ndarray]]:
    """Figures of a pair; and the speech frames of source, converted source and target."""
    threshold = converter.config_.power_threshold
    speaks, answers = source.power > threshold, target.power > threshold
    y = target.mel_cepstrum[answers, 1:]
    before = source.mel_cepstrum[speaks, 1:]
    after = converter.convert_features(source, method)[speaks, 1:]
    _, path = dtw(after, y)
    f0 = compare_f0(
        target.f0[answers][path[:, 1]], converter.convert_f0(source.f0)[speaks][path[:, 0]]
    )
    score = FileScore(
        distortion_before_db=path_distortion(before, y, dtw(before, y)[1]),
        distortion_db=path_distortion(after, y, path),
        log_f0_rmse=f0.log_rmse,
        log_f0_correlation=f0.correlation,
        voicing_error=f0.voicing_error,
    )
    return score, [before, after, y]


def _settings(config: VoiceConverterConfig, method: str) -> dict[str, Any]:
    return {
        "method": "mlpg" if method == "differential" else method,
        "distortion": f"10 / ln 10 * sqrt(2 sum d^2), coefficients 1 to {config.world.order}",
        "alignment": "dynamic time warping of the features compared, mean over the path",
        "power_threshold_db": config.power_threshold,
        "world": dataclasses.asdict(config.world),
        "source_f0_range": config.source.f0_range,
        "target_f0_range": config.target.f0_range,
        "f0": config.f0,
    }

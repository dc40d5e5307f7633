"""How well a converter does on recordings that it was not trained on."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from wavenet.base.validation import choice
from wavenet.config.conversion import METHODS, VoiceConverterConfig
from wavenet.conversion.converter import VoiceConverter
from wavenet.conversion.pipeline.recordings import (
    Progress,
    Recordings,
    cached_analysis,
    for_each,
    pair_files,
)
from wavenet.conversion.pipeline.training import different_texts, mismatched_pair
from wavenet.conversion.trajectory.band_mapping import level, power_in_bands
from wavenet.dsp.dtw import dtw
from wavenet.features.bands import band_edges
from wavenet.features.world import Analysis
from wavenet.io.atomic import explain
from wavenet.metrics.f0 import compare_f0
from wavenet.metrics.mel_cepstral_distortion import path_distortion
from wavenet.metrics.summary import Interval, global_variance_ratio, mean_interval

LOUD = 0.95


@dataclass(frozen=True)
class ConversionMetrics:
    """How near a recording's features are to the target's; see `ConversionEvaluation`."""

    distortion_db: float
    log_f0_rmse: float
    log_f0_correlation: float
    voicing_error: float
    global_variance_ratio: float
    level_db: float


@dataclass(frozen=True)
class BandPower:
    """Power of the frames that speak in a band, over that of the target's [dB].

    Attributes
    ----------
    mean, loud
        Mean power over the frames of all recordings, and its quantile of 95 %.
    """

    mean: float
    loud: float


@dataclass(frozen=True)
class FileMetrics:
    """Metrics of a source recording as it is, and of its conversion."""

    before: ConversionMetrics
    after: ConversionMetrics


@dataclass
class ConversionEvaluation:
    """Metrics of a converter on held-out pairs.

    Attributes
    ----------
    files
        Metrics by the name of the source recording: mel-cepstral distortion to the target [dB],
        root mean square difference [neper] and correlation of log F0 where both are voiced, the
        share of frames voiced on one side only, the variance over the mean one of the target's
        recordings, and the level over that of the target's recording [dB].
    settings
        Everything that the values depend on.
    global_variance_before, global_variance_after : (order,)
        Ratio to the target's variance by coefficient, over all recordings.
    bands
        Power before and after, by the band's edges, as "0-3000 Hz".
    failed
        One sentence for each pair that could not be measured.
    doubtful
        One sentence for each pair, measured like the others, whose texts seem to differ.
    """

    files: dict[str, FileMetrics]
    settings: dict[str, Any]
    global_variance_before: np.ndarray
    global_variance_after: np.ndarray
    bands: dict[str, tuple[BandPower, BandPower]]
    failed: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)

    @property
    def means(self) -> dict[str, tuple[Interval, Interval]]:
        """Each metric's mean over the files, before and after, with its 95 % interval."""

        def mean(name: str, side: str) -> Interval:
            return mean_interval([getattr(getattr(s, side), name) for s in self.files.values()])

        names = [f.name for f in dataclasses.fields(ConversionMetrics)]
        return {name: (mean(name, "before"), mean(name, "after")) for name in names}

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-ready values; None where there is no value."""
        return _plain(
            {
                "settings": self.settings,
                "means": {
                    name: {"before": before._asdict(), "after": after._asdict()}
                    for name, (before, after) in self.means.items()
                },
                "global_variance_ratio": {
                    "before": self.global_variance_before.tolist(),
                    "after": self.global_variance_after.tolist(),
                },
                "bands": {
                    name: {"before": asdict(before), "after": asdict(after)}
                    for name, (before, after) in self.bands.items()
                },
                "files": {name: asdict(metrics) for name, metrics in self.files.items()},
                "failed": self.failed,
                "doubtful": self.doubtful,
            }
        )


@dataclass(frozen=True)
class _Speech:
    """The frames of a recording that speak.

    Attributes
    ----------
    features : (n_frames, order)
    f0 : (n_frames,)
        [Hz]
    power : (n_frames, n_bands)
    """

    features: np.ndarray
    f0: np.ndarray
    power: np.ndarray


def evaluate_conversion(
    converter: VoiceConverter,
    source: Recordings,
    target: Recordings,
    *,
    method: str | None = None,
    n_jobs: int | None = None,
    cache: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> ConversionEvaluation:
    """Measures features before and after conversion against the target's.

    Each is aligned with the target by dynamic time warping of the mel-cepstra, over the frames that
    speak; all its metrics are along that path. Recordings are as for `VoiceConverter.fit`.

    Raises
    ------
    ValueError
        There is no such method, or no pair could be measured.
    """
    config = converter.config_
    method = choice("method", config.method if method is None else method, METHODS)
    speakers = (config.source.f0_range, config.target.f0_range)

    def attempt(pair: tuple) -> tuple[_Speech, ...] | str:
        try:
            source, target = (
                cached_analysis(path, config.world, f0_range, cache)
                for path, f0_range in zip(pair, speakers, strict=True)
            )
            return _speech(converter, source, target, method)
        except (ValueError, OSError) as error:
            return explain(error)
        except MemoryError as error:
            return f"{pair[0]}: {error or 'not enough memory'}"

    pairs = pair_files(source, target)
    results = for_each(attempt, pairs, n_jobs, progress, "evaluating")
    failed = [r for r in results if isinstance(r, str)]
    done = {p: r for p, r in zip(pairs, results, strict=True) if not isinstance(r, str)}
    if not done:
        raise ValueError(f"no pair could be measured: {'; '.join(failed) or 'there is none'}")
    before, after, aims = ([s.features for s in side] for side in zip(*done.values(), strict=True))
    variance = np.mean([y.var(axis=0) for y in aims], axis=0)
    files = {
        pair: FileMetrics(_compare(source, aim, variance), _compare(converted, aim, variance))
        for pair, (source, converted, aim) in done.items()
    }
    distortions = [metrics.after.distortion_db for metrics in files.values()]
    mismatched = different_texts(distortions)
    return ConversionEvaluation(
        files={str(source): metrics for (source, _), metrics in files.items()},
        settings=_settings(config, method),
        global_variance_before=global_variance_ratio(aims, before),
        global_variance_after=global_variance_ratio(aims, after),
        bands=_bands(list(done.values()), config.sample_rate),
        failed=failed,
        doubtful=[mismatched_pair(list(files)[i], i, distortions) for i in mismatched],
    )


def _speech(
    converter: VoiceConverter, source: Analysis, target: Analysis, method: str
) -> tuple[_Speech, _Speech, _Speech]:
    """The source, its conversion and the target."""
    threshold = converter.config_.power_threshold
    speaks, answers = source.power > threshold, target.power > threshold
    converted = converter.convert_features(source, method)
    f0 = converter.convert_f0(source.f0)
    power = power_in_bands(converted, converter.config_.world)
    return (
        _Speech(source.mel_cepstrum[speaks, 1:], source.f0[speaks], source.band_power[speaks]),
        _Speech(converted[speaks, 1:], f0[speaks], power[speaks]),
        _Speech(target.mel_cepstrum[answers, 1:], target.f0[answers], target.band_power[answers]),
    )


def _bands(
    recordings: list[tuple[_Speech, ...]], sample_rate: int
) -> dict[str, tuple[BandPower, BandPower]]:
    sides = [np.concatenate([side.power for side in r]) for r in zip(*recordings, strict=True)]
    statistics = 10.0 * np.log10(
        [[side.mean(axis=0), np.quantile(side, LOUD, axis=0)] for side in sides]
    )
    before, after = statistics[:2] - statistics[2]
    edges = itertools.pairwise(band_edges(sample_rate))
    return {
        f"{low:.0f}-{high:.0f} Hz": (BandPower(*before[:, i]), BandPower(*after[:, i]))
        for i, (low, high) in enumerate(edges)
    }


def _compare(given: _Speech, aim: _Speech, variance: np.ndarray) -> ConversionMetrics:
    _, path = dtw(given.features, aim.features)
    f0 = compare_f0(aim.f0[path[:, 1]], given.f0[path[:, 0]])
    return ConversionMetrics(
        distortion_db=path_distortion(given.features, aim.features, path),
        log_f0_rmse=f0.log_rmse,
        log_f0_correlation=f0.correlation,
        voicing_error=f0.voicing_error,
        global_variance_ratio=float((given.features.var(axis=0) / variance).mean()),
        level_db=10.0 / math.log(10.0) * (level(given.power) - level(aim.power)),
    )


def _settings(config: VoiceConverterConfig, method: str) -> dict[str, Any]:
    order = config.world.order
    return {
        "method": "mlpg" if method == "differential" else method,
        "f0": config.f0,
        "distortion": f"10 / ln 10 * sqrt(2 sum d^2) [dB], coefficients 1 to {order}",
        "alignment": "dynamic time warping of the features compared, symmetric steps; figures are "
        "means over the path",
        "log_f0": "natural logarithm of F0 [Hz], where both sides are voiced",
        "voicing_error": "share of the path's frames that are voiced on one side only",
        "global_variance_ratio": "variance within a file over the mean one of the target's files, "
        f"mean over coefficients 1 to {order}",
        "level_db": "mean power of the frames that speak over that of the target's recording",
        "bands": "power of all frames that speak over that of the target's [dB]: of the mean over "
        f"frames, and of the quantile of {LOUD:.0%}",
        "interval": "mean over files, 1.96 standard errors to each side",
        "power_threshold_db": config.power_threshold,
        "world": asdict(config.world),
        "source_f0_range": config.source.f0_range,
        "target_f0_range": config.target.f0_range,
    }


def _plain(value: Any) -> Any:
    """`value` with None instead of numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

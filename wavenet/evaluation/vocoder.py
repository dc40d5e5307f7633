"""How near outputs are to their references: a vocoder's copies to the recordings they are from."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from wavenet.base.sound import as_samples
from wavenet.conversion.pipeline.recordings import Progress, find_pairs, for_each
from wavenet.dsp.mulaw import mulaw_decode, mulaw_encode
from wavenet.features import world
from wavenet.features.world import Analysis, WorldSettings
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.atomic import explain
from wavenet.io.audio import named, read_audio
from wavenet.io.audio_files import Note
from wavenet.metrics import log_spectral_distance as lsd
from wavenet.metrics import perception
from wavenet.metrics.f0 import compare_f0
from wavenet.metrics.log_spectral_distance import log_spectral_distance
from wavenet.metrics.mel_cepstral_distortion import mel_cepstral_distortion
from wavenet.metrics.summary import Interval, mean_interval

POWER_THRESHOLD = -20.0  # frames below, relative to the recording's mean, count as silence [dB]
_CENTS = 1200 / math.log(2)


@dataclass(frozen=True)
class CopyMetrics:
    """Distances of a sound to its reference; NaN where one has no value, or was not measured.

    Attributes
    ----------
    mcd_db, lsd_db
        Mel-cepstral distortion and log-spectral distance [dB].
    f0_rmse_cents
        Where both are voiced.
    voicing_error
        Share of the frames that are voiced in one only.
    pesq, stoi
        See `wavenet.metrics.perception`.
    bits_per_sample
        Bits per sample of the reference under the model.
    """

    mcd_db: float
    lsd_db: float
    f0_rmse_cents: float
    voicing_error: float
    pesq: float = math.nan
    stoi: float = math.nan
    bits_per_sample: float = math.nan


COPY_METRICS = tuple(field.name for field in dataclasses.fields(CopyMetrics))


@dataclass
class CopyEvaluation:
    """Metrics of files against references of the same name.

    Attributes
    ----------
    files
        Metrics by name.
    mulaw_bound
        The same of each reference after the round trip through 8-bit mu-law codes: what a perfect
        model of such codes would reach.
    settings
        Everything that the values depend on.
    failed
        One sentence for each pair that could not be measured.
    """

    files: dict[str, CopyMetrics]
    mulaw_bound: dict[str, CopyMetrics]
    settings: dict[str, Any]
    failed: list[str] = field(default_factory=list)

    @property
    def means(self) -> dict[str, dict[str, Interval]]:
        """The mean over files of each metric of "files" and "mulaw_bound", 95 % interval."""
        return {
            side: {
                name: mean_interval([getattr(f, name) for f in getattr(self, side).values()])
                for name in COPY_METRICS
            }
            for side in ("files", "mulaw_bound")
        }

    def to_dict(self) -> dict[str, Any]:
        """Settings, means and failures as JSON-ready values; None where there is no value."""
        means = {
            side: {name: [_json_value(x) for x in interval] for name, interval in by_name.items()}
            for side, by_name in self.means.items()
        }
        return {"settings": self.settings, "means": means, "failed": self.failed}

    def to_csv(self) -> str:
        """One row a file, with the columns of `CopyMetrics` and the mu-law upper bound's."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["file", *COPY_METRICS, *(f"mulaw_bound_{name}" for name in COPY_METRICS)])
        for name, figures in self.files.items():
            values = [*dataclasses.astuple(figures), *dataclasses.astuple(self.mulaw_bound[name])]
            writer.writerow([name, *("" if math.isnan(v) else f"{v:.6g}" for v in values)])
        return text.getvalue()


class CopyComparison:
    """Measures sounds against a reference.

    Parameters
    ----------
    reference : (n_samples,)
        Sound that speaks.
    sample_rate
        [Hz], from 8,000 to 48,000.
    f0_range
        Where F0 is looked for [Hz].

    Raises
    ------
    ValueError
        The reference is silent, shorter than 0.1 s or not finite.
    """

    def __init__(
        self,
        reference: np.ndarray,
        sample_rate: int,
        f0_range: tuple[float, float] = world.DEFAULT_F0_RANGE,
    ):
        self.settings = WorldSettings(sample_rate=sample_rate)
        self._f0_range = f0_range
        self.reference = world.checked_sound(reference, self.settings)
        self._analysis = self._analyze(self.reference)

    def __call__(self, other: np.ndarray) -> CopyMetrics:
        """Metrics of a sound of the same length, but for less than two frames.

        Raises
        ------
        ValueError
            Another length, or a sound that cannot be analysed.
        """
        other = as_samples(other)
        reference, rate = self.reference, self.settings.sample_rate
        frame = self.settings.frame_period * rate / 1000
        if abs(len(other) - len(reference)) >= 2 * frame:
            raise ValueError(
                f"the output has {len(other)} samples and its reference {len(reference)}; figures "
                "without alignment need equal lengths"
            )
        length = min(len(other), len(reference))
        reference, other = reference[:length], other[:length]
        a, b = self._analysis, self._analyze(other)
        frames = min(len(a.f0), len(b.f0))
        speaks = a.power[:frames] > POWER_THRESHOLD
        f0 = compare_f0(a.f0[:frames], b.f0[:frames])
        return CopyMetrics(
            mcd_db=mel_cepstral_distortion(
                a.mel_cepstrum[:frames][speaks], b.mel_cepstrum[:frames][speaks], align=False
            ),
            lsd_db=log_spectral_distance(reference, other),
            f0_rmse_cents=_CENTS * f0.log_rmse,
            voicing_error=f0.voicing_error,
            pesq=_if_available("pesq", perception.pesq, reference, other, rate),
            stoi=_if_available("stoi", perception.stoi, reference, other, rate),
        )

    def _analyze(self, y: np.ndarray) -> Analysis:
        return world.analyze(y, self.settings, self._f0_range, aperiodicity=False)


def evaluate_copies(
    references: str | os.PathLike,
    outputs: str | os.PathLike,
    *,
    model: WaveNetGenerator | None = None,
    n_jobs: int | None = None,
    progress: Progress | None = None,
    note: Note | None = None,
) -> CopyEvaluation:
    """Measures the sound files of a folder against those of the same name in another.

    Parameters
    ----------
    references, outputs
        Folders.
    model
        Also measures the bits per sample of the references under this vocoder.
    n_jobs
        Threads; None: one per processor.
    progress
        Called with (stage, done, total).
    note
        Called with a sentence on what was passed over in each folder.

    Raises
    ------
    FileNotFoundError, ValueError
        A folder is missing or empty, no names are in both, or no pair could be measured.
    """
    pairs = find_pairs(references, outputs, note)
    f0_range = find_f0_range_of(pairs.source)

    def attempt(pair: tuple[Path, Path]) -> tuple[CopyMetrics, CopyMetrics] | str:
        try:
            with named(pair[1]):
                return _measure(*pair, f0_range, model)
        except (ValueError, OSError) as error:
            return explain(error)

    paths = list(zip(pairs.source, pairs.target, strict=True))
    results = for_each(attempt, paths, n_jobs, progress, "evaluating")
    failed = [f"{path} has no counterpart" for path in pairs.unmatched]
    failed += [result for result in results if isinstance(result, str)]
    done = {
        path.stem: result
        for path, result in zip(pairs.source, results, strict=True)
        if not isinstance(result, str)
    }
    if not done:
        raise ValueError(f"no pair could be measured: {'; '.join(failed)}")
    return CopyEvaluation(
        files={name: figures for name, (figures, _) in done.items()},
        mulaw_bound={name: bound for name, (_, bound) in done.items()},
        settings=copy_settings(f0_range),
        failed=failed,
    )


def mulaw_round_trip(y: np.ndarray) -> np.ndarray:
    """The sound after a round trip through 256 mu-law codes."""
    return mulaw_decode(mulaw_encode(as_samples(y), 256), 256, dtype="float64")


def find_f0_range_of(paths: Sequence[Path]) -> tuple[float, float]:
    """The F0 range of the speakers of at most 20 of the recordings [Hz].

    The whole range of voices where none of them can be read or has a voice.
    """
    contours = []
    for path in paths[:: -(-len(paths) // 20)]:
        try:
            y, rate = read_audio(path)
            contours.append(world.rough_f0(y, WorldSettings(sample_rate=rate)))
        except (ValueError, OSError):  # named when it is measured
            continue
    try:
        return world.find_f0_range(contours)
    except ValueError:
        return world.DEFAULT_F0_RANGE


def copy_settings(f0_range: tuple[float, float]) -> dict[str, Any]:
    """What the figures depend on, in words and numbers."""
    world_settings = dataclasses.asdict(WorldSettings()) | {
        "sample_rate": "the reference's",
        "alpha": "the one nearest the mel scale at this rate",
    }
    missing = [name for name in ("pesq", "stoi") if not perception.is_available(name)]
    return {
        "alignment": "none: equal lengths, frame by frame",
        "mcd_db": "10 / ln 10 * sqrt(2 sum d^2) of WORLD mel-cepstra, coefficients 1 to 24, frames "
        f"of the reference above {POWER_THRESHOLD:g} dB of its mean power",
        "lsd_db": f"root mean square over bins, mean over frames; Hann window of {lsd.FFT_LENGTH}, "
        f"hop {lsd.HOP_LENGTH} samples, floor {lsd.FLOOR_DB:g} dB of the reference's largest bin",
        "f0_rmse_cents": "where both are voiced",
        "f0_range_hz": f"{f0_range[0]:g} to {f0_range[1]:g}, found from the references",
        "voicing_error": "share of all frames",
        "pesq": "wide-band, ITU-T P.862.2, at 16 kHz",
        "stoi": "Taal et al. 2011, not extended",
        "bits_per_sample": "of the reference, conditioned on its own features",
        "mulaw_bound": "the reference after a round trip through 8-bit mu-law codes",
        "world": world_settings,
        "not_measured": [f"{name}: its package is not installed" for name in missing],
    }


def _measure(
    reference: Path, output: Path, f0_range: tuple[float, float], model: WaveNetGenerator | None
) -> tuple[CopyMetrics, CopyMetrics]:
    y, rate = read_audio(reference)
    other, other_rate = read_audio(output)
    if rate != other_rate:
        raise ValueError(f"it has {other_rate} Hz and its reference {rate}; resample one of them")
    measure = CopyComparison(y, rate, f0_range)
    figures = measure(other)
    if model is not None:
        figures = dataclasses.replace(figures, bits_per_sample=_bits(model, reference))
    return figures, measure(mulaw_round_trip(y))


def _bits(model: WaveNetGenerator, path: Path) -> float:
    y, _ = read_audio(path, model.sample_rate)
    return model.score(y, condition=model.condition_of(y)).bits_per_sample


def _if_available(name: str, measure: Callable[..., float], *arguments: Any) -> float:
    return measure(*arguments) if perception.is_available(name) else math.nan


def _json_value(value: float) -> float | None:
    return None if math.isnan(value) else value


def table(means: Iterable[tuple[str, dict[str, Interval]]]) -> str:
    """Means as lines of text, one for each title and its figures."""
    lines = [f"{'':22s}" + "".join(f"{name:>17s}" for name in COPY_METRICS)]
    for title, by_name in means:
        cells = (_cell(by_name[name]) for name in COPY_METRICS)
        lines.append(f"{title:22s}" + "".join(f"{cell:>17s}" for cell in cells))
    return "\n".join(lines)


def _cell(interval: Interval) -> str:
    if math.isnan(interval.mean):
        return "-"
    digits = 1 if interval.mean >= 100 else 3
    if math.isnan(interval.half_width):  # of one file
        return f"{interval.mean:.{digits}f}"
    return f"{interval.mean:.{digits}f} ± {interval.half_width:.{digits}f}"

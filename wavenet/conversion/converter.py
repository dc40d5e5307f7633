"""`wavenet.VoiceConverter`: parallel recordings of two speakers in, a converter out."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import soxr

from wavenet.arguments import choice
from wavenet.audio import as_samples
from wavenet.conversion import recordings, storage
from wavenet.conversion.config import F0_METHODS, METHODS, VoiceConverterConfig
from wavenet.conversion.differential import filter_sound
from wavenet.conversion.estimator import Estimator
from wavenet.conversion.gmm import JointDensityGMM
from wavenet.conversion.pitch import convert_f0, measure_voice, origin_slope
from wavenet.conversion.pitch_shift import shift_pitch
from wavenet.conversion.preparation import Corpus, prepare
from wavenet.conversion.spectral_mapping import SpectralMapping
from wavenet.conversion.streaming import StreamingConverter
from wavenet.conversion.training import Alignment, Utterance, different_texts, train
from wavenet.features import world
from wavenet.features.world import Analysis, WorldSettings

_FRAMES_PER_COMPONENT = 50
_ITERATIONS = 8  # more do not change the result on held-out sentences


class VoiceConverter(Estimator):
    """Converts the voice of one speaker into that of another, learned from parallel recordings.

    A Gaussian mixture of joint source and target mel-cepstra (Stylianou et al. 1998; Toda, Black
    and Tokuda 2007) maps the spectrum, a log-linear function maps F0, and WORLD or a
    time-varying filter makes the sound.

    Parameters
    ----------
    n_components
        Of the mixture. Fewer are taken where there are fewer than 50 frames for each.
    prior_frames
        Weight, in frames, of the pooled covariance in each component's.
    context
        Source frames that are seen at once, as offsets in frames. The highest adds to the latency
        of `stream`.
    source_dimensions
        Size of the source vector after projection; None: twice the order.
    n_alignments
        Rounds of alignment; all but the first align the converted source.
    n_mixtures
        Mixtures of different starts whose components are pooled.
    method
        What `convert` does unless it is told otherwise: "frame" (frame by frame), "mlpg"
        (trajectory), "mlpg+gv" (trajectory with the target's global variance), all three through
        the WORLD vocoder; "differential" filters the source's own sound.
    f0
        "log-gaussian" (mean and deviation of log F0 become the target's), "regression" (one
        factor), "keep".
    sample_rate
        Of the model [Hz], 8,000 to 48,000; None: that of the recordings.
    frame_period, order, alpha, f0_method
        See `wavenet.features.world.WorldSettings`.
    source_f0_range, target_f0_range
        [Hz]; None: found from the recordings.
    power_threshold
        Frames below this power, relative to their recording's mean, count as silence [dB].
    random_state
        Seed of the mixture's start.
    n_jobs
        Threads of feature extraction; None: all processors.
    cache
        Folder that keeps extracted features; None: none are kept.
    skip_bad_files
        Whether to leave out pairs that cannot be used, and list them in `skipped_`, instead of
        raising.
    progress
        Called with (stage, done, total).

    Attributes
    ----------
    config_ : VoiceConverterConfig
    mapping_ : SpectralMapping
    skipped_ : list of str
        One sentence for each pair left out.
    """

    def __init__(
        self,
        n_components: int = 128,
        *,
        prior_frames: float = 400.0,
        context: Sequence[int] = (-8, -6, -4, -2, 0, 2, 4),
        source_dimensions: int | None = None,
        n_alignments: int = 3,
        n_mixtures: int = 2,
        method: str = "mlpg+gv",
        f0: str = "log-gaussian",
        sample_rate: int | None = None,
        frame_period: float = 5.0,
        order: int = 24,
        alpha: float | None = None,
        f0_method: str = "harvest",
        source_f0_range: tuple[float, float] | None = None,
        target_f0_range: tuple[float, float] | None = None,
        power_threshold: float = -20.0,
        random_state: int = 0,
        n_jobs: int | None = None,
        cache: str | os.PathLike | None = None,
        skip_bad_files: bool = False,
        progress: recordings.Progress | None = None,
    ):
        self.n_components = n_components
        self.prior_frames = prior_frames
        self.context = context
        self.source_dimensions = source_dimensions
        self.n_alignments = n_alignments
        self.n_mixtures = n_mixtures
        self.method = method
        self.f0 = f0
        self.sample_rate = sample_rate
        self.frame_period = frame_period
        self.order = order
        self.alpha = alpha
        self.f0_method = f0_method
        self.source_f0_range = source_f0_range
        self.target_f0_range = target_f0_range
        self.power_threshold = power_threshold
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.cache = cache
        self.skip_bad_files = skip_bad_files
        self.progress = progress

    def fit(
        self, source_files: Sequence[str | os.PathLike], target_files: Sequence[str | os.PathLike]
    ) -> Self:
        """Learns the conversion from recordings of the same sentences.

        Parameters
        ----------
        source_files, target_files
            Sound files; equal places are pairs.

        Raises
        ------
        ValueError
            Too few pairs, or a recording that cannot be used: unreadable, silent, clipped, without
            F0, of another rate, or of another text than its partner. The file is named.
        """
        self._check_parameters()
        rate = self.sample_rate or recordings.common_rate([*source_files, *target_files])
        settings = WorldSettings(rate, self.frame_period, self.order, self.alpha, self.f0_method)
        corpus = prepare(
            source_files,
            target_files,
            settings,
            f0_ranges=(self.source_f0_range, self.target_f0_range),
            power_threshold=self.power_threshold,
            n_jobs=self.n_jobs,
            cache=self.cache,
            skip=self.skip_bad_files,
            progress=self.progress,
        )
        source, target = corpus.utterances(0), corpus.utterances(1)
        mapping, rounds = self._train(source, target)
        strangers = different_texts(rounds[-1])
        if strangers:
            corpus.drop({i: _different_text(corpus, rounds[-1], i) for i in strangers})
            source, target = corpus.utterances(0), corpus.utterances(1)
            mapping, rounds = self._train(source, target)
        self.mapping_ = mapping
        self.skipped_ = corpus.skipped
        self.config_ = self._configuration(settings, corpus, mapping, rounds)
        return self

    def convert(
        self, y: np.ndarray, sr: float, *, method: str | None = None, f0: str | None = None
    ) -> np.ndarray:
        """Converts a sound.

        Parameters
        ----------
        y : (n_samples,) or (n_samples, n_channels)
            The source speaker: floats of full scale 1, or int16. Each channel is converted by
            itself; silent ones stay silent if another speaks.
        sr
            Its sample rate [Hz]. It is brought to the model's rate and back.
        method, f0
            As in the constructor; None: as the model was made.

        Returns
        -------
        float32, of the shape of `y`

        Raises
        ------
        ValueError
            The sound is silent, too short or not finite, or an argument is out of range.
        """
        config = self._fitted()
        method, f0 = self._method(method), self._f0_method(f0)
        if not 8000 <= sr <= 192000:
            raise ValueError(f"sr must be from 8000 to 192000 Hz, got {sr}")
        y = as_samples(y)
        if y.ndim == 2 and y.size:
            converted = np.zeros(y.shape, np.float32)
            silent = np.abs(y).max(axis=0) < world.SILENCE
            for i in np.flatnonzero(~silent | silent.all()):
                converted[:, i] = self.convert(y[:, i], sr, method=method, f0=f0)
            return converted
        sound = _resample(world.checked_sound(y, config.world), sr, config.world.sample_rate)
        vocoder = method != "differential"
        analysis = world.analyze(sound, config.world, config.source.f0_range, aperiodicity=vocoder)
        spectrum = self.convert_features(analysis, method)
        contour = self.convert_f0(analysis.f0, f0)
        if vocoder:
            out = world.synthesize(contour, spectrum, analysis.aperiodicity, config.world)
        else:
            out = self._differential(sound, analysis, spectrum, contour)
        out = _resample(out, config.world.sample_rate, sr)[: len(y)]
        return np.pad(out, (0, len(y) - len(out))).astype(np.float32)

    def convert_features(self, analysis: Analysis, method: str | None = None) -> np.ndarray:
        """The target's mel-cepstra (n_frames, order + 1) for an analysed source recording.

        Coefficient 0, the power, stays the source's.
        """
        config = self._fitted()
        x = analysis.mel_cepstrum[:, 1:]
        method = self._method(method)
        if method == "frame":
            y = self.mapping_.frame_wise(x)
        else:
            y = self.mapping_.trajectory(x)
        if method == "mlpg+gv":
            y = self.mapping_.with_global_variance(y, analysis.power > config.power_threshold)
        return np.hstack([analysis.mel_cepstrum[:, :1], y])

    def convert_f0(self, f0: np.ndarray, method: str | None = None) -> np.ndarray:
        """The target's F0 contour [Hz] for the source's; 0, no voice, stays 0."""
        return convert_f0(f0, self._fitted(), self._f0_method(method))

    def stream(self, sr: float | None = None, *, f0: str | None = None) -> StreamingConverter:
        """A converter for mono sound that comes block by block, with low delay.

        Parameters
        ----------
        sr
            Rate of the blocks [Hz]. It can only be the model's, `config_.sample_rate`: blocks are
            not resampled, and sound of another rate would have another pitch. None: not checked.
        f0
            As in the constructor; None: as the model was made.

        Raises
        ------
        ValueError
            Another rate, or an unknown `f0`.
        """
        rate = self._fitted().sample_rate
        if sr not in (None, rate):
            raise ValueError(
                f"the stream has {sr} Hz; this model converts streams of {rate} Hz: resample "
                "before and after"
            )
        return StreamingConverter(self._fitted(), self.mapping_, self._f0_method(f0))

    def save(self, directory: str | os.PathLike, dtype: str = "float32") -> None:
        """Writes the model folder; "float16" halves its size."""
        storage.save(directory, self._fitted(), self.mapping_, dtype)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Reads a converter from a model folder, a `.safetensors` file or a shipped name.

        Raises
        ------
        FileNotFoundError, ValueError
            There is no such model, or it is no voice converter.
        """
        config, mapping = storage.load(path)
        converter = cls(
            config.n_components,
            prior_frames=config.training.get("prior_frames", 400.0),
            context=config.context,
            source_dimensions=config.source_dimensions,
            method=config.method,
            f0=config.f0,
            source_f0_range=config.source.f0_range,
            target_f0_range=config.target.f0_range,
            power_threshold=config.power_threshold,
            **dataclasses.asdict(config.world),
        )
        converter.config_, converter.mapping_, converter.skipped_ = config, mapping, []
        return converter

    def _fitted(self) -> VoiceConverterConfig:
        if not hasattr(self, "config_"):
            raise ValueError("this VoiceConverter is not fitted: call fit or load before")
        return self.config_

    def _method(self, method: str | None) -> str:
        """`method`, or else the model's."""
        return choice("method", self._fitted().method if method is None else method, METHODS)

    def _f0_method(self, f0: str | None) -> str:
        return choice("f0", self._fitted().f0 if f0 is None else f0, F0_METHODS)

    def _check_parameters(self) -> None:
        choice("method", self.method, METHODS)
        choice("f0", self.f0, F0_METHODS)
        for name in ("n_components", "n_alignments", "n_mixtures"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if 0 not in self.context or len(set(self.context)) != len(self.context):
            raise ValueError(f"context must hold 0 and each offset once, got {self.context}")
        if self.prior_frames < 0:
            raise ValueError(f"prior_frames must not be negative, got {self.prior_frames}")

    def _train(
        self, source: list[Utterance], target: list[Utterance]
    ) -> tuple[SpectralMapping, list[list[Alignment]]]:
        frames = sum(len(x.active) for x in source)
        n_components = max(1, min(self.n_components, frames // _FRAMES_PER_COMPONENT))

        def make_mixture(**changes: Any) -> JointDensityGMM:
            settings = {
                "n_components": n_components,
                "prior_frames": self.prior_frames,
                "max_iter": _ITERATIONS,
                "random_state": self.random_state,
            }
            return JointDensityGMM(**(settings | changes))

        report = self.progress or (lambda stage, done, total: None)
        return train(
            source,
            target,
            make_mixture,
            tuple(self.context),
            self.source_dimensions or 2 * self.order,
            self.n_alignments,
            self.n_mixtures,
            lambda done, total: report("training", done, total),
        )

    def _configuration(
        self,
        settings: WorldSettings,
        corpus: Corpus,
        mapping: SpectralMapping,
        rounds: list[list[Alignment]],
    ) -> VoiceConverterConfig:
        source, target = ([pair[side].f0 for pair in corpus.analyses] for side in (0, 1))
        return VoiceConverterConfig(
            world=settings,
            source=measure_voice(corpus.f0_ranges[0], source),
            target=measure_voice(corpus.f0_ranges[1], target),
            n_components=mapping.mixture.n_components,
            context=mapping.projection.offsets,
            source_dimensions=mapping.projection.matrix.shape[1],
            f0_slope=origin_slope(
                np.concatenate([f0[a.source] for f0, a in zip(source, rounds[-1], strict=True)]),
                np.concatenate([f0[a.target] for f0, a in zip(target, rounds[-1], strict=True)]),
            ),
            power_threshold=float(self.power_threshold),
            method=self.method,
            f0=self.f0,
            training={
                "pairs": float(len(source)),
                "prior_frames": float(self.prior_frames),
                "distortion_before_db": float(np.mean([a.distortion for a in rounds[0]])),
                "distortion_after_db": float(np.mean([a.distortion for a in rounds[-1]])),
            },
        )

    def _differential(
        self, sound: np.ndarray, analysis: Analysis, spectrum: np.ndarray, contour: np.ndarray
    ) -> np.ndarray:
        """The source's sound, its pitch shifted and filtered with the difference of spectra."""
        world_ = self.config_.world
        if not np.array_equal(contour, analysis.f0):
            sound = shift_pitch(
                sound, analysis.f0, contour, world_.sample_rate, world_.frame_period
            )
        return filter_sound(
            sound,
            spectrum - analysis.mel_cepstrum,
            world_.sample_rate,
            world_.frame_period,
            world_.alpha,
            world_.fft_size,
        )


def _different_text(corpus: Corpus, alignments: list[Alignment], i: int) -> str:
    usual = float(np.median([a.distortion for a in alignments]))
    return (
        f"{corpus.files[i][0]} and {corpus.files[i][1]} seem to hold different texts: their "
        f"distortion after alignment is {alignments[i].distortion:.1f} dB, that of other pairs "
        f"{usual:.1f} dB"
    )


def _resample(y: np.ndarray, old: float, new: float) -> np.ndarray:
    return y if old == new else soxr.resample(y, old, new)

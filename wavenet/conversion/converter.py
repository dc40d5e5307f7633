"""`wavenet.VoiceConverter`: parallel recordings of two speakers in, a converter out."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Self

import numpy as np

from wavenet.base.estimator import Estimator
from wavenet.base.sound import as_samples
from wavenet.base.validation import choice, number
from wavenet.config.conversion import (
    F0_METHODS,
    METHODS,
    REVISION,
    F0Method,
    FitSettings,
    Method,
    Voice,
    VoiceConverterConfig,
)
from wavenet.conversion import storage
from wavenet.conversion.pipeline import recordings
from wavenet.conversion.pipeline.fitting import fit
from wavenet.conversion.pitch import convert_f0
from wavenet.conversion.streaming import StreamingConverter, check_converted
from wavenet.conversion.waveform.differential import filter_sound
from wavenet.conversion.waveform.limiter import limited
from wavenet.conversion.waveform.neural_vocoder import check_vocoder, vocode
from wavenet.dsp.pitch_shift import shift_pitch
from wavenet.features import world
from wavenet.features.bands import relative_power
from wavenet.features.world import F0_EXTRACTORS, Analysis, WorldSettings
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.audio import resample


class VoiceConverter(Estimator):
    """Converts the voice of one speaker into that of another, learned from parallel recordings.

    A Gaussian mixture of joint source and target mel-cepstra (Stylianou et al. 1998; Toda, Black
    and Tokuda 2007) maps the spectrum, a log-linear function maps F0, and WORLD or a
    time-varying filter makes the sound.

    Parameters
    ----------
    n_components
        Components of the mixture. Fewer are taken where there are fewer than 50 frames for each.
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
        (trajectory), "mlpg+gv" (trajectory with the target's global variance, modulation and power
        in bands), all three through the WORLD vocoder; "differential" filters the source's own
        sound.
    f0
        "log-gaussian" (mean and deviation of log F0 become the target's), "regression" (one
        factor), "keep".
    sample_rate
        Rate of the model [Hz], 8,000 to 48,000; None: that of most recordings, others are bad.
    frame_period, order, alpha, f0_method
        See `wavenet.features.world.WorldSettings`.
    source_f0_range, target_f0_range
        [Hz]; None: found from the recordings.
    power_threshold
        Frames below this power, relative to their recording's mean, count as silence [dB].
    random_state
        Seed of the mixture's start.
    n_jobs
        Threads; None: all processors. The result does not depend on it.
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
    shaping_ : VoiceShaping
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
            A parameter out of range, too few pairs, or a recording that cannot be used: unreadable,
            silent, clipped, without F0, of another rate, or of another text than its counterpart.
            The file is named.
        """
        rate = self.sample_rate or recordings.common_rate([*source_files, *target_files])
        self.config_, self.mapping_, self.shaping_, self.skipped_ = fit(
            self._draft(rate),
            source_files,
            target_files,
            f0_ranges=(self.source_f0_range, self.target_f0_range),
            n_jobs=self.n_jobs,
            cache=self.cache,
            skip=self.skip_bad_files,
            resample=self.sample_rate is not None,
            progress=self.progress,
        )
        return self

    def convert(
        self,
        y: np.ndarray,
        sr: float,
        *,
        method: str | None = None,
        f0: str | None = None,
        vocoder: WaveNetGenerator | None = None,
        seed: int = 0,
    ) -> np.ndarray:
        """Converts a sound.

        It becomes as loud as the target's recordings are where the source speaks as loud as in
        its own, and is turned down around peaks above 0.99.
        `convert_sound` also says what makes the result doubtful.

        Parameters
        ----------
        y : (n_samples,) or (n_samples, n_channels)
            The source speaker, see `wavenet.base.sound.as_samples`. Each channel is converted by
            itself; silent ones stay silent if another speaks.
        sr
            Its sample rate [Hz]. It is brought to the model's rate and back.
        method, f0
            As in the constructor; None: as the model was made.
        vocoder
            A WaveNet that makes the sound instead of WORLD, trained on the target speaker and
            conditioned on the same WORLD features, or on mel spectrograms.
        seed
            Seed of the vocoder's random numbers.

        Returns
        -------
        float32, of the shape of `y`

        Raises
        ------
        ValueError
            The sound is silent, too short or not finite, or an argument is out of range.
        """
        return self.convert_sound(y, sr, method=method, f0=f0, vocoder=vocoder, seed=seed)[0]

    def convert_sound(
        self,
        y: np.ndarray,
        sr: float,
        *,
        method: str | None = None,
        f0: str | None = None,
        vocoder: WaveNetGenerator | None = None,
        seed: int = 0,
    ) -> tuple[np.ndarray, list[str]]:
        """As `convert`; and a sentence on each thing that makes the result doubtful.

        There is one where no F0 was found, so that all is taken to be unvoiced, and one where the
        source is unlike the recordings that were trained on.
        """
        config = self._fitted()
        method, f0 = self._method(method), self._f0_method(f0)
        number("sr [Hz]", sr, 8000, 192000)
        if vocoder is not None:
            check_vocoder(vocoder, config.world)
            if method == "differential":
                raise ValueError("the method differential takes no vocoder: it filters the source")
        y = as_samples(y)
        if y.ndim == 2 and y.size:
            channels, findings = np.zeros(y.shape, np.float32), dict[str, None]()
            silent = np.abs(y).max(axis=0) < world.SILENCE
            for i in np.flatnonzero(~silent | silent.all()):
                channels[:, i], of_channel = self.convert_sound(
                    y[:, i], sr, method=method, f0=f0, vocoder=vocoder, seed=seed
                )
                findings |= dict.fromkeys(of_channel)
            return channels, list(findings)
        rate = config.world.sample_rate
        sound = resample(world.checked_sound(y, config.world), sr, rate)
        by_filter = method == "differential"
        analysis = world.analyze(
            sound, config.world, config.source.f0_range, aperiodicity=not by_filter
        )
        spectrum = self.convert_features(analysis, method)
        contour = self.convert_f0(analysis.f0, f0)
        if by_filter:
            out = self._differential(sound, analysis, spectrum, contour)
        elif vocoder is None:
            out = world.synthesize(contour, spectrum, analysis.aperiodicity, config.world)
        else:
            converted = dataclasses.replace(analysis, f0=contour, mel_cepstrum=spectrum)
            out = vocode(vocoder, converted, config.world, len(sound), seed)
        check_converted(out)
        # What makes the sound has a loudness of its own: WORLD's depends on F0, by 0.6 dB.
        wanted = analysis.level + config.gain_db
        out = limited(out * 10 ** ((wanted - world.sound_level(out, rate)) / 20), rate)
        if sr != rate:
            out = limited(resample(out, rate, sr), sr)  # between samples the peaks are higher
        out = np.pad(out[: len(y)], (0, max(0, len(y) - len(out))))
        return out.astype(np.float32), self._findings(analysis)

    def convert_features(self, analysis: Analysis, method: str | None = None) -> np.ndarray:
        """The target's mel-cepstra (n_frames, order + 1) for an analysed source recording.

        The power of each frame is the source's, and the difference of the speakers' levels; with
        global variance, that of each band is in the range of the target's recordings.
        """
        self._fitted()
        x = analysis.source_cepstrum[:, 1:]
        method = self._method(method)
        if method == "frame":
            y = self.mapping_.frame_wise(x)
        else:
            y = self.mapping_.trajectory(x)
        finish = self.shaping_.lively if method == "mlpg+gv" else self.shaping_.with_power
        return finish(y, analysis.source_cepstrum)

    def unlike(self, analysis: Analysis) -> str:
        """A sentence where a source recording is unlike those trained on; or nothing."""
        config = self._fitted()
        speaks = analysis.power > config.power_threshold
        vectors = self.mapping_.projection(analysis.source_cepstrum[:, 1:])[speaks]
        power = relative_power(analysis.band_power, config.sample_rate)[speaks]
        return config.source_statistics.unlike(self.mapping_.log_likelihood(vectors), power)

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
        return StreamingConverter(self._fitted(), self.mapping_, self.shaping_, self._f0_method(f0))

    def save(self, directory: str | os.PathLike, dtype: str = "float32") -> None:
        """Writes the model folder; "float16" halves its size."""
        storage.save(directory, self._fitted(), self.mapping_, self.shaping_, dtype)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Reads a converter from a model folder, a `.safetensors` file or a shipped name.

        Its parameters are those of the fit, with what was found from the recordings instead of
        None; those of the run (`n_jobs`, `cache`, `skip_bad_files`, `progress`) are the default.

        Raises
        ------
        FileNotFoundError, ValueError
            There is no such model, or it is no voice converter.
        """
        config, mapping, shaping = storage.load(path)
        converter = cls(
            context=config.context,
            source_dimensions=config.source_dimensions,
            method=config.method,
            f0=config.f0,
            source_f0_range=config.source.f0_range,
            target_f0_range=config.target.f0_range,
            power_threshold=config.power_threshold,
            **dataclasses.asdict(config.world),
            **dataclasses.asdict(config.fit),
        )
        converter.config_, converter.mapping_, converter.shaping_ = config, mapping, shaping
        converter.skipped_ = []
        return converter

    def _fitted(self) -> VoiceConverterConfig:
        if not hasattr(self, "config_"):
            raise ValueError("this VoiceConverter is not fitted: call fit or load before")
        return self.config_

    def _findings(self, analysis: Analysis) -> list[str]:
        findings = []
        if not (analysis.f0 > 0).any():
            low, high = self.config_.source.f0_range
            findings.append(f"no F0 was found between {low:g} and {high:g} Hz")
        unlike = self.unlike(analysis)
        return [*findings, unlike] if unlike else findings

    def _method(self, method: str | None) -> Method:
        """`method`, or else the model's."""
        return choice("method", self._fitted().method if method is None else method, METHODS)

    def _f0_method(self, f0: str | None) -> F0Method:
        return choice("f0", self._fitted().f0 if f0 is None else f0, F0_METHODS)

    def _draft(self, sample_rate: int) -> VoiceConverterConfig:
        """The configuration with stand-ins for what is learned.

        Making it checks all parameters, before the work.
        """
        settings = WorldSettings(
            sample_rate, self.frame_period, self.order, self.alpha,
            choice("f0_method", self.f0_method, F0_EXTRACTORS),
        )  # fmt: skip
        context, order = tuple(self.context), settings.order
        given = self.source_dimensions
        return VoiceConverterConfig(
            world=settings,
            source=_stand_in("source_f0_range", self.source_f0_range),
            target=_stand_in("target_f0_range", self.target_f0_range),
            n_components=1,
            context=context,
            source_dimensions=order * min(2, len(context)) if given is None else given,
            f0_slope=1.0,
            power_threshold=self.power_threshold,
            fit=FitSettings(
                self.n_components,
                self.prior_frames,
                self.n_alignments,
                self.n_mixtures,
                self.random_state,
            ),
            method=choice("method", self.method, METHODS),
            f0=choice("f0", self.f0, F0_METHODS),
            revision=REVISION,
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


def _stand_in(name: str, f0_range: tuple[float, float] | None) -> Voice:
    """A voice of which the F0 range is known at most."""
    try:
        low, high = world.DEFAULT_F0_RANGE if f0_range is None else f0_range
        return Voice(low, high, log_f0_mean=5.0, log_f0_deviation=0.1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} {f0_range!r}: {error}") from error

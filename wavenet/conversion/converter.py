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
    F0Method,
    Method,
    VoiceConverterConfig,
)
from wavenet.conversion import storage
from wavenet.conversion.parameters import f0_ranges_of, settings_of
from wavenet.conversion.pipeline import recordings
from wavenet.conversion.pipeline.fitting import learn_conversion
from wavenet.conversion.pipeline.preparation import analyze_pairs
from wavenet.conversion.pitch import convert_f0
from wavenet.conversion.streaming import StreamingConverter, check_converted
from wavenet.conversion.waveform.differential import differential
from wavenet.conversion.waveform.limiter import limited
from wavenet.conversion.waveform.neural_vocoder import check_vocoder, vocode
from wavenet.features import world
from wavenet.features.bands import relative_power
from wavenet.features.world import Analysis
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.audio import resample
from wavenet.metrics.mel_cepstral_distortion import mel_cepstral_distortion


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
        Source frames that are seen at once, as offsets in frames. The maximum adds to the latency
        of `stream`.
    source_dimensions
        Size of the source vector after projection; None: twice the order.
    n_alignments
        Rounds of alignment; all but the first align the converted source.
    n_mixtures
        Mixtures of different starts whose components are pooled.
    method
        What `convert` does where it is given none: "frame" (frame by frame), "mlpg"
        (trajectory), "mlpg+gv" (trajectory with the target's global variance, modulation and power
        in bands), all three through the WORLD vocoder; "differential" filters the source's own
        sound.
    f0
        "log-gaussian" (mean and standard deviation of log F0 become the target's), "regression"
        (one factor), "keep".
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

    def fit(self, source: recordings.Recordings, target: recordings.Recordings) -> Self:
        """Learns the conversion from recordings of the same sentences.

        Parameters
        ----------
        source, target
            Folders, whose files of equal names are pairs, or lists of sound files, where those of
            equal places are.

        Raises
        ------
        FileNotFoundError
            There is no such folder, or no sound file in it.
        ValueError
            A parameter out of range, too few pairs, or a recording that cannot be used: unreadable,
            silent, clipped, without F0, of another rate, or of another text than its counterpart.
            The file is named.
        """
        files = recordings.pair_files(source, target)
        rate = self.sample_rate or recordings.common_rate([path for pair in files for path in pair])
        parameters = self.get_params()
        settings = settings_of(parameters, rate)
        corpus = analyze_pairs(
            files,
            settings,
            f0_ranges=f0_ranges_of(parameters),
            n_jobs=self.n_jobs,
            cache=self.cache,
            skip=self.skip_bad_files,
            resample=self.sample_rate is not None,
            progress=self.progress,
        )
        self.config_, self.mapping_, self.shaping_ = learn_conversion(
            settings, corpus, self.n_jobs, self.progress
        )
        self.skipped_ = corpus.skipped
        return self

    def score(self, source: recordings.Recordings, target: recordings.Recordings) -> float:
        """Negative mean mel-cepstral distortion of the conversion to the target [dB].

        It is 0 at most: the higher, the nearer. Recordings are as for `fit`, best of sentences that
        were not trained on. `wavenet.evaluation.conversion` has the distortion of each pair, and
        other metrics.

        Raises
        ------
        FileNotFoundError, ValueError
            There is no pair, or a recording that cannot be used; the file is named.
        """
        files = recordings.pair_files(source, target)
        if not files:
            raise ValueError("there is no pair of recordings to score")
        values = recordings.for_each(self._distortion, files, self.n_jobs, self.progress, "scoring")
        return -float(np.mean(values))

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
            out = differential(sound, analysis, spectrum, contour, config.world)
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
        y = self.mapping_.frame_wise(x) if method == "frame" else self.mapping_.trajectory(x)
        finish = self.shaping_.lively if method == "mlpg+gv" else self.shaping_.with_power
        return finish(y, analysis.source_cepstrum)

    def convert_f0(self, f0: np.ndarray, method: str | None = None) -> np.ndarray:
        """The target's F0 contour [Hz] for the source's; 0, no voice, stays 0."""
        return convert_f0(f0, self._fitted(), self._f0_method(method))

    def stream(self, sr: float | None = None, *, f0: str | None = None) -> StreamingConverter:
        """A converter for mono sound that comes block by block, with low delay.

        Parameters
        ----------
        sr
            Rate of the blocks [Hz], 8,000 to 192,000; None: the model's, `config_.sample_rate`.
            Another one is resampled, which adds to the latency.
        f0
            As in the constructor; None: as the model was made.

        Raises
        ------
        ValueError
            A rate out of range, or an unknown `f0`.
        """
        config, f0 = self._fitted(), self._f0_method(f0)
        return StreamingConverter(config, self.mapping_, self.shaping_, f0, sr)

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
        values = vars(config) | vars(config.world) | vars(config.fit)
        values["source_f0_range"] = config.source.f0_range
        values["target_f0_range"] = config.target.f0_range
        names = cls._parameter_names()
        converter = cls(**{name: values[name] for name in names if name in values})
        converter.config_, converter.mapping_, converter.shaping_ = config, mapping, shaping
        converter.skipped_ = []
        return converter

    def _fitted(self) -> VoiceConverterConfig:
        if not hasattr(self, "config_"):
            raise ValueError("this VoiceConverter is not fitted: call fit or load before")
        return self.config_

    def _findings(self, analysis: Analysis) -> list[str]:
        """Sentences on missing F0, and where the recording is unlike those trained on."""
        config, findings = self.config_, []
        if not (analysis.f0 > 0).any():
            low, high = config.source.f0_range
            findings.append(f"no F0 was found between {low:g} and {high:g} Hz")
        speaks = analysis.power > config.power_threshold
        vectors = self.mapping_.projection(analysis.source_cepstrum[:, 1:])[speaks]
        power = relative_power(analysis.band_power, config.sample_rate)[speaks]
        unlike = config.source_statistics.unlike(self.mapping_.log_likelihood(vectors), power)
        return [*findings, unlike] if unlike else findings

    def _method(self, method: str | None) -> Method:
        """`method`, or else the model's."""
        return choice("method", self._fitted().method if method is None else method, METHODS)

    def _f0_method(self, f0: str | None) -> F0Method:
        return choice("f0", self._fitted().f0 if f0 is None else f0, F0_METHODS)

    def _distortion(self, files: tuple[str | os.PathLike, str | os.PathLike]) -> float:
        """Mel-cepstral distortion of a pair's conversion over the frames that speak [dB]."""
        config = self._fitted()
        source, target = (
            recordings.cached_analysis(path, config.world, voice.f0_range, self.cache)
            for path, voice in zip(files, (config.source, config.target), strict=True)
        )
        return mel_cepstral_distortion(
            target.mel_cepstrum[target.power > config.power_threshold],
            self.convert_features(source)[source.power > config.power_threshold],
        )

"""Conversion of sound that comes block by block, with bounded memory and a stated latency."""

from __future__ import annotations

import functools
import math

import numpy as np
import soxr

from wavenet.base.claim import Claim, claimed
from wavenet.base.sound import as_samples
from wavenet.base.validation import number
from wavenet.config.conversion import VoiceConverterConfig
from wavenet.conversion.mixture.joint_features import WINDOWS
from wavenet.conversion.mixture.spectral_mapping import SpectralMapping
from wavenet.conversion.pitch import convert_f0
from wavenet.conversion.source_watch import SourceWatch
from wavenet.conversion.trajectory.voice_shaping import VoiceShaping
from wavenet.conversion.waveform.differential import TimeVaryingFilter, frame_bounds
from wavenet.conversion.waveform.limiter import Limiter
from wavenet.dsp.mlpg import RecursiveMLPG
from wavenet.dsp.pitch_shift import PitchShifter
from wavenet.features import mel_cepstrum as mcep
from wavenet.features.bands import band_edges, band_power, flat_top
from wavenet.features.f0_tracking import local_f0
from wavenet.features.world import pyworld

_TRAJECTORY_DELAY = 2
_LOWEST_DEVIATIONS = 2.5  # of log F0 below its mean: lower voices would only add to the latency
# Analysed with the sound, at -120 dB: WORLD has noise of its own against silence, whose values
# depend on the block.
_DITHER = 1e-6 * np.random.default_rng(0).standard_normal(8191)


def _resampler(rate: float, new_rate: float) -> soxr.ResampleStream:
    return soxr.ResampleStream(rate, new_rate, 1, dtype="float64", quality="HQ")


@functools.cache
def _resampling_delay(rate: float, new_rate: float) -> float:
    """Most that resampling lags behind its input [s], measured: its filters work in blocks."""
    resampler, block = _resampler(rate, new_rate), np.zeros(int(rate / 1000))
    given, made, lag = 0, 0, 0.0
    for _ in range(1000):
        given += len(block)
        made += len(resampler.resample_chunk(block))
        lag = max(lag, given / rate - made / new_rate)
    return lag + len(block) / rate


def check_converted(out: np.ndarray) -> None:
    """ValueError where converted sound is not finite."""
    if not np.isfinite(out).all():
        raise ValueError("the converted sound is not finite: the model is damaged")


class StreamingConverter:
    """The differential conversion, block by block; `VoiceConverter.stream` makes it.

    Spectral envelopes are those of WORLD at frames of F0 from autocorrelation. The trajectory is
    that of all frames up to the second after the one put out. The sound is the source's own,
    shifted in pitch and filtered.

    A source unlike the recordings trained on is warned of, once (`UnlikeSourceWarning`).
    One call at a time: RuntimeError where another thread is in one.

    Attributes
    ----------
    latency
        Most that the output lags behind the input [s], beside the caller's own block.
    """

    def __init__(
        self,
        config: VoiceConverterConfig,
        mapping: SpectralMapping,
        shaping: VoiceShaping,
        f0: str,
        sr: float | None = None,
    ):
        world = config.world
        rate = world.sample_rate
        self._sr = rate if sr is None else number("sr [Hz]", sr, 8000, 192000)
        self._resamplers = None
        if self._sr != rate:
            self._resamplers = _resampler(self._sr, rate), _resampler(rate, self._sr)
        self._owed = 0  # samples that are not put out yet, at the rate of the blocks
        self._config, self._mapping, self._shaping, self._f0 = config, mapping, shaping, f0
        self._hop = world.sample_rate * world.frame_period / 1000.0
        source = config.source
        usual = math.exp(source.log_f0_mean - _LOWEST_DEVIATIONS * source.log_f0_deviation)
        self._lowest = min(max(source.f0_low, usual), 0.5 * source.f0_high)
        self._reach = math.ceil(1.5 * world.sample_rate / self._lowest) + 1
        self._future = max(0, *config.context)
        self._past = max(0, -min(config.context))
        self._shifter = PitchShifter(world.sample_rate, world.frame_period, 1.0 / self._lowest)
        self._filter = TimeVaryingFilter(world.alpha, world.fft_size)
        self._limiter = Limiter(round(self._sr))
        order = world.order
        self._received = self._analysed = self._mapped = self._rendered = 0
        self._sound, self._sound_start = np.zeros(0), 0
        self._features, self._features_start = (
            np.zeros((0, 2 * (order + 1))),
            0,
        )  # flat top, and whole
        self._trajectory = RecursiveMLPG(WINDOWS, order, _TRAJECTORY_DELAY)
        self._shifted = np.zeros(0)
        # voicing and power in bands of frames that are not mapped yet
        self._heard = np.zeros((0, len(band_edges(world.sample_rate))))
        self._watch = SourceWatch(config)
        self._ended = False
        self._claim = Claim()

    @property
    def latency(self) -> float:
        rate = self._config.world.sample_rate
        spectrum = self._reach + self._hop * (self._future + _TRAJECTORY_DELAY + 1)
        limiter = self._limiter.delay / self._sr
        if self._resamplers:
            limiter += _resampling_delay(self._sr, rate) + _resampling_delay(rate, self._sr)
        if self._f0 == "keep":
            return spectrum / rate + limiter
        target = convert_f0(np.array([self._lowest]), self._config, self._f0)[0]
        period, step = rate / self._lowest, rate / min(target, self._lowest)
        shift = 2.65 * period + step + self._hop
        return max(spectrum, shift) / rate + limiter

    @claimed
    def process(self, y: np.ndarray) -> np.ndarray:
        """Takes the next samples (n,) and gives those that are done (m,) float32.

        They are read by `wavenet.base.sound.as_samples`. All outputs together, with that of
        `flush`, are as long as all inputs.

        Raises
        ------
        ValueError
            No sound, a wrong shape, or the stream has ended.
        """
        y = as_samples(y)
        if y.ndim != 1:
            raise ValueError(f"a block must have the shape (n_samples,), got {y.shape}")
        return self._resampled(y, last=False)

    @claimed
    def flush(self) -> np.ndarray:
        """Ends the stream and gives the rest of the output."""
        return self._resampled(np.zeros(0), last=True)

    def _resampled(self, y: np.ndarray, last: bool) -> np.ndarray:
        """The next output; y and the output have the rate of the blocks."""
        if self._ended:
            raise ValueError("the stream has ended with flush(): make another for the next sound")
        self._ended = last
        self._owed += len(y)
        if self._resamplers is None:
            sound = self._advance(y, last)
        else:
            to_model, from_model = self._resamplers
            sound = self._advance(to_model.resample_chunk(y, last), last)
            sound = from_model.resample_chunk(sound, last)[: self._owed]
            if last:  # rounding of the lengths
                sound = np.pad(sound, (0, self._owed - len(sound)))
        self._owed -= len(sound)
        return self._limiter.process(sound, last).astype(np.float32)

    def _advance(self, y: np.ndarray, last: bool) -> np.ndarray:
        """The next converted samples; y and the output have the model's rate."""
        noise = _DITHER[(self._received + np.arange(len(y))) % len(_DITHER)]
        self._sound = np.concatenate([self._sound, y + noise])
        self._received += len(y)
        contours = self._analyse(last)
        shifted = self._shifter.process(y, *contours, last) if self._f0 != "keep" else y
        self._shifted = np.concatenate([self._shifted, shifted])
        sound = self._render(self._map(last), last)
        check_converted(sound)
        return sound

    def _analyse(self, last: bool) -> tuple[np.ndarray, np.ndarray]:
        """Analyses the frames whose surroundings have come; gives their F0 contours."""
        end = self._received if last else self._received - self._reach
        count = max(0, math.ceil(end / self._hop) - self._analysed)
        world, source = self._config.world, self._config.source
        if not count:
            return np.zeros(0), np.zeros(0)
        first = self._analysed
        centres = frame_bounds(count, world.sample_rate, world.frame_period, first)
        local = centres - self._sound_start
        f0 = local_f0(self._sound, local, world.sample_rate, (self._lowest, source.f0_high))
        spectra = pyworld().cheaptrick(
            self._sound, f0, local / world.sample_rate, world.sample_rate, fft_size=world.fft_size
        )
        features = np.hstack(
            [mcep.from_spectrum(s, world.order, world.alpha) for s in (flat_top(spectra), spectra)]
        )
        heard = np.column_stack([f0 > 0, band_power(spectra, world.sample_rate)])
        self._heard = np.concatenate([self._heard, heard])
        self._features = np.concatenate([self._features, features])
        self._analysed += count
        drop = max(0, int(self._analysed * self._hop) - self._reach - self._sound_start - 1)
        self._sound, self._sound_start = self._sound[drop:], self._sound_start + drop
        return f0, convert_f0(f0, self._config, self._f0)

    def _map(self, last: bool) -> np.ndarray:
        """Takes the frames whose context has come; gives those that the trajectory has settled."""
        end = self._analysed - (0 if last else self._future)
        parts = [np.zeros((0, self._config.world.order))]
        if end > self._mapped:
            begin = max(self._mapped - self._past, 0)
            order = self._config.world.order
            x = self._features[begin - self._features_start :, 1 : order + 1]
            vectors = self._mapping.projection(x)[self._mapped - begin : end - begin]
            parts.append(self._trajectory.process(*self._mapping.mixture.conditional(vectors)))
            heard, self._heard = self._heard[: len(vectors)], self._heard[len(vectors) :]
            if not self._watch.warned:
                self._watch.see(self._mapping.log_likelihood(vectors), heard[:, 0], heard[:, 1:])
            self._mapped = end
        if last:
            parts.append(self._trajectory.flush())
        return np.concatenate(parts)

    def _render(self, converted: np.ndarray, last: bool) -> np.ndarray:
        """Filters the sound up to the last converted frame."""
        ready = self._rendered + len(converted)
        differences = list(self._differences(converted))
        parts = []
        if self._rendered == 0 and differences:
            self._filter.start(differences.pop(0))
            self._rendered = 1
        if differences:
            world = self._config.world
            bounds = frame_bounds(
                len(differences) + 1, world.sample_rate, world.frame_period, self._rendered - 1
            )
            parts.append(self._filtered(bounds, np.stack(differences)))
            self._rendered = ready
        if last and self._rendered and len(self._shifted):
            begin = self._received - len(self._shifted)
            parts.append(self._filtered(np.array([begin, self._received]), None))
        self._forget()
        return np.concatenate(parts) if parts else np.zeros(0)

    def _filtered(self, bounds: np.ndarray, differences: np.ndarray | None) -> np.ndarray:
        count = bounds[-1] - bounds[0]
        sound, self._shifted = self._shifted[:count], self._shifted[count:]
        return self._filter.process(sound, bounds - bounds[0], differences)

    def _differences(self, converted: np.ndarray) -> np.ndarray:
        """Converted less source mel-cepstra of the next frames."""
        begin = self._rendered - self._features_start
        source, whole = np.split(self._features[begin : begin + len(converted)], 2, axis=1)
        return self._shaping.with_power(converted, source) - whole

    def _forget(self) -> None:
        """Drops the frames that nothing looks at any more."""
        needed = min(self._rendered, self._mapped - self._past)
        drop = max(0, needed - self._features_start)
        self._features, self._features_start = self._features[drop:], self._features_start + drop

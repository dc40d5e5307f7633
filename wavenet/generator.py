"""Generation and scoring on the C++ core: what `wavenet.load` returns."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core
from wavenet.arguments import integer, per_stream, sampling_options, thread_count
from wavenet.assets import find_model
from wavenet.baselines import baselines
from wavenet.claim import Claim, claimed
from wavenet.config import WaveNetConfig
from wavenet.cpu import warn_of_refused_tiles
from wavenet.features.labels import Span, label_track, spans_from_text
from wavenet.features.statistics import FrameWatch
from wavenet.formats.model_file import load_model
from wavenet.noise_shaping import filters_of_frames, noise_shaping_of
from wavenet.recurrent.config import RecurrentConfig
from wavenet.samples import decode_samples, encode_samples, silence_code
from wavenet.sound import ClippingWarning, as_samples, as_signal

if TYPE_CHECKING:
    from wavenet.recurrent.generator import RecurrentGenerator

Progress = Callable[[int, int], None]

_SAMPLES_PER_CALL = 256  # a call into the core stays well below 0.1 s, so that Ctrl-C is prompt
_SCORED_PER_CALL = 4096
_LARGEST_TRACK = 2**30  # values of a label track: 4 GB


def load(
    path: str | os.PathLike, precision: str | None = None, threads: int | None = None
) -> Generator | RecurrentGenerator:
    """Loads a model for generation and scoring; needs no torch.

    `Generator.load` and `RecurrentGenerator.load` take models of one kind alone, so that type
    checkers know which methods there are.

    Parameters
    ----------
    path
        A model folder, a `.safetensors` file, or the name of a shipped model
        (`wavenet.shipped_models()`).
    precision
        Of the weights: "float32" (exact), "bf16" or "int8" (a WaveNet needs the ranges that
        `wavenet quantize --calibrate` puts into its file, as the shipped ones have them); by
        default that of the model file.
    threads
        Threads for a batch of streams; by default the environment variable WAVENET_THREADS, else
        the number of processors.

    Raises
    ------
    FileNotFoundError
        There is no such model.
    ValueError
        The model file is damaged or not of this format, or an argument is out of range.
    """
    config, tensors = load_model(find_model(path))
    if isinstance(config, RecurrentConfig):
        from wavenet.recurrent.generator import RecurrentGenerator

        return RecurrentGenerator(config, tensors, precision or "float32", threads)
    if config.kind == "voice-converter":
        raise ValueError(
            f"{path} is a voice converter: load it with wavenet.VoiceConverter.load, or use it by "
            "the command `wavenet voice-convert apply`"
        )
    if not isinstance(config, WaveNetConfig):
        raise ValueError(f"{path} holds a {config.kind} model, which does not generate samples")
    return Generator(config, tensors, threads, precision)


@dataclass(frozen=True)
class Score:
    """How well a model predicts a signal.

    Attributes
    ----------
    log_likelihood
        `(n,)` float32: log-probability of each sample given those before it [nats].
    bits_per_sample
        Mean of its negative [bits]: per mu-law code, or for continuous outputs per value of
        16-bit audio.
    """

    log_likelihood: NDArray[np.float32]
    bits_per_sample: float

    @classmethod
    def of(cls, parts: list[NDArray[np.float32]]) -> Score:
        """From the log-likelihoods of successive samples; ValueError where one is not a number."""
        log_likelihood = np.concatenate(parts)
        if np.isnan(log_likelihood).any():
            raise ValueError(
                f"sample {int(np.argmax(np.isnan(log_likelihood)))} has no likelihood: what the "
                "model computes from those before it is not finite"
            )
        return cls(log_likelihood, -float(np.mean(log_likelihood, dtype=np.float64)) / np.log(2))


class Generator:
    """A WaveNet ready to generate; `load` makes it from a file.

    Parameters
    ----------
    config
        The configuration.
    tensors
        Weights under the names of `config.tensor_shapes()`, and of `config.range_shapes()` for the
        precision "int8".
    threads, precision
        As for `load`.

    Notes
    -----
    Samples depend on the seed and the conditioning alone: not on the block size, the number of
    threads or the other streams of a batch. A generator may be used from several threads.
    """

    def __init__(
        self,
        config: WaveNetConfig,
        tensors: dict[str, np.ndarray],
        threads: int | None = None,
        precision: str | None = None,
    ):
        self.config = config
        self.precision = precision or config.precision
        self.threads = thread_count(threads)
        warn_of_refused_tiles(self.precision)
        local = vars(config.local) if config.local else None
        self.lag_weights = tensors.get("lag_weights")  # of a time series
        self._calibrated = tensors.keys() >= config.range_shapes().keys()
        self._model = _core.WaveNet(
            vars(config) | {"local": local, "levels": config.levels},
            tensors,
            silence=silence_code(config),
            code_values=self._decode(np.arange(config.levels)).tolist(),
            precision=self.precision,
            activation_ranges=self._activation_ranges(tensors),
        )

    @classmethod
    def load(
        cls, path: str | os.PathLike, precision: str | None = None, threads: int | None = None
    ) -> Generator:
        """Loads a WaveNet as `wavenet.load` does; ValueError for a model of another kind."""
        generator = load(path, precision, threads)
        if not isinstance(generator, Generator):
            raise ValueError(f"{path} holds a {generator.config.kind} model, not a WaveNet")
        return generator

    @property
    def precisions(self) -> tuple[str, ...]:
        """Those that the model can be loaded in: "int8" where it is calibrated."""
        return ("float32", "bf16", "int8") if self._calibrated else ("float32", "bf16")

    @property
    def sample_rate(self) -> int:
        """[Hz]"""
        return self.config.sample_rate

    @property
    def receptive_field(self) -> int:
        """Number of past samples that one output depends on."""
        return self.config.receptive_field

    @property
    def lookahead_frames(self) -> int:
        """Feature frames behind its own that a sample depends on: the latency of streaming.

        Where frames come one by one, the samples of a frame can be generated once this many
        further ones have come.
        """
        return self._model.lookahead_frames

    @property
    def instruction_set(self) -> str:
        """Instruction set of the kernels that this model uses."""
        return self._model.instruction_set

    def generate(
        self,
        n_samples: int | None = None,
        *,
        batch: int = 1,
        progress: Progress | None = None,
        **options: Any,
    ) -> NDArray[np.float32]:
        """Generates audio.

        Parameters
        ----------
        n_samples
            Length; by default as long as the local conditioning lasts.
        batch
            Number of streams. Stream b is the same for any batch size above b.
        progress
            Called with the number of samples done and the number of all.
        **options
            As for `stream`.

        Returns
        -------
        ndarray
            `(n_samples,)`, or `(batch, n_samples)` if `batch` is above 1; float32 in [-1, 1].

        Raises
        ------
        ValueError
            An argument is out of range, misshapen, or asks for what the model does not have.
        """
        streams = self.streams(batch=batch, **options)
        total = streams.samples_left(n_samples)
        if total is None:
            raise ValueError(
                "n_samples must be given for a model without local conditioning, and where the "
                "condition comes in blocks: `stream` goes on for as long as it lasts"
            )
        audio = np.empty((batch, total), dtype=np.float32)
        for start in range(0, total, _SAMPLES_PER_CALL):
            end = min(start + _SAMPLES_PER_CALL, total)
            audio[:, start:end] = streams.generate(end - start)
            if progress:
                progress(end, total)
        streams.warn_of_clipping()
        return audio if batch > 1 else audio[0]

    def stream(
        self, n_samples: int | None = None, block_size: int = 1024, **options: Any
    ) -> Iterator[NDArray[np.float32]]:
        """Generates audio block by block.

        Parameters
        ----------
        n_samples
            Length; by default as long as the local conditioning lasts, else without end.
            A condition that comes in blocks is taken as far as the samples need it, so that
            endless ones take little memory.
        block_size
            Samples per block; the last block may be shorter.
        **options
            As for `streams`.

        Yields
        ------
        ndarray
            `(block,)`, or `(batch, block)`. The concatenation is bit-identical to `generate`.
        """
        if block_size < 1:
            raise ValueError(f"block_size must be at least 1, got {block_size}")
        streams = self.streams(**options)
        left = streams.samples_left(n_samples)

        def blocks() -> Iterator[NDArray[np.float32]]:
            done = 0
            while left is None or done < left:
                count = block_size if left is None else min(block_size, left - done)
                if left is None:
                    count = streams.ready(count)
                    if count == 0:
                        break
                block = streams.generate(count)
                yield block if streams.batch > 1 else block[0]
                done += count
            streams.warn_of_clipping()

        return blocks()

    def streams(self, **options: Any) -> Streams:
        """Streams to advance by hand, to copy (fork) and to resume; options as of `Streams`."""
        return Streams(self, **options)

    def score(self, y: ArrayLike, **conditioning: Any) -> Score:
        """Log-likelihood of a signal under the model.

        Parameters
        ----------
        y
            `(n,)`, see `wavenet.sound.as_signal`.
        **conditioning
            `speaker`, `global_vector`, `condition`, as for `Streams`.

        Raises
        ------
        ValueError
            As `generate`; also for a signal that is empty or no sound, and where what the model
            computes is not finite.
        """
        return Score.of([part[0] for part in self._feed("score", y, conditioning)])

    def baselines(self, y: ArrayLike, condition: ArrayLike | None = None) -> dict[str, float]:
        """Bits per sample that simple codes need for a signal `(n,)`: a scale for those of `score`.

        See `wavenet.baselines.baselines`; `condition` as for `codes`.
        """
        levels = self.config.levels
        return baselines([self.codes(y, condition)], levels, self._decode(np.arange(levels)))

    def logits(self, y: ArrayLike, **conditioning: Any) -> NDArray[np.float32]:
        """Teacher-forced outputs `(n, output_channels)` that predict each sample of `y`.

        Logits, or the parameters of a continuous output (see `WaveNetConfig.output_channels`).
        """
        return np.concatenate([part[0] for part in self._feed("logits", y, conditioning)])

    def condition_from_text(
        self, text: str, speaker: str | int | None = None, seed: int = 0
    ) -> NDArray[np.float32]:
        """Feature frames of a text, with durations drawn from those of the training data.

        Parameters
        ----------
        text
            Symbols of `config.features.symbols`.
        speaker
            Whose durations; by default the first speaker.
        seed
            For the durations.

        Returns
        -------
        ndarray
            `(frames, channels)` float32, the `condition` of `generate`.
        """
        features = self.config.features
        if features is None or features.kind != "labels":
            raise ValueError("this model does not read text; it has no label features")
        name = self.config.speakers[self.speaker_index(speaker)] if self.config.speakers else ""
        spans, seconds = spans_from_text(features, text, name, seed)
        return self.condition_from_spans(spans, int(np.ceil(seconds * self.sample_rate)))

    def condition_from_sound(self, y: ArrayLike) -> NDArray[np.float32]:
        """Feature frames of a sound at the model's rate, for copy synthesis.

        Parameters
        ----------
        y
            `(n,)`, see `wavenet.sound.as_samples`.

        Returns
        -------
        ndarray
            `(frames, channels)` float32, the `condition` of `generate` and `score`. The frames
            last for at least n samples.
        """
        features = self.config.features
        if features is None or features.kind == "labels":
            raise ValueError("this model does not say how to make feature frames from sound")
        return features.track(as_samples(y))

    def condition_of(self, y: ArrayLike, spans: Sequence[Span] = ()) -> NDArray[np.float32] | None:
        """Feature frames of a recording `(n,)`, as the model was trained: from its sound or labels.

        None for a model without features.
        """
        features, y = self.config.features, as_samples(y)
        if features is None:
            return None
        if features.kind == "labels":
            return self.condition_from_spans(list(spans), len(y))
        return self.condition_from_sound(y)

    def condition_from_spans(self, spans: list[Span], n_samples: int) -> NDArray[np.float32]:
        """Feature frames of symbols at given times.

        Parameters
        ----------
        spans
            (symbol, start, end) with times [s]; gaps are silence.
        n_samples
            Length that the frames must last for at least.

        Returns
        -------
        ndarray
            `(frames, channels)` float32, the `condition` of `generate` and `score`.
        """
        features = self.config.features
        if features is None or features.kind != "labels":
            raise ValueError("this model does not read text; it has no label features")
        hop = self.config.local.hop_length
        frames = -(-n_samples // hop)
        if frames * features.channels > _LARGEST_TRACK:
            raise ValueError(
                f"{n_samples / self.sample_rate:,.0f} s of symbols are {frames:,} frames of "
                f"{features.channels} channels, more than fit in memory: divide the text"
            )
        return label_track(features, spans, frames, self.sample_rate / hop)

    def speaker_index(self, speaker: str | int | None) -> int:
        """Index of a speaker given by name, in any case, or by index; None is the first."""
        names = self.config.speakers
        if speaker is None:
            return 0
        if not names:
            raise ValueError(f"this model has no speakers, got speaker {speaker!r}")
        if isinstance(speaker, str):
            alike = [name for name in names if name.casefold() == speaker.casefold()]
            if speaker not in names and len(alike) != 1:
                raise ValueError(f"unknown speaker {speaker!r}; known: {', '.join(names)}")
            return names.index(speaker if speaker in names else alike[0])
        return integer("speaker", speaker, 0, len(names) - 1)

    def _feed(self, method: str, y: ArrayLike, conditioning: dict[str, Any]) -> Iterator:
        y = as_signal(y)
        streams = self.streams(**conditioning)
        streams.samples_left(len(y))
        for start in range(0, len(y), _SCORED_PER_CALL):
            part = y[start : start + _SCORED_PER_CALL]
            streams.wait_for(len(part))
            yield getattr(streams.core, method)(streams.codes(part))

    def codes(self, y: ArrayLike, condition: ArrayLike | None = None) -> NDArray[np.uint16]:
        """Codes of a signal `(n,)` in the quantization of the model, uint16.

        They are those of the sound behind the filter of noise shaping. `condition`, feature frames
        `(frames, channels)`, matters only where these give the filters.
        """
        config = self.config
        shaping = noise_shaping_of(config, 1)
        if config.adaptive_noise_shaping:
            frames = per_stream("condition", condition, config.local.channels, 2, 1)
            shaping.append([filters_of_frames(config, frames[0])])
        y = as_signal(y)
        return encode_samples(shaping.shape(y)[0] if shaping else y, config)

    def _activation_ranges(self, tensors: dict[str, np.ndarray]) -> dict[str, list[np.ndarray]]:
        if self.precision != "int8":
            return {}
        if not self._calibrated:
            raise ValueError(
                "8-bit weights need the ranges of the activations, which this model does not have: "
                "run `wavenet quantize` first, with --calibrate and recordings like those that it "
                "is for"
            )
        blocks = [f"blocks.{i}" for i in range(len(self.config.dilations))]
        return {
            "residual": [tensors[f"{block}.dilated.input_range"] for block in blocks],
            "gated": [tensors[f"{block}.skip.input_range"] for block in blocks],
        }

    def _decode(self, codes: np.ndarray) -> NDArray[np.float32]:
        return decode_samples(codes, self.config)


class Streams:
    """Streams of a generator that advance together.

    One call at a time: RuntimeError where another thread is in one; copies are free.

    Parameters
    ----------
    generator
        The model.
    seed
        Seed of the random numbers, 0 to 2^64 - 1. Streams of a batch differ.
    temperature
        Divides the logits, of classes or of mixture components, and multiplies the scales of the
        components; 0 takes the most likely class, or the mean of the most likely component. Of
        mu-law models that is near silence: the likeliest next sample is nearly the last one. By
        default that of the model, `config.temperature`.
    top_k, top_p
        Draw only from the k most likely classes, or from the fewest that hold the probability p.
        Categorical outputs alone.
    speaker
        Name or index, or one for each stream; by default the first.
    global_vector
        `(global_channels,)`, or `(batch, global_channels)`.
    condition
        Feature frames `(frames, channels)`, or `(batch, frames, channels)`; or an iterator over
        blocks of such frames, which are taken when samples need them.
    prime
        Audio `(n,)` that the streams continue, see `wavenet.sound.as_signal`; its conditioning
        comes first in `condition`.
    batch
        Number of streams.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        speaker: str | int | Sequence[str | int] | None = None,
        global_vector: ArrayLike | None = None,
        condition: ArrayLike | None = None,
        prime: ArrayLike | None = None,
        batch: int = 1,
    ):
        self.generator = generator
        self.batch = integer("batch", batch, 1, 65536)
        self._options = sampling_options(generator.config, seed, temperature, top_k, top_p)
        self.core = _core.WaveNetStreams(generator._model, self.batch, generator.threads)
        self._claim = Claim()
        self._noise_shaping = noise_shaping_of(generator.config, self.batch)
        self._generated, self._clipped, self._loudest = 0, 0, 0.0
        statistics = getattr(generator.config.features, "statistics", None)
        self._watch = FrameWatch(statistics, self.batch) if statistics else None
        self._blocks = condition if isinstance(condition, Iterator) else None
        self._frames = self._condition(speaker, global_vector, condition)
        if prime is not None:
            self.prime(prime)

    @claimed
    def __copy__(self) -> Streams:
        if self._blocks is not None:
            raise ValueError("streams whose condition comes in blocks cannot be copied")
        fork = object.__new__(Streams)
        fork.__dict__ = self.__dict__ | {
            "core": copy.copy(self.core),
            "_claim": Claim(),
            "_noise_shaping": copy.copy(self._noise_shaping),
        }
        return fork

    @claimed
    def prime(self, y: ArrayLike) -> None:
        """Goes on through given audio `(n,)`, the same for all streams.

        It costs at most as much as one receptive field does.
        """
        y = as_signal(y)
        self.samples_left(len(y))
        self.wait_for(len(y))
        self.core.prime(self.codes(y))

    @claimed
    def generate(self, n_samples: int) -> NDArray[np.float32]:
        """The next `(batch, n_samples)` samples, float32 in [-1, 1]."""
        self.samples_left(n_samples)
        self.wait_for(n_samples)
        per_call = max(1, _SAMPLES_PER_CALL * self.generator.threads // self.batch)
        parts = [
            self.core.generate(min(per_call, n_samples - start), **self._options)
            for start in range(0, n_samples, per_call)
        ]
        samples = self.generator._decode(np.concatenate(parts, axis=1))
        if self._noise_shaping:
            samples = self._noise_shaping.undo(samples)
        self._count_clipped(samples)
        return np.clip(samples, -1, 1)

    def _count_clipped(self, samples: NDArray[np.float32]) -> None:
        """Counts what is beyond full scale; continuous outputs are clipped to it as they are drawn.

        The codes of a categorical output are all there is.
        """
        loudness = np.abs(samples)
        beyond = loudness > 1
        if self.generator.config.output != "categorical" and not self._noise_shaping:
            beyond = (samples <= -1) | (samples >= 1 - 1 / 32768)
        self._generated += samples.size
        self._clipped += int(beyond.sum())
        self._loudest = max(self._loudest, float(loudness.max()))

    def warn_of_clipping(self) -> None:
        """Warns with numbers if what was generated went beyond full scale."""
        if self._clipped:
            loudest = f"; the loudest would be {self._loudest:.2f}" if self._loudest > 1 else ""
            warnings.warn(
                f"{self._clipped:,} of {self._generated:,} generated samples lie beyond full scale "
                f"and are clipped{loudest}: try a lower temperature or another seed",
                ClippingWarning,
                stacklevel=2,
            )

    @claimed
    def codes(self, y: np.ndarray) -> NDArray[np.uint16]:
        """Codes `(batch, n)` of the signal `(n,)` as what comes next, for `core`."""
        y, shaping = as_samples(y), self._noise_shaping
        sounds = shaping.shape(y) if shaping else np.broadcast_to(y, (self.batch, len(y)))
        return np.stack([encode_samples(sound, self.generator.config) for sound in sounds])

    @claimed
    def ready(self, n_samples: int) -> int:
        """Samples that can be generated now, up to `n_samples`.

        Takes blocks of the condition until there are as many, or the condition ends.
        """
        channels = self.generator.config.local.channels if self.generator.config.local else 0
        while self.core.conditioned_samples < self.core.time + n_samples and self._blocks:
            block = next(self._blocks, None)
            if block is None:
                self._blocks = None
                frames = [np.empty((0, channels), np.float32)] * self.batch
                if self._watch:
                    self._watch.see(frames, last=True)
            else:
                frames = self._tracks(block, last=False)
            for b in range(self.batch):
                self.core.append(b, frames[b], block is None)
        return min(n_samples, self.core.conditioned_samples - self.core.time)

    @claimed
    def wait_for(self, n_samples: int) -> None:
        """Takes blocks of the condition for `n_samples`; ValueError if it ends before."""
        ready = self.ready(n_samples)
        if ready < n_samples:
            raise ValueError(f"the condition ends {ready} samples from here, not {n_samples}")

    def samples_left(self, n_samples: int | None) -> int | None:
        """`n_samples`, checked against the conditioning; by default all that it lasts for.

        None where that is not known.
        """
        if n_samples is not None:
            integer("n_samples", n_samples, 1, 2**40)
        if self._frames is None:
            return n_samples
        left = self._frames * self.generator.config.local.hop_length - self.core.time
        if left < (n_samples or 1):
            raise ValueError(
                f"the condition of {self._frames} frames lasts for {left} more samples, not for "
                f"{n_samples or 1}"
            )
        return n_samples or left

    def _condition(self, speaker: Any, global_vector: Any, condition: Any) -> int | None:
        """Conditions every stream; returns the number of feature frames."""
        config = self.generator.config
        one_each = isinstance(speaker, Sequence) and not isinstance(speaker, str)
        speakers = list(speaker) if one_each else [speaker] * self.batch
        if len(speakers) != self.batch:
            raise ValueError(f"got {len(speakers)} speakers for a batch of {self.batch}")
        size = config.global_channels
        vectors = per_stream("global_vector", global_vector, size, 1, self.batch)
        channels = config.local.channels if config.local else 0
        if self._blocks is None:
            frames = self._tracks(condition, last=True)
        elif channels:
            frames = [np.empty((0, channels), np.float32)] * self.batch
        else:
            raise ValueError("this model takes no condition")
        for b in range(self.batch):
            index = self.generator.speaker_index(speakers[b])
            self.core.condition(b, index, vectors[b], frames[b], self._blocks is None)
        return len(frames[0]) if channels and self._blocks is None else None

    def _tracks(self, condition: Any, last: bool) -> list[NDArray[np.float32]] | list[None]:
        """Frames for each stream, normalized as in the training."""
        config = self.generator.config
        channels = config.local.channels if config.local else 0
        tracks = per_stream("condition", condition, channels, 2, self.batch)
        if config.adaptive_noise_shaping:
            filters = {id(track): filters_of_frames(config, track) for track in tracks}
            self._noise_shaping.append([filters[id(track)] for track in tracks])
        if self._watch:
            self._watch.see(tracks, last)
            tracks = [self._watch.statistics.normalize(track) for track in tracks]
        return tracks

"""A WaveNet that generates and scores on the C++ core."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core
from wavenet.base.cpu import warn_of_refused_tiles
from wavenet.base.sound import as_samples, as_signal
from wavenet.base.validation import integer, per_stream, thread_count
from wavenet.config import WaveNetConfig
from wavenet.features.labels import Span, label_track, spans_from_text
from wavenet.inference.noise_shaping import filters_of_frames, noise_shaping_of
from wavenet.inference.samples import decode_samples, encode_samples, silence_code
from wavenet.inference.score import Progress, Score
from wavenet.inference.streams import SAMPLES_PER_CALL, Streams
from wavenet.metrics.baselines import baselines

_SCORED_PER_CALL = 4096
_LARGEST_TRACK = 2**30  # values of a label track: 4 GB


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
        from wavenet.inference.load import load

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
        for start in range(0, total, SAMPLES_PER_CALL):
            end = min(start + SAMPLES_PER_CALL, total)
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
            `(n,)`, see `wavenet.base.sound.as_signal`.
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

        See `wavenet.metrics.baselines.baselines`; `condition` as for `codes`.
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
            `(n,)`, see `wavenet.base.sound.as_samples`.

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

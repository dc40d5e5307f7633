"""The face that all generators share: what `wavenet.load` returns can be used without its kind."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet.base.cpu import warn_of_refused_tiles
from wavenet.base.validation import integer, thread_count
from wavenet.inference.score import Score
from wavenet.inference.streams import Streams
from wavenet.io.hub import find_model
from wavenet.io.model_file import load_model

Progress = Callable[[int, int], None]
"""Called with the number of samples done and the number of all."""

Speaker = str | int | Sequence[str | int] | None


class Generator(ABC):
    """A model ready to generate and to score on the C++ core.

    A sample is a value of audio in [-1, 1]; of recurrent models also a piece of text, a class or a
    vector. Samples depend on the seed and the conditioning alone: not on the block size, the
    number of threads or the other streams of a batch. A generator may be used from several threads,
    pickled and copied.

    Parameters
    ----------
    config
        The configuration.
    tensors
        Weights under the names of `config.tensor_shapes()`, float32.
    precision
        "float32" (exact), "bf16" or "int8"; by default that of the configuration.
    threads
        Threads for a batch of streams; by default the environment variable WAVENET_THREADS, else
        the number of processors.
    """

    _config_type: type
    _model: Any

    def __init__(
        self,
        config: Any,
        tensors: dict[str, np.ndarray],
        precision: str | None = None,
        threads: int | None = None,
    ):
        self.config = config
        self.precision = precision or config.precision
        self.threads = thread_count(threads)
        self._tensors = tensors
        warn_of_refused_tiles(self.precision)

    @classmethod
    def load(
        cls, path: str | os.PathLike, precision: str | None = None, threads: int | None = None
    ) -> Self:
        """Loads a model of this kind as `wavenet.load` does; ValueError for one of another kind."""
        config, tensors = load_model(find_model(path))
        if not isinstance(config, cls._config_type):
            raise ValueError(
                f"{path} holds a {config.kind} model, which {cls.__name__} does not take"
            )
        return cls(config, tensors, precision, threads)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.config, self._tensors, self.precision, self.threads)

    def __repr__(self) -> str:
        count = sum(int(np.prod(shape)) for shape in self.config.tensor_shapes().values())
        facts = [f"{count:,} parameters", self.precision, self.instruction_set]
        if self.sample_rate:
            facts.insert(0, f"{self.sample_rate} Hz")
        if self.speakers:
            facts.append(f"speakers {', '.join(self.speakers)}")
        return f"<{type(self).__name__}: {'; '.join(facts)}>"

    @property
    def sample_rate(self) -> int | None:
        """[Hz], of audio; else None."""
        return self.config.sample_rate

    @property
    @abstractmethod
    def receptive_field(self) -> int | None:
        """Number of past samples that one output depends on; None: all of them."""

    @property
    @abstractmethod
    def precisions(self) -> tuple[str, ...]:
        """Those that the model can be loaded in."""

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers; empty: the model has none."""
        return ()

    @property
    @abstractmethod
    def symbols(self) -> tuple[str, ...]:
        """The vocabulary of the text that the model speaks or writes; empty: it has none."""

    @property
    def instruction_set(self) -> str:
        """Instruction set of the kernels that this model uses."""
        return self._model.instruction_set

    @property
    def lag_weights(self) -> NDArray[np.float32] | None:
        """Weights of the linear part of a time series; see `wavenet.config.SeriesColumns`."""
        return self._tensors.get("lag_weights")

    def generate(
        self,
        n_samples: int | None = None,
        *,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        text: str | None = None,
        speaker: Speaker = None,
        condition: Any = None,
        global_vector: ArrayLike | None = None,
        prime: Any = None,
        batch: int = 1,
        progress: Progress | None = None,
    ) -> Any:
        """Generates samples.

        Parameters
        ----------
        n_samples
            Length; by default what the local conditioning covers.
        text
            What a model of labels says, with durations of the speaker drawn by the seed: instead
            of `condition`.
        progress
            Called with the number of samples done and the number of all.
        seed, temperature, top_k, top_p, speaker, condition, global_vector, prime, batch
            As for `streams`.

        Returns
        -------
        ndarray, str or list of str
            The samples of one stream: audio or classes `(n_samples,)`, vectors
            `(n_samples, dimensions)` or a text; of a `batch` above 1 with the streams first.

        Raises
        ------
        ValueError
            An argument is out of range, misshapen, or asks for what the model does not have.
        """
        streams = self.streams(
            seed=seed, temperature=temperature, top_k=top_k, top_p=top_p, speaker=speaker,
            condition=self._said(text, speaker, seed, condition), global_vector=global_vector,
            prime=prime, batch=batch,
        )  # fmt: skip
        total = streams.samples_left(n_samples)
        if total is None:
            raise ValueError(
                "n_samples must be given for a model without local conditioning, and where the "
                "condition comes in blocks: `stream` continues while it lasts"
            )
        samples = streams.generate(total, progress)
        streams.warn_of_clipping()
        return samples if batch > 1 else samples[0]

    def stream(
        self,
        n_samples: int | None = None,
        block_size: int = 1024,
        *,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        text: str | None = None,
        speaker: Speaker = None,
        condition: Any = None,
        global_vector: ArrayLike | None = None,
        prime: Any = None,
        batch: int = 1,
    ) -> Iterator[Any]:
        """Generates block by block; the blocks joined are what `generate` returns, to the bit.

        Parameters
        ----------
        n_samples
            Length; by default what the local conditioning covers, else without end. A
            condition in blocks is taken as far as the samples need it, so that endless ones take
            little memory.
        block_size
            Samples per block; the last block may be shorter.
        text, seed, temperature, top_k, top_p, speaker, condition, global_vector, prime, batch
            As for `generate`.

        Yields
        ------
        ndarray, str or list of str
            As `generate` returns.
        """
        integer("block_size", block_size, 1, 2**40)
        streams = self.streams(
            seed=seed, temperature=temperature, top_k=top_k, top_p=top_p, speaker=speaker,
            condition=self._said(text, speaker, seed, condition), global_vector=global_vector,
            prime=prime, batch=batch,
        )  # fmt: skip
        left = streams.samples_left(n_samples)

        def blocks() -> Iterator[Any]:
            done = 0
            while left is None or done < left:
                count = streams.ready(block_size) if left is None else min(block_size, left - done)
                if count == 0:
                    break
                block = streams.generate(count)
                yield block if batch > 1 else block[0]
                done += count
            streams.warn_of_clipping()

        return blocks()

    @abstractmethod
    def streams(
        self,
        *,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        speaker: Speaker = None,
        condition: Any = None,
        global_vector: ArrayLike | None = None,
        prime: Any = None,
        batch: int = 1,
    ) -> Streams:
        """Streams to advance by hand, to copy (fork), to save and to restore; see `Streams`."""

    def score(
        self,
        y: Any,
        *,
        speaker: str | int | None = None,
        condition: Any = None,
        global_vector: ArrayLike | None = None,
    ) -> Score:
        """Log-likelihood of samples under the model.

        Parameters
        ----------
        y
            Samples of one stream; audio `(n,)`, see `wavenet.base.sound.as_signal`.
        speaker, condition, global_vector
            As for `streams`.

        Raises
        ------
        ValueError
            As `generate`; also for no samples, and where what the model computes is not finite.
        """
        streams = self.streams(speaker=speaker, condition=condition, global_vector=global_vector)
        return Score.of([part[0] for part in streams.feed("score", y)])

    def outputs(
        self,
        y: Any,
        *,
        speaker: str | int | None = None,
        condition: Any = None,
        global_vector: ArrayLike | None = None,
    ) -> NDArray[np.float32]:
        """Teacher-forced outputs `(n, channels)` that predict each sample of `y`.

        Logits, or the parameters of a continuous output: see `output_channels` of `WaveNetConfig`,
        and `output_size` of `RecurrentConfig`. Arguments as for `score`; `y` is None for models
        without feedback.
        """
        streams = self.streams(speaker=speaker, condition=condition, global_vector=global_vector)
        return np.concatenate([part[0] for part in streams.feed("outputs", y)])

    @abstractmethod
    def baselines(self, y: Any, condition: ArrayLike | None = None) -> dict[str, float]:
        """Bits per sample that simple codes need for `y`: a scale for those of `score`.

        See `wavenet.metrics.baselines.baselines`. Empty for vectors.
        """

    def condition_from_text(
        self, text: str, speaker: str | int | None = None, seed: int = 0
    ) -> NDArray[np.float32]:
        """Feature frames `(frames, channels)` of a text, the `condition` of `generate`.

        Parameters
        ----------
        text
            Made of `symbols`.
        speaker
            Whose durations; by default the first speaker.
        seed
            For the durations, which are drawn from those of the training data.
        """
        raise ValueError("this model does not read text; it has no label features")

    def _said(self, text: str | None, speaker: Speaker, seed: int, condition: Any) -> Any:
        """The condition: that given, or that of the text."""
        if text is None:
            return condition
        if condition is not None:
            raise ValueError("text and condition exclude each other: both say what is spoken")
        if isinstance(speaker, Sequence) and not isinstance(speaker, str):
            raise ValueError("text is spoken by one speaker: durations differ between speakers")
        return self.condition_from_text(text, speaker, seed)

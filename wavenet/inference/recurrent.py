"""Generation and scoring of recurrent models: what `wavenet.load` returns for them."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core
from wavenet.base.claim import Claim, claimed
from wavenet.base.cpu import warn_of_refused_tiles
from wavenet.base.validation import integer, per_stream, sampling_options, thread_count
from wavenet.config.recurrent import RecurrentConfig
from wavenet.inference.score import Progress, Score
from wavenet.inference.sequences import class_values, decode_samples, encode_samples
from wavenet.metrics.baselines import baselines

_PRODUCTS_PER_CALL = 4e8  # a call into the core stays well below 0.1 s, so that Ctrl-C is prompt


class RecurrentGenerator:
    """A recurrent model ready to generate, with the methods of `wavenet.Generator`.

    Samples are texts (`str`), audio `(n,)` in [-1, 1], classes `(n,)` or vectors
    `(n, dimensions)`, as the model has it; a batch is a list of texts or an array with the streams
    first.

    Parameters
    ----------
    config
        The configuration.
    tensors
        Weights under the names of `config.tensor_shapes()`.
    precision
        "float32", "bf16" (weights) or "int8" (weights and hidden values).
    threads
        As for `wavenet.load`.

    Notes
    -----
    Samples depend on the seed and the conditioning alone: not on the block size, the number of
    threads or the other streams of a batch. A generator may be used from several threads.
    """

    def __init__(
        self,
        config: RecurrentConfig,
        tensors: dict[str, np.ndarray],
        precision: str = "float32",
        threads: int | None = None,
    ):
        self.config = config
        self.precision = precision
        self.lag_weights = tensors.get("lag_weights")  # of a time series
        self.threads = thread_count(threads)
        warn_of_refused_tiles(precision)
        self._model = _core.Recurrent(
            vars(config) | {"classes": config.class_count if config.output == "categorical" else 0},
            tensors,
            precision,
        )
        products = sum(np.prod(shape) for shape in config.tensor_shapes().values())
        self._samples_per_call = max(1, int(_PRODUCTS_PER_CALL / products))

    @classmethod
    def load(
        cls, path: str | os.PathLike, precision: str | None = None, threads: int | None = None
    ) -> RecurrentGenerator:
        """Loads a recurrent model as `wavenet.load` does; ValueError for one of another kind."""
        from wavenet.inference.load import load

        generator = load(path, precision, threads)
        if not isinstance(generator, RecurrentGenerator):
            raise ValueError(f"{path} holds a {generator.config.kind} model, not a recurrent one")
        return generator

    @property
    def precisions(self) -> tuple[str, ...]:
        """Those that the model can be loaded in: all, as hidden values need no calibration."""
        return ("float32", "bf16", "int8")

    @property
    def sample_rate(self) -> int | None:
        """[Hz], of audio; else None."""
        return self.config.sample_rate

    @property
    def receptive_field(self) -> None:
        """None: an output depends on all of the past."""

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
    ) -> Any:
        """Generates samples.

        Parameters
        ----------
        n_samples
            Length; by default as long as the covariates last.
        batch
            Number of streams. Stream b is the same for any batch size above b.
        progress
            Called with the number of samples done and the number of all.
        **options
            As for `streams`.

        Returns
        -------
        str, list of str, or ndarray
            Samples of one stream, or of all if `batch` is above 1.

        Raises
        ------
        ValueError
            An argument is out of range, misshapen, or asks for what the model does not have.
        """
        streams = self.streams(batch=batch, **options)
        total = streams.samples_left(n_samples)
        if total is None:
            raise ValueError("n_samples must be given for a model without covariates")
        parts = []
        for start, end in streams.calls(total):
            parts.append(streams.draw(end - start))
            if progress:
                progress(end, total)
        return streams.decode(parts)

    def stream(
        self, n_samples: int | None = None, block_size: int = 1024, **options: Any
    ) -> Iterator[Any]:
        """Generates block by block; the blocks together are what `generate` returns.

        Parameters
        ----------
        n_samples
            Length; by default as long as the covariates last, else without end.
        block_size
            Samples per block; the last block may be shorter.
        **options
            As for `streams`.
        """
        integer("block_size", block_size, 1, 2**40)
        streams = self.streams(**options)
        left = streams.samples_left(n_samples)

        def blocks() -> Iterator[Any]:
            done = 0
            while left is None or done < left:
                count = block_size if left is None else min(block_size, left - done)
                yield streams.generate(count)
                done += count

        return blocks()

    def streams(self, **options: Any) -> RecurrentStreams:
        """Streams to advance by hand, to copy and to resume; options as of `RecurrentStreams`."""
        return RecurrentStreams(self, **options)

    def score(self, y: str | ArrayLike, **conditioning: Any) -> Score:
        """Log-likelihood of samples under the model.

        Parameters
        ----------
        y
            Samples of one stream.
        **conditioning
            `global_vector`, `covariates`, as for `streams`.
        """
        return Score.of(self._feed("score", y, conditioning))

    def baselines(self, y: str | ArrayLike) -> dict[str, float]:
        """Bits per sample that simple codes need for classes: a scale for those of `score`.

        See `wavenet.metrics.baselines.baselines`. None of vectors.
        """
        if self.config.output != "categorical":
            return {}
        codes = encode_samples(y, self.config)[:, 0].astype(np.int64)
        return baselines([codes], self.config.class_count, class_values(self.config))

    def outputs(self, y: str | ArrayLike | None, **conditioning: Any) -> NDArray[np.float32]:
        """Teacher-forced outputs `(n, output_size)` that predict each sample of `y`.

        Logits, or the rows of parameters that `wavenet.models.recurrent.negative_log_likelihood`
        describes. `y` is None for models without feedback.
        """
        return np.concatenate(self._feed("outputs", y, conditioning))

    def _feed(self, method: str, y: Any, conditioning: dict[str, Any]) -> list[np.ndarray]:
        samples = None if y is None else encode_samples(y, self.config)[None]
        streams = self.streams(**conditioning)
        total = streams.samples_left(None if samples is None else samples.shape[1])
        if total is None:
            raise ValueError("this model needs the samples that it is fed")
        return [part[0] for part in streams.feed(method, samples, total)]


class RecurrentStreams:
    """Streams of a recurrent model that advance together.

    One call at a time: RuntimeError where another thread is in one; copies are free.

    Parameters
    ----------
    generator
        The model.
    seed
        Seed of the random numbers, 0 to 2^64 - 1. Streams of a batch differ.
    temperature
        Divides the logits, or multiplies the scales; 0 takes the most likely sample always, which
        is near silence with models of audio. By default that of the model, `config.temperature`.
    top_k, top_p
        Draw only from the k most likely classes, or from the fewest that hold the probability p.
    global_vector
        `(global_channels,)`, or `(batch, global_channels)`.
    covariates
        `(n, covariates)`, or `(batch, n, covariates)`: one row for each sample, those of `prime`
        first.
    prime
        Samples that every stream continues.
    batch
        Number of streams.
    """

    def __init__(
        self,
        generator: RecurrentGenerator,
        *,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        global_vector: ArrayLike | None = None,
        covariates: ArrayLike | None = None,
        prime: str | ArrayLike | None = None,
        batch: int = 1,
    ):
        config = generator.config
        self.generator = generator
        self.batch = integer("batch", batch, 1, 65536)
        self._options = sampling_options(config, seed, temperature, top_k, top_p)
        if config.output != "categorical" and (top_k is not None or top_p is not None):
            raise ValueError("top_k and top_p need a model of classes")
        self._claim = Claim()
        self.core = _core.RecurrentStreams(generator._model, self.batch, generator.threads)
        size = config.global_channels
        for b, vector in enumerate(
            per_stream("global_vector", global_vector, size, 1, self.batch) if size else []
        ):
            self.core.condition(b, vector)
        rows = per_stream("covariates", covariates, config.covariates, 2, self.batch)
        self._covariates = np.stack(rows) if config.covariates else None
        self._last = np.full((self.batch, 1), -1, dtype=np.float32)  # sample decoded or primed
        if prime is not None:
            samples = encode_samples(prime, config)[None].repeat(self.batch, axis=0)
            self.feed("prime", samples, self.samples_left(samples.shape[1]))
            self._last = samples[:, -1]

    @claimed
    def __copy__(self) -> RecurrentStreams:
        fork = object.__new__(RecurrentStreams)
        fork.__dict__ = self.__dict__ | {"core": copy.copy(self.core), "_claim": Claim()}
        return fork

    @claimed
    def generate(self, n_samples: int) -> Any:
        """The next samples of every stream."""
        self.samples_left(n_samples)
        return self.decode([self.draw(end - start) for start, end in self.calls(n_samples)])

    def samples_left(self, n_samples: int | None) -> int | None:
        """`n_samples`, checked against the covariates; by default all that they last for."""
        if n_samples is not None:
            integer("n_samples", n_samples, 1, 2**40)
        if self._covariates is None:
            return n_samples
        left = self._covariates.shape[1] - self.core.time
        if left < (n_samples or 1):
            raise ValueError(
                f"the covariates last for {left} more samples, not for {n_samples or 1}"
            )
        return n_samples or left

    @claimed
    def save(self) -> dict[str, Any]:
        """What the streams remember: time, hidden and cell values, the last sample."""
        return self.core.save()

    @claimed
    def restore(self, memory: dict[str, Any]) -> None:
        """Goes on from what `save` returned, for the same model and batch size."""
        self.core.restore(memory)
        self._last = self.core.save()["samples"]

    def calls(self, total: int) -> Iterator[tuple[int, int]]:
        """Ranges of samples, each short enough for one call into the core."""
        threads = min(self.generator.threads, self.batch)
        step = max(1, self.generator._samples_per_call * threads // self.batch)
        for start in range(0, total, step):
            yield start, min(start + step, total)

    @claimed
    def draw(self, count: int) -> NDArray[np.float32]:
        """The next samples as the core has them, `(batch, count, channels)`; see `calls`.

        ValueError where vectors grow beyond all numbers: the model diverges.
        """
        config = self.generator.config
        given = self._next_covariates(count)
        if config.output == "point" and not config.feedback:  # nothing to draw: a block at once
            values = self.core.outputs(None, given)
        else:
            values = self.core.generate(count, given, **self._options)
        if not np.isfinite(values).all():
            stream, sample = np.argwhere(~np.isfinite(values))[0, :2]
            raise ValueError(
                f"sample {self.core.time - count + sample} of stream {stream} is not finite: what "
                "the model predicts from its own samples grows without bound"
            )
        return values

    @claimed
    def decode(self, parts: list[NDArray[np.float32]]) -> Any:
        """Samples that `draw` just returned, part after part, as the user takes them."""
        values = np.concatenate(parts, axis=1)
        samples = decode_samples(values, self.generator.config, self._last)
        self._last = values[:, -1]
        return samples if self.batch > 1 else samples[0]

    @claimed
    def feed(self, method: str, samples: np.ndarray | None, total: int) -> list[np.ndarray]:
        """Calls a method of the core with the next samples `(batch, n, channels)`, in parts."""
        return [
            getattr(self.core, method)(
                None if samples is None else samples[:, start:end],
                self._next_covariates(end - start),
            )
            for start, end in self.calls(total)
        ]

    def _next_covariates(self, count: int) -> NDArray[np.float32] | None:
        if self._covariates is None:
            return None
        return self._covariates[:, self.core.time : self.core.time + count]

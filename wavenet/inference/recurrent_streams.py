"""Streams of a recurrent model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core
from wavenet.base.claim import claimed
from wavenet.base.validation import integer, per_stream
from wavenet.inference.sequences import decode_sequence, encode_sequence
from wavenet.inference.streams import Streams

if TYPE_CHECKING:
    from wavenet.inference.recurrent import RecurrentGenerator

_PRODUCTS_PER_CALL = 4e8


class RecurrentStreams(Streams):
    """Streams of a recurrent model that advance together.

    Parameters
    ----------
    condition
        Covariates `(n, covariates)`, or `(batch, n, covariates)`: one row for each sample, those
        of `prime` first.
    global_vector
        `(global_channels,)`, or `(batch, global_channels)`.
    prime
        Samples that every stream continues.
    generator, seed, temperature, top_k, top_p, batch
        As for `Streams`.
    """

    generator: RecurrentGenerator

    def __init__(
        self,
        generator: RecurrentGenerator,
        *,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        condition: ArrayLike | None = None,
        global_vector: ArrayLike | None = None,
        prime: Any = None,
        batch: int = 1,
    ):
        super().__init__(generator, _core.RecurrentStreams, seed, temperature, top_k, top_p, batch)
        config = generator.config
        if config.output != "categorical" and (top_k is not None or top_p is not None):
            raise ValueError("top_k and top_p need a model of classes")
        products = sum(np.prod(shape) for shape in config.tensor_shapes().values())
        self._sample_shape = (1 if config.output == "categorical" else config.dimensions,)
        self._samples_per_call = max(1, int(_PRODUCTS_PER_CALL / products))
        size = config.global_channels
        vectors = per_stream("global_vector", global_vector, size, 1, self.batch)
        for b, vector in enumerate(vectors if size else []):
            self.core.condition(b, vector)
        rows = per_stream("condition", condition, config.covariates, 2, self.batch)
        self._covariates = np.stack(rows) if config.covariates else None
        self._last = np.full((self.batch, 1), -1, dtype=np.float32)  # sample decoded or primed
        if prime is not None:
            self.prime(prime)

    @claimed
    def save(self) -> dict[str, Any]:
        """What the streams remember: time, hidden and cell values, the last sample."""
        return self.core.save()

    @claimed
    def restore(self, memory: dict[str, Any]) -> None:
        """Resumes what `save` returned, for the same model and batch size."""
        self.core.restore(memory)
        self._last = self.core.save()["samples"]

    @claimed
    def feed(self, method: str, y: Any) -> list[np.ndarray]:
        """Calls "prime", "score" or "outputs" of the core with given samples, in parts.

        `y` is None for models without feedback: the covariates say how many there are.
        """
        samples = None if y is None else encode_sequence(y, self.generator.config)
        total = self.samples_left(None if samples is None else len(samples))
        if total is None:
            raise ValueError("this model needs the samples that it is fed")
        if samples is not None:
            samples = samples[None].repeat(self.batch, axis=0)
        parts = [
            getattr(self.core, method)(
                None if samples is None else samples[:, start:end],
                self._next_covariates(end - start),
            )
            for start, end in self._calls(total)
        ]
        if samples is not None:
            self._last = samples[:, -1]
        return parts

    def samples_left(self, n_samples: int | None) -> int | None:
        """`n_samples`, checked against the covariates; by default all that they cover."""
        if n_samples is not None:
            integer("n_samples", n_samples, 1, 2**40)
        if self._covariates is None:
            return n_samples
        left = self._covariates.shape[1] - self.core.time
        if left < (n_samples or 1):
            raise ValueError(
                f"the condition covers {left} more samples, not {n_samples or 1}: give more rows "
                "or fewer samples"
            )
        return n_samples or left

    def ready(self, n_samples: int) -> int:
        """All of them: covariates do not come in blocks."""
        return n_samples

    def warn_of_clipping(self) -> None:
        """Classes of audio are never clipped."""

    def _draw(self, count: int) -> NDArray[np.float32]:
        """ValueError where vectors grow beyond all numbers: the model diverges."""
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

    def _decode(self, samples: NDArray[np.float32]) -> Any:
        last, self._last = self._last, samples[:, -1]
        return decode_sequence(samples, self.generator.config, last)

    def _next_covariates(self, count: int) -> NDArray[np.float32] | None:
        if self._covariates is None:
            return None
        return self._covariates[:, self.core.time : self.core.time + count]

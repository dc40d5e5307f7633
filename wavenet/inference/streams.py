"""Streams that all kinds of generators share: what advances, is copied, saved and resumed."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from wavenet.base.claim import Claim, claimed
from wavenet.base.validation import integer, sampling_options

if TYPE_CHECKING:
    from wavenet.inference.generator import Generator


class Streams(ABC):
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
        components; 0 takes the most likely class, or the mean of the most likely component. For
        mu-law models that is near silence: the likeliest next sample is nearly the last one. By
        default that of the model, `config.temperature`.
    top_k, top_p
        Draw only from the k most likely classes, or from the fewest that hold the probability p.
        Categorical outputs alone.
    batch
        Number of streams. Stream b is the same for any batch size above b.
    """

    def __init__(
        self,
        generator: Generator,
        core: Any,
        seed: int,
        temperature: float | None,
        top_k: int | None,
        top_p: float | None,
        batch: int,
    ):
        self.generator = generator
        self.batch = integer("batch", batch, 1, 65536)
        self._options = sampling_options(generator.config, seed, temperature, top_k, top_p)
        self.core = core(generator._model, self.batch, generator.threads)
        self._claim = Claim()

    @claimed
    def __copy__(self) -> Self:
        fork = object.__new__(type(self))
        fork.__dict__ = self.__dict__ | {"core": copy.copy(self.core), "_claim": Claim()}
        return fork

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return copy.copy(self)

    @claimed
    def generate(self, n_samples: int, progress: Callable[[int, int], None] | None = None) -> Any:
        """The next samples of every stream, `(batch, n_samples)` and so on, or a list of texts.

        `progress` is called with the number of samples done and the number of all.
        """
        self.samples_left(n_samples)
        self.wait_for(n_samples)
        samples = np.empty((self.batch, n_samples, *self._sample_shape), np.float32)
        for start, end in self._calls(n_samples):
            samples[:, start:end] = self._draw(end - start)
            if progress:
                progress(end, n_samples)
        return self._decode(samples)

    @claimed
    def prime(self, y: Any) -> None:
        """Advances through given samples, the same for all streams.

        It costs at most as much as one receptive field does.
        """
        self.feed("prime", y)

    @abstractmethod
    def feed(self, method: str, y: Any) -> list[np.ndarray]:
        """Calls "prime", "score" or "outputs" of the core with given samples, in parts."""

    @abstractmethod
    def samples_left(self, n_samples: int | None) -> int | None:
        """`n_samples`, checked against the condition; by default all that it covers.

        None where that is not known.
        """

    @abstractmethod
    def ready(self, n_samples: int) -> int:
        """Samples that can be generated now, up to `n_samples`.

        Takes blocks of the condition until there are as many, or the condition ends.
        """

    def wait_for(self, n_samples: int) -> None:
        """Takes blocks of the condition for `n_samples`; ValueError if it ends before."""
        ready = self.ready(n_samples)
        if ready < n_samples:
            raise ValueError(f"the condition ends {ready} samples from here, not {n_samples}")

    @abstractmethod
    def warn_of_clipping(self) -> None:
        """Warns with numbers if what was generated went beyond full scale."""

    @abstractmethod
    def save(self) -> dict[str, Any]:
        """What the streams remember, as numbers and arrays."""

    @abstractmethod
    def restore(self, memory: dict[str, Any]) -> None:
        """Resumes what `save` returned, for the same model, batch size and conditioning."""

    def _calls(self, total: int) -> Iterator[tuple[int, int]]:
        """Ranges of samples, each short enough for one call into the core."""
        step = max(
            1, self._samples_per_call * min(self.generator.threads, self.batch) // self.batch
        )
        for start in range(0, total, step):
            yield start, min(start + step, total)

    _sample_shape: tuple[int, ...]
    """Of a sample of one stream, as the core has it."""
    _samples_per_call: int
    """A call into the core for one stream stays well below 0.1 s, so that Ctrl-C is prompt."""

    @abstractmethod
    def _draw(self, count: int) -> NDArray[np.float32]:
        """The next samples of every stream, `(batch, count, *_sample_shape)`."""

    @abstractmethod
    def _decode(self, samples: NDArray[np.float32]) -> Any:
        """What `_draw` gave, as the user takes it."""

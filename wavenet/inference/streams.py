"""Streams of a WaveNet: what advances, is copied and resumed."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core
from wavenet.base.claim import Claim, claimed
from wavenet.base.sound import ClippingWarning, as_samples, as_signal, clipped
from wavenet.base.validation import integer, per_stream, sampling_options
from wavenet.features.statistics import FrameWatch
from wavenet.inference.noise_shaping import filters_of_frames, noise_shaping_of
from wavenet.inference.samples import encode_samples

if TYPE_CHECKING:
    from wavenet.inference.wavenet import Generator

SAMPLES_PER_CALL = 256  # a call into the core stays well below 0.1 s, so that Ctrl-C is prompt


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
        Audio `(n,)` that the streams continue, see `wavenet.base.sound.as_signal`; its conditioning
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
        per_call = max(1, SAMPLES_PER_CALL * self.generator.threads // self.batch)
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
        """Counts what is clipped, here or, of continuous outputs, as it is drawn.

        The codes of a categorical output are all there is.
        """
        self._generated += samples.size
        if self.generator.config.output != "categorical" or self._noise_shaping:
            self._clipped += int(clipped(samples).sum())
            self._loudest = max(self._loudest, float(np.abs(samples).max()))

    def warn_of_clipping(self) -> None:
        """Warns with numbers if what was generated went beyond full scale."""
        if self._clipped:
            loudest = f"; the loudest would be {self._loudest:.2f}" if self._loudest > 1 else ""
            advice = "try a lower temperature or another seed"
            if self.generator.config.sound_features:  # features tell how loud the sound is
                advice = "its features are too loud: turn down the sound that they are of"
            warnings.warn(
                f"{self._clipped:,} of {self._generated:,} generated samples are clipped{loudest}: "
                f"{advice}",
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

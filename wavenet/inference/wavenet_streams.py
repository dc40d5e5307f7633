"""Streams of a WaveNet."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet import _core
from wavenet.base.claim import claimed
from wavenet.base.sound import ClippingWarning, as_samples, as_signal, clipped
from wavenet.base.validation import integer, per_stream, require
from wavenet.features.statistics import FrameWatch
from wavenet.inference.noise_shaping import filters_of_frames, noise_shaping_of
from wavenet.inference.samples import decode_samples, encode_samples, silence_code
from wavenet.inference.streams import Streams

if TYPE_CHECKING:
    from wavenet.inference.generator import Speaker
    from wavenet.inference.wavenet import WaveNetGenerator

_FED_PER_CALL = 4096
_SKIPPED_PER_CALL = 1 << 20
_CORE_METHODS = {"prime": "prime", "score": "score", "outputs": "logits"}


class WaveNetStreams(Streams):
    """Streams of a WaveNet that advance together; samples are float32 in [-1, 1].

    Parameters
    ----------
    speaker
        Name or index, or one for each stream; by default the first.
    global_vector
        `(global_channels,)`, or `(batch, global_channels)`.
    condition
        Feature frames `(frames, channels)`, or `(batch, frames, channels)`; or a list or iterator
        of blocks of such frames, which are taken when samples need them.
    prime
        Audio `(n,)` that the streams continue, see `wavenet.base.sound.as_signal`; its conditioning
        comes first in `condition`.
    generator, seed, temperature, top_k, top_p, batch
        As for `Streams`.
    """

    generator: WaveNetGenerator
    _sample_shape = ()
    _samples_per_call = 256

    def __init__(
        self,
        generator: WaveNetGenerator,
        *,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        speaker: Speaker = None,
        condition: Any = None,
        global_vector: ArrayLike | None = None,
        prime: ArrayLike | None = None,
        batch: int = 1,
    ):
        super().__init__(generator, _core.WaveNetStreams, seed, temperature, top_k, top_p, batch)
        config = generator.config
        self._channels = config.local.channels if config.local else 0
        self._noise_shaping = noise_shaping_of(config, self.batch)
        self._generated, self._clipped, self._loudest = 0, 0, 0.0
        statistics = getattr(config.features, "statistics", None)
        self._watch = FrameWatch(statistics, self.batch) if statistics else None
        self._blocks = _blocks_of(condition, self.batch)
        self._past = np.empty((self.batch, 0), np.uint16)  # codes, at least of a receptive field
        self._condition(speaker, global_vector, condition)
        if prime is not None:
            self.prime(prime)

    def __copy__(self) -> Self:
        require(self._blocks is None, "streams whose condition comes in blocks cannot be copied")
        fork = super().__copy__()
        fork._noise_shaping = copy.copy(self._noise_shaping)
        return fork

    @claimed
    def save(self) -> dict[str, Any]:
        """What the streams remember: time, the codes of a receptive field, the filters' memory."""
        memory = {"time": self.core.time, "codes": self._past[:, -self._field :].copy()}
        if self._noise_shaping:
            memory["noise_shaping"] = self._noise_shaping.memory
        return memory

    @claimed
    def restore(self, memory: dict[str, Any]) -> None:
        """Resumes what `save` returned, of the same model, batch size and conditioning.

        Raises
        ------
        ValueError
            These streams are further on than what was saved, or the memory is of another model.
        """
        time, codes = integer("time", memory["time"], 0, 2**62), np.asarray(memory["codes"])
        ahead = time - self.core.time
        require(ahead >= 0, f"these streams are at sample {self.core.time}, beyond {time}")
        require(
            codes.shape == (self.batch, min(time, self._field)) and codes.dtype == np.uint16,
            f"the saved codes must be {self.batch} x {min(time, self._field)} of 16 bits, got "
            f"{codes.shape} of {codes.dtype}",
        )
        self.wait_for(ahead)
        silence, skipped = silence_code(self.generator.config), ahead - codes.shape[1]
        step = max(1, _SKIPPED_PER_CALL // self.batch)
        for start in range(0, skipped, step):
            count = min(step, skipped - start)
            self.core.prime(np.full((self.batch, count), silence, np.uint16))
        if ahead:
            self.core.prime(codes[:, -ahead:])
        self._past = codes
        if self._noise_shaping:
            self._noise_shaping.restore(ahead, memory["noise_shaping"])

    @claimed
    def feed(self, method: str, y: ArrayLike) -> list[np.ndarray]:
        """Calls "prime", "score" or "outputs" of the core with a signal `(n,)`, in parts.

        Priming is one call, since what lies before the last receptive field costs nothing in it.
        """
        y = as_signal(y)
        self.samples_left(len(y))
        step = len(y) if method == "prime" else _FED_PER_CALL
        parts = []
        for start in range(0, len(y), step):
            codes = self.codes(y[start : start + step])
            self.wait_for(codes.shape[1])
            parts.append(getattr(self.core, _CORE_METHODS[method])(codes))
            self._keep(codes)
        return parts

    @claimed
    def codes(self, y: ArrayLike) -> NDArray[np.uint16]:
        """Codes `(batch, n)` of the signal `(n,)` as what comes next, for `core`."""
        y, shaping = as_samples(y), self._noise_shaping
        sounds = shaping.shape(y) if shaping else np.broadcast_to(y, (self.batch, len(y)))
        return np.stack([encode_samples(sound, self.generator.config) for sound in sounds])

    @claimed
    def ready(self, n_samples: int) -> int:
        """Samples that can be generated now, up to `n_samples`.

        Takes blocks of the condition until there are as many, or the condition ends.
        """
        while self.core.conditioned_samples < self.core.time + n_samples and self._blocks:
            block = next(self._blocks, None)
            if block is None:
                self._blocks, frames = None, self._no_frames(last=True)
            else:
                frames = self._tracks(block, last=False)
            for b in range(self.batch):
                self.core.append(b, frames[b], block is None)
        return min(n_samples, self.core.conditioned_samples - self.core.time)

    def samples_left(self, n_samples: int | None) -> int | None:
        """`n_samples`, checked against the condition; by default all that it covers.

        None where that is not known.
        """
        if n_samples is not None:
            integer("n_samples", n_samples, 1, 2**40)
        if not self._channels or self._blocks is not None:
            return n_samples
        left = self.core.conditioned_samples - self.core.time
        if left < (n_samples or 1):
            raise ValueError(
                f"the condition covers {left} more samples, not {n_samples or 1}: give longer "
                "feature frames or fewer samples"
            )
        return n_samples or left

    def warn_of_clipping(self) -> None:
        """Warns with numbers if what was generated went beyond full scale."""
        if self._clipped:
            loudest = f"; the loudest would be {self._loudest:.2f}" if self._loudest > 1 else ""
            advice = "try a lower temperature or another seed"
            if self.generator.config.sound_features:  # features tell how loud the sound is
                advice = "its features are too loud: turn down the sound that they describe"
            warnings.warn(
                f"{self._clipped:,} of {self._generated:,} generated samples are clipped{loudest}: "
                f"{advice}",
                ClippingWarning,
                stacklevel=2,
            )

    @property
    def _field(self) -> int:
        return self.generator.receptive_field

    def _draw(self, count: int) -> NDArray[np.float32]:
        codes = self.core.generate(count, **self._options)
        self._keep(codes)
        samples = decode_samples(codes, self.generator.config)
        if self._noise_shaping:
            samples = self._noise_shaping.undo(samples)
        self._count_clipped(samples)
        return np.clip(samples, -1, 1)

    def _decode(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        return samples

    def _keep(self, codes: NDArray[np.uint16]) -> None:
        """Remembers the codes that `save` needs."""
        self._past = np.concatenate([self._past, codes[:, -self._field :]], axis=1)
        if self._past.shape[1] > 2 * self._field:
            self._past = self._past[:, -self._field :]

    def _count_clipped(self, samples: NDArray[np.float32]) -> None:
        """Counts what is clipped, here or, of continuous outputs, as it is drawn.

        The codes of a categorical output are all there is.
        """
        self._generated += samples.size
        if self.generator.config.output != "categorical" or self._noise_shaping:
            self._clipped += int(clipped(samples).sum())
            self._loudest = max(self._loudest, float(np.abs(samples).max()))

    def _condition(self, speaker: Speaker, global_vector: Any, condition: Any) -> None:
        """Conditions every stream from its start on."""
        speakers: list[str | int | None]
        if isinstance(speaker, Sequence) and not isinstance(speaker, str):
            speakers = list(speaker)
        else:
            speakers = [speaker] * self.batch
        if len(speakers) != self.batch:
            raise ValueError(f"got {len(speakers)} speakers for a batch of {self.batch}")
        size = self.generator.config.global_channels
        vectors = per_stream("global_vector", global_vector, size, 1, self.batch)
        require(self._blocks is None or self._channels > 0, "this model takes no condition")
        if self._blocks is None:
            frames = self._tracks(condition, last=True)
        else:
            frames = self._no_frames(last=False)
        for b in range(self.batch):
            index = self.generator.speaker_index(speakers[b])
            self.core.condition(b, index, vectors[b], frames[b], self._blocks is None)

    def _no_frames(self, last: bool) -> list[NDArray[np.float32]] | list[None]:
        frames = [np.empty((0, self._channels), np.float32)] * self.batch
        if self._watch and last:
            self._watch.see(frames, last=True)
        return frames

    def _tracks(self, condition: Any, last: bool) -> list[NDArray[np.float32]] | list[None]:
        """Frames for each stream, normalized as in the training."""
        config = self.generator.config
        tracks = per_stream("condition", condition, self._channels, 2, self.batch)
        if config.adaptive_noise_shaping:
            filters = {id(track): filters_of_frames(config, track) for track in tracks}
            self._noise_shaping.append([filters[id(track)] for track in tracks])
        if self._watch:
            self._watch.see(tracks, last)
            tracks = [self._watch.statistics.normalize(track) for track in tracks]
        return tracks


def _blocks_of(condition: Any, batch: int) -> Iterator[Any] | None:
    """The blocks of a condition that is a list or iterator of them."""
    if isinstance(condition, list | tuple) and condition:
        of_blocks = np.ndim(condition[0]) == (2 if batch == 1 else 3)
        return iter(condition) if of_blocks else None
    return condition if isinstance(condition, Iterator) else None

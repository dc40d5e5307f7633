"""Training sequences: windows of long clips, short clips joined, as a pure function of the step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wavenet.config import WaveNetConfig
from wavenet.inference.samples import decode_samples, silence_code
from wavenet.training.data.corpus import Item

PAUSE = (0.05, 0.3)  # between joined clips [s]
# Of a sample of a pause in the loss, that of a clip being 1: exact digital silence costs next to no
# bits, which would hide those of the clips in the mean, and a tenth is enough to learn it.
PAUSE_WEIGHT = 0.1


@dataclass(frozen=True)
class Batch:
    """Sequences of equal length.

    Attributes
    ----------
    inputs, targets
        `(B, T)` int64 codes; the input at time t is the target at t - 1. For scalar input the
        inputs are sample values, float32.
    weights
        `(B, T)` float32: how much each output counts in the loss, from 0 for context to 1.
    frames
        `(B, channels, frames)` float32, or None.
    speakers
        `(B,)` int64.
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    frames: np.ndarray | None
    speakers: np.ndarray


class SequenceSampler:
    """Draws the sequences of every step from (seed, step, place in the batch) alone.

    A sequence has `window` samples and the context before them that the receptive field asks for.
    Inside a long clip the context does not count in the loss; from a clip's start on everything
    counts, since the model sees there what it sees when generation starts. A clip shorter than a
    sequence is joined with others of its speaker, with pauses between them.

    Parameters
    ----------
    items
        The clips.
    config
        The model.
    window
        Samples that count [samples].
    seed
        Seed of all draws.
    """

    def __init__(self, items: list[Item], config: WaveNetConfig, window: int, seed: int):
        self.items = items
        self.config = config
        self.seed = seed
        self.hop = config.local.hop_length if config.local else 1
        self.context = self._whole_frames(config.receptive_field)
        self.length = self.context + self._whole_frames(window)
        self.silence = silence_code(config)
        self.rest = _rest_frame(config)
        self.pause = [round(seconds * config.sample_rate / self.hop) for seconds in PAUSE]
        lengths = np.array([len(item.codes) for item in items], dtype=np.float64)
        self._cumulative = np.cumsum(lengths / lengths.sum())
        speakers = np.array([item.speaker for item in items])
        self._same_speaker = {s: np.flatnonzero(speakers == s) for s in np.unique(speakers)}

    @property
    def short_clips(self) -> int:
        """Number of clips that are joined with others."""
        return sum(len(item.codes) < self.length for item in self.items)

    def batch(self, step: int, places: range) -> Batch:
        """The sequences at these places of the batch of a step."""
        return collate([self._draw(step, place) for place in places], self.length, self)

    def _draw(self, step: int, place: int) -> Sequence:
        random = np.random.default_rng([self.seed, step, place])
        drawn = np.searchsorted(self._cumulative, random.random(), side="right")
        item = self.items[min(int(drawn), len(self.items) - 1)]
        if len(item.codes) < self.length:
            return self._join(item, random)
        frames = (len(item.codes) - self.length) // self.hop
        start = max(0, int(random.integers(-self.context // self.hop, frames + 1))) * self.hop
        return Sequence([(0, _cut(item, start, self.length, self.hop))], start > 0)

    def _join(self, item: Item, random: np.random.Generator) -> Sequence:
        others = self._same_speaker[item.speaker]
        longest = min(self.pause[1], self.length // self.hop // 2)
        place = int(random.integers(0, longest + 1)) * self.hop
        parts = []
        while place < self.length:
            parts.append((place, _cut(item, 0, self.length - place, self.hop)))
            pause = int(random.integers(self.pause[0], self.pause[1] + 1))
            place += self._whole_frames(len(item.codes)) + pause * self.hop
            item = self.items[others[random.integers(len(others))]]
        return Sequence(parts, False)

    def _whole_frames(self, samples: int) -> int:
        return -(-samples // self.hop) * self.hop


@dataclass(frozen=True)
class Sequence:
    """Pieces with their places in the sequence; `inside`: it starts inside a clip."""

    parts: list[tuple[int, Item]]
    inside: bool


def collate(sequences: list[Sequence], length: int, sampler: SequenceSampler) -> Batch:
    """Sequences as one batch; silence where no piece lies."""
    count = len(sequences)
    codes = np.full((count, length + 1), sampler.silence, dtype=np.int64)
    weights = np.full((count, length), PAUSE_WEIGHT, dtype=np.float32)
    first = sequences[0].parts[0][1]
    frames = None
    if first.track is not None:
        channels = first.track.shape[1]
        frames = np.empty((count, channels, length // sampler.hop), dtype=np.float32)
        frames[:] = sampler.rest
    for i, sequence in enumerate(sequences):
        for place, item in sequence.parts:
            codes[i, place + 1 : place + 1 + len(item.codes)] = item.codes
            weights[i, place : place + len(item.codes)] = 1
            if frames is not None:
                frame = place // sampler.hop
                frames[i, :, frame : frame + len(item.track)] = item.track.T
        if sequence.inside:
            weights[i, : sampler.context] = 0
    speakers = np.array([s.parts[0][1].speaker for s in sequences], dtype=np.int64)
    before = codes[:, :-1]
    scalar = sampler.config.input == "scalar"
    inputs = decode_samples(before, sampler.config) if scalar else before
    return Batch(inputs, codes[:, 1:], weights, frames, speakers)


def validation_batches(items: list[Item], sampler: SequenceSampler, batch_size: int) -> list[Batch]:
    """Every sample of the clips, weights once, each with the context that it has in its clip."""
    sequences, ends = [], []
    for item in items:
        covered = 0
        while covered < len(item.codes):
            start = max(0, covered - sampler.context) if covered else 0
            part = _cut(item, start, sampler.length, sampler.hop)
            sequences.append(Sequence([(0, part)], start > 0))
            ends.append(len(part.codes))
            covered = start + len(part.codes)
    batches = []
    for i in range(0, len(sequences), batch_size):
        batch = collate(sequences[i : i + batch_size], sampler.length, sampler)
        for row, end in zip(batch.weights, ends[i : i + batch_size], strict=True):
            row[end:] = 0
        batches.append(batch)
    return batches


def _rest_frame(config: WaveNetConfig) -> np.ndarray:
    """What the model sees between joined clips, `(channels, 1)` or `(1, 1)`."""
    features = config.features
    if features is None or features.kind == "labels":
        return np.zeros((1, 1))
    return features.statistics.normalize(features.silence())[:, None]


def _cut(item: Item, start: int, length: int, hop: int) -> Item:
    """`length` samples of a clip from `start`, a whole number of frames, on."""
    codes = item.codes[start : start + length]
    track = None
    if item.track is not None:
        track = item.track[start // hop : start // hop + -(-len(codes) // hop)]
    return Item(codes, track, item.speaker)

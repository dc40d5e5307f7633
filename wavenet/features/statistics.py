"""Statistics of training features: what a model's input is normalized by, and warned from."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PIECE = 400  # frames whose mean log-likelihood is expected to vary by the spread of a mixture
_FEWEST = 100  # frames that tell whether a sound is unlike the training data
_UNLIKELY = 4.0  # spreads below what is expected
# Deviations that a value may lie outside the trained range without a warning: twice the most by
# which one of 63 sentences of slt leaves the range of the others.
_MARGIN = 2.0


class FeatureRangeWarning(UserWarning):
    """Features are unlike those that the model was trained on."""


@dataclass(frozen=True)
class FrameMixture:
    """Gaussian mixture of normalized training frames, with diagonal covariances.

    Parameters
    ----------
    weights
        Weights of the components; their sum is 1.
    means, deviations
        A row of channels for each component.
    expected, spread
        Mean log-likelihood of a frame of the training data's speakers [nat], and the standard
        deviation of its mean over `PIECE` frames.
    """

    weights: tuple[float, ...]
    means: tuple[tuple[float, ...], ...]
    deviations: tuple[tuple[float, ...], ...]
    expected: float
    spread: float

    def check(self, channels: int) -> None:
        """Refuses mixtures of another number of channels, or that are none."""
        count = len(self.weights)
        rows = [*self.means, *self.deviations]
        if not len(self.means) == len(self.deviations) == count > 0:
            raise ValueError(
                f"a mixture of {count} weights has {len(self.means)} means and "
                f"{len(self.deviations)} deviations"
            )
        if any(len(row) != channels for row in rows):
            raise ValueError(f"the components of the mixture do not have {channels} channels")
        if min(self.weights) < 0 or abs(sum(self.weights) - 1) > 1e-3:
            raise ValueError(f"the weights of the mixture must sum to 1, got {sum(self.weights)}")
        if min(map(min, self.deviations)) < 1e-6 or self.spread <= 0:
            raise ValueError("the deviations and the spread of the mixture must be above 0")

    def log_likelihoods(self, frames: np.ndarray) -> NDArray[np.float64]:
        """Of normalized frames `(n, channels)` [nat], `(n,)`."""
        frames, means = frames.astype(np.float64), np.array(self.means)
        precisions = np.array(self.deviations) ** -2.0
        constants = np.log(np.maximum(self.weights, 1e-300)) + 0.5 * (
            np.log(precisions / (2 * math.pi)) - means**2 * precisions
        ).sum(axis=1)
        logs = constants + frames @ (means * precisions).T - 0.5 * frames**2 @ precisions.T
        top = logs.max(axis=1)
        return top + np.log(np.exp(logs - top[:, None]).sum(axis=1))

    def calibrated(self, pieces: Iterable[np.ndarray]) -> FrameMixture:
        """With what is expected, from pieces of `PIECE` frames that were not learned."""
        means = [float(self.log_likelihoods(piece).mean()) for piece in pieces]
        spread = max(round(float(np.std(means)), 4), 1e-4)
        return dataclasses.replace(self, expected=round(float(np.mean(means)), 4), spread=spread)

    def least(self, frames: int) -> float:
        """The mean log-likelihood of so many frames below which they are unlike the others."""
        return self.expected - _UNLIKELY * self.spread * math.sqrt(max(1.0, PIECE / frames))

    def draw(self, random: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Normalized frames `(count, channels)`."""
        weights = np.array(self.weights)
        chosen = random.choice(len(weights), count, p=weights / weights.sum())
        means, deviations = np.array(self.means)[chosen], np.array(self.deviations)[chosen]
        return means + deviations * random.standard_normal(means.shape)


@dataclass(frozen=True)
class FrameStatistics:
    """Of every channel of the training data's frames.

    Parameters
    ----------
    mean, deviation
        Mean and standard deviation of the frames; the model sees (frame - mean) / deviation.
    lowest, highest
        The range that the model was trained on.
    mixture
        Mixture of the normalized frames, or None where there were few.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    mixture: FrameMixture | None = None

    @classmethod
    def of(cls, tracks: Iterable[np.ndarray]) -> FrameStatistics:
        """Statistics of tracks `(frames, channels)`; a constant channel gets the deviation 1."""
        count = 0
        total: np.ndarray = np.zeros(())
        squares, lowest, highest = total, total + np.inf, total - np.inf
        for track in tracks:
            values = track.astype(np.float64)
            count += len(values)
            total = total + values.sum(axis=0)
            squares = squares + (values**2).sum(axis=0)
            lowest = np.minimum(lowest, values.min(axis=0))
            highest = np.maximum(highest, values.max(axis=0))
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
        deviation[deviation < 1e-6 * (1 + np.abs(mean))] = 1
        return cls(_plain(mean), _plain(deviation), _plain(lowest), _plain(highest))

    def check(self, channels: int) -> None:
        """Refuses statistics of another number of channels, or deviations that are not positive."""
        for name in ("mean", "deviation", "lowest", "highest"):
            values = getattr(self, name)
            if len(values) != channels:
                raise ValueError(f"the {name} of {len(values)} channels; frames have {channels}")
        if min(self.deviation) <= 0:
            raise ValueError(f"deviations must be above 0, got {min(self.deviation)}")
        if self.mixture:
            self.mixture.check(channels)

    def normalize(self, frames: np.ndarray) -> NDArray[np.float32]:
        """Frames `(..., channels)` with mean 0 and deviation 1 over the training data."""
        mean, deviation = np.array(self.mean), np.array(self.deviation)
        return ((frames - mean) / deviation).astype(np.float32)

    def draw(self, random: np.random.Generator, count: int) -> NDArray[np.float32]:
        """Frames `(count, channels)` like the training data's, in the trained range."""
        if self.mixture:
            frames = self.mixture.draw(random, count)
        else:
            frames = random.standard_normal((count, len(self.mean)))
        values = np.array(self.mean) + np.array(self.deviation) * frames
        return np.clip(values, self.lowest, self.highest).astype(np.float32)

    def outside(self, frames: np.ndarray) -> tuple[int, int] | None:
        """The first of the frames `(frames, channels)` far outside the trained range, and where.

        Frame and channel; None where there is none.
        """
        excess = np.maximum(self.lowest - frames, frames - self.highest) / self.deviation
        far = excess.max(axis=1, initial=0) > _MARGIN
        if not far.any():
            return None
        frame = int(np.argmax(far))
        return frame, int(np.argmax(excess[frame]))


def _plain(values: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(x), 6) for x in values)


class FrameWatch:
    """Warns once where the frames of streams are unlike the training's.

    Its judgement of the same frames is the same, whatever the blocks.

    Parameters
    ----------
    statistics
        Statistics of the training data.
    batch
        Number of streams.
    """

    def __init__(self, statistics: FrameStatistics, batch: int):
        self.statistics = statistics
        self._warned = False
        self._frames = 0
        self._log_likelihoods = np.zeros(batch)

    def see(self, tracks: Sequence[np.ndarray], last: bool) -> None:
        """Looks at the next frames `(frames, channels)` of each stream, as they come.

        Parameters
        ----------
        tracks
            Those of streams that share them are one object.
        last
            Whether the streams end with them. All that came is judged then, and wherever it is a
            multiple of `PIECE` frames.
        """
        distinct = dict(zip(map(id, tracks), tracks, strict=True))
        count, start = len(tracks[0]), 0
        while start < count and not self._warned:
            end = min(count, start + PIECE - self._frames % PIECE)
            parts = {key: track[start:end] for key, track in distinct.items()}
            self._look([parts[key] for key in map(id, tracks)], parts.values())
            start = end
            if self._frames % PIECE == 0:
                self._judge()
        if last and self._frames >= _FEWEST:
            self._judge()

    def _look(self, parts: list[np.ndarray], distinct: Iterable[np.ndarray]) -> None:
        """Warns where a value lies far outside the trained range; else adds up likelihoods."""
        statistics, sums = self.statistics, {}
        for part in distinct:
            if place := statistics.outside(part):
                frame, channel = place
                self._warn(
                    f"the features leave the range of the training data: channel {channel} of "
                    f"frame {self._frames + frame} is {part[place]:.2f}, trained on "
                    f"{statistics.lowest[channel]:.2f} to {statistics.highest[channel]:.2f}; check "
                    "rate, preset and scale of the features"
                )
                return
            if statistics.mixture:
                likelihoods = statistics.mixture.log_likelihoods(statistics.normalize(part))
                sums[id(part)] = likelihoods.sum()
        self._frames += len(parts[0])
        self._log_likelihoods += [sums.get(id(part), 0.0) for part in parts]

    def _judge(self) -> None:
        """Warns where the frames so far are unlikely as a whole."""
        mixture = self.statistics.mixture
        if self._warned or mixture is None:
            return
        mean, least = self._log_likelihoods.min() / self._frames, mixture.least(self._frames)
        if mean < least:
            self._warn(
                "the features are unlike those that the model was trained on: over "
                f"{self._frames:,} frames their mean log-likelihood is {mean:.1f}, that of the "
                f"training data {mixture.expected:.1f}, and what is unlike lies below {least:.1f}; "
                "another speaker, room or level, or other settings of the features"
            )

    def _warn(self, sentence: str) -> None:
        self._warned = True
        warnings.warn(sentence, FeatureRangeWarning, stacklevel=4)

"""What the mixture sees: projected source context, and target features with their deltas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WINDOWS = (np.array([1.0]), np.array([-0.5, 0.0, 0.5]))


def with_deltas(x: np.ndarray) -> np.ndarray:
    """Static features and their slopes: (n_frames, d) -> (n_frames, 2 d); the ends are held."""
    padded = np.concatenate([x[:1], x, x[-1:]])
    return np.hstack([x, 0.5 * (padded[2:] - padded[:-2])])


def stack_context(x: np.ndarray, offsets: Sequence[int]) -> np.ndarray:
    """Frames t + offset side by side: (n_frames, d) -> (n_frames, d * n_offsets).

    The first and last frames are held beyond the ends.
    """
    index = np.arange(len(x))[:, None] + np.asarray(offsets)
    return x[np.clip(index, 0, len(x) - 1)].reshape(len(x), -1)


@dataclass(frozen=True)
class SourceProjection:
    """The frame itself, and the principal components of what its neighbours add to it.

    Speech is slow beside the frame rate, so most of a neighbour follows from the frame: the
    context is first predicted from the frame by least squares, and the principal components are
    those of the remainder.

    Attributes
    ----------
    mean : (n_offsets * d,)
    matrix : (n_offsets * d, n_dimensions)
    """

    offsets: tuple[int, ...]
    mean: np.ndarray
    matrix: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """(n_frames, d) -> (n_frames, n_dimensions)"""
        return (stack_context(x, self.offsets) - self.mean) @ self.matrix

    @classmethod
    def fit(
        cls, stacked: np.ndarray, offsets: Sequence[int], n_dimensions: int
    ) -> SourceProjection:
        """Finds the projection on frames of `stack_context` (n_frames, n_offsets * d)."""
        offsets = tuple(offsets)
        mean = stacked.mean(axis=0)
        covariance = (stacked - mean).T @ (stacked - mean) / len(stacked)
        d = len(mean) // len(offsets)
        frame = np.zeros((len(mean), d))
        frame[offsets.index(0) * d : (offsets.index(0) + 1) * d] = np.eye(d)
        prediction = np.linalg.solve(frame.T @ covariance @ frame, frame.T @ covariance)
        remainder = np.eye(len(mean)) - frame @ prediction
        _, axes = np.linalg.eigh(remainder.T @ covariance @ remainder)
        axes = axes[:, ::-1][:, : n_dimensions - d]
        return cls(offsets, mean, np.hstack([frame, remainder @ axes]))

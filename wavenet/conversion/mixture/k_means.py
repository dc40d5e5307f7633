"""Clusters of frames for a mixture to start from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_ROUNDS = 10
_FRAMES_AT_ONCE = 4096


def k_means(Z: np.ndarray, n_clusters: int, seed: int | None) -> np.ndarray:
    """Nearest centre of each frame after a few rounds of k-means (k-means++ start)."""
    random = np.random.default_rng(seed)
    centres = Z[random.integers(len(Z))][None]
    distance = _squared_distances(Z, centres[0])
    while len(centres) < n_clusters:
        total = distance.sum()
        share = distance / total if total > 0 else None
        centres = np.vstack([centres, Z[random.choice(len(Z), p=share)]])
        distance = np.minimum(distance, _squared_distances(Z, centres[-1]))
    for _ in range(_ROUNDS):
        labels, sums = [], np.zeros_like(centres)
        for part in _parts(Z):
            nearest = ((centres**2).sum(axis=1) - 2.0 * part @ centres.T).argmin(axis=1)
            np.add.at(sums, nearest, part)
            labels.append(nearest)
        counts = np.bincount(np.concatenate(labels), minlength=n_clusters)
        filled = counts > 0
        centres[filled] = sums[filled] / counts[filled, None]
    return np.concatenate(labels)


def _squared_distances(Z: np.ndarray, centre: np.ndarray) -> np.ndarray:
    return np.concatenate([((part - centre) ** 2).sum(axis=1) for part in _parts(Z)])


def _parts(Z: np.ndarray) -> Iterator[np.ndarray]:
    """Frames of some milliseconds of work, so that Ctrl-C is prompt."""
    return (Z[start : start + _FRAMES_AT_ONCE] for start in range(0, len(Z), _FRAMES_AT_ONCE))

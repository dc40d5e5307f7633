"""What simple codes need for the samples that a model predicts: a scale for its bits per sample."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

ORDER = 16  # of the linear prediction
BLOCK = 160  # samples with the same coefficients
_PAST = 4 * BLOCK  # samples that they come from
_RECENT = BLOCK // 2  # residuals that the scale comes from
_BLOCKS_AT_ONCE = 4096
_FLOOR = 0.001  # probability that is spread over all codes, whatever the prediction


def baselines(
    sounds: Iterable[np.ndarray], levels: int, values: np.ndarray | None = None
) -> dict[str, float]:
    """Bits per sample of codes that know little of what they stand for.

    Parameters
    ----------
    sounds
        Codes `(n,)` of recordings or texts, each from its start.
    levels
        Number of codes.
    values
        The sample value of each code, rising, `(levels,)`; None for symbols.

    Returns
    -------
    dict
        Bits per sample of the "uniform code", of "independent codes" and, where they have values,
        of "linear prediction".
    """
    sounds = list(sounds)
    codes = np.concatenate(sounds)
    found = {
        "uniform code": math.log2(levels),
        "independent codes": independent_codes(codes, levels) / len(codes),
    }
    if values is not None:
        bits = sum(linear_prediction(sound, values) for sound in sounds)
        found["linear prediction"] = bits / len(codes)
    return found


def some_samples(sounds: Iterable[np.ndarray], limit: int = 10**6) -> list[np.ndarray]:
    """The first sounds, cut after `limit` samples: enough for a scale."""
    kept: list[np.ndarray] = []
    for sound in sounds:
        kept.append(sound[:limit])
        limit -= len(sound)
        if limit <= 0:
            break
    return kept


def independent_codes(codes: np.ndarray, levels: int) -> float:
    """Bits of all codes where each is drawn with the frequencies of those before it.

    That is the estimator of Krichevsky and Trofimov (1981), which counts every code half a time
    from the start, so that few samples of many codes do not look cheap.
    """
    counts = np.bincount(codes, minlength=levels)
    sizes, many = np.unique(counts, return_counts=True)
    nats = math.lgamma(len(codes) + levels / 2) - math.lgamma(levels / 2)
    for size, codes_of_size in zip(sizes.tolist(), many.tolist(), strict=True):
        nats -= codes_of_size * (math.lgamma(size + 0.5) - math.lgamma(0.5))
    return nats / math.log(2)


def linear_prediction(codes: np.ndarray, values: np.ndarray) -> float:
    """Bits of all codes under linear prediction from the past alone (backward-adaptive).

    The coefficients of each block of 160 samples come from the autocorrelation of the 640 before
    it, the scale of the Laplacian residual from the last 80 residuals; its mass in the interval
    around each code's value is the probability of the code.
    """
    codes, values = codes.astype(np.int64), np.asarray(values, np.float64)
    edges = np.concatenate([[-np.inf], (values[1:] + values[:-1]) / 2, [np.inf]])
    predicted = _predictions(values[codes])
    errors = np.concatenate([np.full(_RECENT, 0.01), np.abs(values[codes] - predicted)])
    sums = np.concatenate([[0.0], np.cumsum(errors)])
    scale = (sums[_RECENT:-1] - sums[: -_RECENT - 1]) / _RECENT + 1e-4
    mass = _laplace((edges[codes + 1] - predicted) / scale)
    mass -= _laplace((edges[codes] - predicted) / scale)
    return -float(np.log2((1 - _FLOOR) * mass + _FLOOR / len(values)).sum())


def _predictions(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each sample of `y` as those before it predict it, `(n,)`."""
    blocks = -(-len(y) // BLOCK)
    padded = np.pad(y, (_PAST, blocks * BLOCK - len(y)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _PAST + BLOCK)[::BLOCK]
    taper = np.hanning(2 * _PAST)[:_PAST]
    places = np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))
    parts = []
    for start in range(0, blocks, _BLOCKS_AT_ONCE):
        sounds = windows[start : start + _BLOCKS_AT_ONCE]
        past = sounds[:, :_PAST] * taper
        shifts = range(ORDER + 1)
        lags = np.stack([(past[:, k:] * past[:, : _PAST - k]).sum(axis=1) for k in shifts], axis=1)
        lags[:, 0] = lags[:, 0] * 1.0001 + 1e-6
        weights = np.linalg.solve(lags[:, places], lags[:, 1:, None])
        before = np.lib.stride_tricks.sliding_window_view(sounds[:, _PAST - ORDER : -1], ORDER, 1)
        parts.append((before[:, :, ::-1] @ weights)[:, :, 0])
    return np.concatenate(parts).ravel()[: len(y)]


def _laplace(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cumulative distribution of the Laplacian of scale 1."""
    tail = 0.5 * np.exp(-np.abs(x))
    return np.where(x < 0, tail, 1 - tail)

"""Speed of dynamic time warping against librosa, on frames of 24 dimensions.

    OPENBLAS_NUM_THREADS=1 python benchmarks/dtw.py [--frames 300 1000] [--repeats 15] [--json OUT]

One thread. Both get the same sequences in turn; costs and paths must be equal, bit for bit. The
work that cannot be avoided are three operations (difference, product, sum) for each pair of frames
and dimension; their rate is given beside that of a matrix product in the cache.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
from machine import interleaved, report
from scipy.spatial.distance import cdist

import wavenet
from wavenet import _core

DIMENSIONS = 24
OPERATIONS = 3


def sequences(n: int) -> list[np.ndarray]:
    random = np.random.default_rng(n)
    return [0.1 * random.standard_normal((n, DIMENSIONS)).cumsum(axis=0) for _ in range(2)]


def warp(instruction_set: str, *sequences: np.ndarray, **options) -> Callable[[], tuple]:
    def call() -> tuple:
        _core.set_instruction_set(instruction_set)
        return wavenet.dtw(*sequences, **options)

    return call


def measure(n: int, repeats: int) -> dict[str, float]:
    X, Y = sequences(n)
    names = _core.available_instruction_sets()
    square = np.random.default_rng(0).standard_normal((128, 128))
    calls = {
        "librosa": lambda: librosa.sequence.dtw(X.T, Y.T),
        "cdist": lambda: cdist(X, Y),
        "product": lambda: [square @ square for _ in range(20)],
        **{name: warp(name, X, Y) for name in names},
        "symmetricP1": warp(names[-1], X, Y, step_pattern="symmetricP1"),
        "a window of a tenth": warp(names[-1], X, Y, window=0.1),
    }
    total, path = calls["librosa"]()
    for name in names:
        cost, ours = calls[name]()
        if cost != total[-1, -1] or not np.array_equal(ours, path[::-1]):
            raise SystemExit(f"{name} differs from librosa")
    seconds = interleaved(calls, repeats)
    peak = 20 * 2 * len(square) ** 3 / seconds["product"]
    results = {
        "librosa [ms]": 1e3 * seconds["librosa"],
        "librosa, of which scipy's cdist [ms]": 1e3 * seconds["cdist"],
        "matrix product [GFLOP/s]": peak / 1e9,
    }
    for name in names:
        rate = OPERATIONS * DIMENSIONS * n * n / seconds[name]
        results[f"{name} [ms]"] = 1e3 * seconds[name]
        results[f"{name}, times as fast as librosa"] = seconds["librosa"] / seconds[name]
        results[f"{name}, operations of the distances [GFLOP/s]"] = rate / 1e9
    for name in ("symmetricP1", "a window of a tenth"):
        results[f"{names[-1]}, {name} [ms]"] = 1e3 * seconds[name]
    return {f"{n} frames, {name}": value for name, value in results.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", nargs="+", type=int, default=[300, 1000, 3000])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results: dict[str, float] = {}
    for n in arguments.frames:
        results |= measure(n, arguments.repeats)
    report(results, arguments.json)


if __name__ == "__main__":
    main()

"""Speed of maximum-likelihood trajectories against nnmnkwii, 24 dimensions, three windows.

    pip install nnmnkwii && python benchmarks/mlpg.py [--frames 200 1000 5000] [--json OUT]

One thread, float64. nnmnkwii leaves out the dynamic features of the first and last frames, we hold
the trajectory there: with their variances made huge both solve the same equations, and must agree
to 1e-9. What cannot be avoided is to read means and variances and to write the trajectory; the rate
of these bytes is given beside that of copying as many.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import interleaved, report
from nnmnkwii import paramgen

import wavenet
from wavenet import _core

DIMENSIONS = 24
WINDOWS = [[1.0], [-0.5, 0.0, 0.5], [1.0, -2.0, 1.0]]
DELAY = 4


def distributions(n: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(n)
    means = random.standard_normal((n, len(WINDOWS) * DIMENSIONS))
    return means, np.exp(random.standard_normal(means.shape))


def peer(means: np.ndarray, variances: np.ndarray) -> np.ndarray:
    triples = [(len(w) // 2, len(w) // 2, np.array(w)) for w in WINDOWS]
    return paramgen.mlpg(means, variances, triples)


def difference(means: np.ndarray, variances: np.ndarray) -> float:
    """Largest difference from nnmnkwii, of the largest value."""
    open_ends = variances.copy()
    open_ends[[0, -1], DIMENSIONS:] = 1e30
    expected = peer(means, open_ends)
    return np.abs(wavenet.mlpg(means, open_ends, WINDOWS) - expected).max() / np.abs(expected).max()


def generate(instruction_set: str, means: np.ndarray, variances: np.ndarray) -> Callable:
    def call() -> np.ndarray:
        _core.set_instruction_set(instruction_set)
        return wavenet.mlpg(means, variances, WINDOWS)

    return call


def stream(means: np.ndarray, variances: np.ndarray) -> list[np.ndarray]:
    trajectory = wavenet.RecursiveMLPG(WINDOWS, DIMENSIONS, DELAY)
    return [trajectory.process(means[t : t + 1], variances[t : t + 1]) for t in range(len(means))]


def measure(n: int, repeats: int) -> dict[str, float]:
    means, variances = distributions(n)
    names = _core.available_instruction_sets()
    calls = {
        "nnmnkwii": lambda: peer(means, variances),
        "copy": lambda: (means.copy(), variances.copy()),
        **{name: generate(name, means, variances) for name in names},
        "recursive": lambda: stream(means, variances),
    }
    for name in names:
        _core.set_instruction_set(name)
        if difference(means, variances) > 1e-9:
            raise SystemExit(f"{name} differs from nnmnkwii")
    seconds = interleaved(calls, repeats)
    copied = 2 * (means.nbytes + variances.nbytes) / seconds["copy"]
    results = {"nnmnkwii [ms]": 1e3 * seconds["nnmnkwii"], "copy [GB/s]": copied / 1e9}
    for name in names:
        moved = means.nbytes + variances.nbytes + n * DIMENSIONS * 8
        results[f"{name} [ms]"] = 1e3 * seconds[name]
        results[f"{name}, times as fast as nnmnkwii"] = seconds["nnmnkwii"] / seconds[name]
        results[f"{name} [GB/s]"] = moved / seconds[name] / 1e9
    label = f"{names[-1]}, recursive, one frame a call, delay {DELAY} [us a frame]"
    results[label] = 1e6 * seconds["recursive"] / n
    return {f"{n} frames, {name}": value for name, value in results.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", nargs="+", type=int, default=[200, 1000, 5000])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results: dict[str, float] = {}
    for n in arguments.frames:
        results |= measure(n, arguments.repeats)
    report(results, arguments.json)


if __name__ == "__main__":
    main()

"""Time of an iteration of expectation and maximisation against scikit-learn's.

    OPENBLAS_NUM_THREADS=1 python benchmarks/gmm.py [--sizes 48x20000x32 ...] [--json OUT]

Full covariances, the same start. On one core, to which the process is tied (on Linux), processor
time is measured, which neighbours disturb little; the gain of a second core is one of elapsed time,
and shows only on an idle machine. Frames overlap as those of speech do: few
components share a frame. The counted work is that of the plain algorithm with triangular and
symmetric products, 2 frames x components x dimensions^2 operations, most of which need not be done;
the limit is the rate of a float32 product in OpenBLAS in the same run.
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import report
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from wavenet import _core

SIZES = ["48x20000x32", "96x20000x128", "96x100000x32"]


def joint_frames(n_frames: int, size: int, n_clusters: int) -> np.ndarray:
    """Overlapping clusters with correlated dimensions of falling scale."""
    random = np.random.default_rng(0)
    scale = 1.0 / np.sqrt(np.arange(1, size + 1))
    mixing = np.eye(size) + 0.5 * random.standard_normal((size, size)) / np.sqrt(size)
    centres = random.standard_normal((n_clusters, size))
    noise = random.standard_normal((n_frames, size)) @ mixing
    return (centres[random.integers(n_clusters, size=n_frames)] + noise) * scale


def fastest(functions: list[Callable], repeats: int, clock: Callable) -> list[float]:
    """Shortest time of each function [s]; they take turns, so that all see the same neighbours."""
    times = np.empty((repeats, len(functions)))
    for row in times:
        for i, function in enumerate(functions):
            started = clock()
            function()
            row[i] = clock() - started
    return times.min(axis=0).tolist()


class Peer:
    """scikit-learn's mixture, one iteration at a time."""

    def __init__(self, Z: np.ndarray, n_components: int):
        random = np.random.default_rng(1)
        self.Z = Z
        self.mixture = GaussianMixture(
            n_components,
            max_iter=1,
            init_params="random",
            weights_init=np.full(n_components, 1.0 / n_components),
            means_init=Z[random.choice(len(Z), n_components, replace=False)],
            precisions_init=np.stack([np.diag(1.0 / Z.var(axis=0))] * n_components),
        ).fit(Z)

    def parameters(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.mixture.weights_, self.mixture.means_, self.mixture.covariances_

    def iterate(self) -> None:
        self.log_likelihood, log_posteriors = self.mixture._e_step(self.Z)
        self.mixture._m_step(self.Z, log_posteriors)


class Ours:
    """The same with the core."""

    def __init__(self, Z: np.ndarray, parameters: tuple, threads: int):
        self.training = _core.MixtureTraining(Z, threads)
        self.parameters = parameters

    def iterate(self) -> None:
        self.log_likelihood = self.training.expect(*self.parameters)
        self.parameters = self.training.maximise("full", 1e-6, 0.0)


def product_rate(repeats: int = 10, size: int = 1024) -> float:
    """Operations per second of a float32 matrix product in OpenBLAS."""
    a = np.random.default_rng(0).standard_normal((size, size)).astype(np.float32)
    (seconds,) = fastest([lambda: a @ a], repeats, time.process_time)
    return 2 * size**3 / seconds


def measure(shape: tuple[int, int, int], repeats: int, cores: list[int]) -> dict[str, float]:
    size, n_frames, n_components = shape
    Z = joint_frames(n_frames, size, n_components)
    os.sched_setaffinity(0, cores[:1])
    peer = Peer(Z, n_components)
    one = Ours(Z, peer.parameters(), 1)
    theirs, ours = fastest([peer.iterate, one.iterate], repeats, time.process_time)
    operations = 2.0 * n_frames * n_components * size**2
    found = {
        "scikit-learn [s]": theirs,
        "wavenet [s]": ours,
        "times as fast": theirs / ours,
        "log-likelihood, relative difference": abs(one.log_likelihood / peer.log_likelihood - 1.0),
        "counted work [GFLOP/s]": operations / ours * 1e-9,
        "counted work, share of the limit": operations / ours / product_rate(),
    }
    if len(cores) > 1:
        two = Ours(Z, peer.parameters(), 2)
        one = Ours(Z, peer.parameters(), 1)
        os.sched_setaffinity(0, cores[:2])
        single, double = fastest([one.iterate, two.iterate], 3 * repeats, time.perf_counter)
        found["two cores, times as fast as one"] = single / double
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sizes", nargs="+", default=SIZES, help="dimensions x frames x components"
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    cores = sorted(os.sched_getaffinity(0))
    results = {"instruction set": _core.instruction_set()}
    with threadpool_limits(1):
        for name in arguments.sizes:
            shape = tuple(int(n) for n in name.split("x"))
            found = measure(shape, arguments.repeats, cores)
            results |= {f"{name} {key}": value for key, value in found.items()}
    report(results, arguments.json)


if __name__ == "__main__":
    main()

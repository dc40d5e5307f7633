"""Time of iterations of expectation and maximisation against scikit-learn's.

    OPENBLAS_NUM_THREADS=1 python benchmarks/gmm.py [--sizes 48x20000x32 ...] [--json OUT]
    OPENBLAS_NUM_THREADS=1 python benchmarks/gmm.py --speech ARCTIC_FOLDER

Full covariances, the same start (random frames as means), the mean of the first iterations after
it: ours get faster as the parameters settle, since distances that were far too large stay so. On
one core, to which the process is tied (on Linux), processor time is measured, which neighbours
disturb little; that of a second core is judged by the processor time of the busier one of two
threads, which is the elapsed time on an idle machine. The frames are of random clusters, or with
--speech the joint features of 50 aligned pairs of sentences, 96 numbers each. The counted work is
that of the plain algorithm with triangular and symmetric products, 2 frames x components x
dimensions^2 operations, most of which need not be done; beside it stands the rate of a float32
product in OpenBLAS in the same run.
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from machine import report
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

import wavenet
from wavenet import _core
from wavenet.conversion.mixture.joint_features import SourceProjection, stack_context, with_deltas
from wavenet.conversion.pipeline.recordings import cached_analysis, find_pairs, for_each
from wavenet.features.world import WorldSettings

SIZES = ["48x20000x32", "96x20000x128", "96x100000x32"]


def joint_frames(n_frames: int, size: int, n_clusters: int) -> np.ndarray:
    """Overlapping clusters with correlated dimensions of falling scale."""
    random = np.random.default_rng(0)
    scale = 1.0 / np.sqrt(np.arange(1, size + 1))
    mixing = np.eye(size) + 0.5 * random.standard_normal((size, size)) / np.sqrt(size)
    centres = random.standard_normal((n_clusters, size))
    noise = random.standard_normal((n_frames, size)) @ mixing
    return (centres[random.integers(n_clusters, size=n_frames)] + noise) * scale


def speech_frames(folder: Path, n_pairs: int = 50) -> np.ndarray:
    """Joint features of slt and bdl as the voice converter trains on: (n_frames, 96)."""
    found = find_pairs(folder / "slt", folder / "bdl")
    settings = WorldSettings(sample_rate=16000)
    sides = []
    for files in (found.source[:n_pairs], found.target[:n_pairs]):
        analyses = for_each(
            lambda file: cached_analysis(file, settings, (60.0, 400.0), Path("benchmarks/.cache")),
            files,
        )
        sides.append([a.mel_cepstrum[a.power > -20.0, 1:] for a in analyses])
    offsets = (-8, -6, -4, -2, 0, 2, 4)
    stacked = np.concatenate([stack_context(x, offsets) for x in sides[0]])
    projection = SourceProjection.fit(stacked, offsets, 48)
    joint = []
    for x, y in zip(*sides, strict=True):
        _, path = wavenet.dtw(x, y)
        joint.append(np.hstack([projection(x)[path[:, 0]], with_deltas(y)[path[:, 1]]]))
    return np.concatenate(joint)


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
    seconds = []
    for _ in range(repeats):
        started = time.process_time()
        a @ a
        seconds.append(time.process_time() - started)
    return 2 * size**3 / min(seconds)


def run(mixture: Peer | Ours, iterations: int, clock: Callable) -> tuple[float, list[float]]:
    """Time of an iteration [s], the mean; and the log-likelihoods."""
    started, history = clock(), []
    for _ in range(iterations):
        mixture.iterate()
        history.append(mixture.log_likelihood)
    return (clock() - started) / iterations, history


def busier_thread(Z: np.ndarray, start: tuple, iterations: int) -> float:
    """Processor time of an iteration on the busier one of two threads [s]."""

    def once() -> float:
        mixture, of_all, of_this = Ours(Z, start, 2), time.process_time(), time.thread_time()
        run(mixture, iterations, time.process_time)
        of_this = time.thread_time() - of_this
        return max(of_this, time.process_time() - of_all - of_this) / iterations

    return min(once() for _ in range(5))


def measure(Z: np.ndarray, n_components: int, iterations: int, cores: list[int]) -> dict:
    os.sched_setaffinity(0, cores[:1])
    peer = Peer(Z, n_components)
    start = peer.parameters()
    theirs, expected = run(peer, iterations, time.process_time)
    ours, found = zip(
        *(run(Ours(Z, start, 1), iterations, time.process_time) for _ in range(3)), strict=True
    )
    operations = 2.0 * len(Z) * n_components * Z.shape[1] ** 2
    results = {
        "scikit-learn [s]": theirs,
        "wavenet [s]": min(ours),
        "times as fast": theirs / min(ours),
        "first iteration [s]": run(Ours(Z, start, 1), 1, time.process_time)[0],
        "log-likelihood, largest relative difference": max(
            abs(a / b - 1.0) for a, b in zip(found[0], expected, strict=True)
        ),
        "counted work [GFLOP/s]": operations / min(ours) * 1e-9,
        "float32 product [GFLOP/s]": product_rate() * 1e-9,
    }
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[:2])
        results["two cores, times as fast as one"] = min(ours) / busier_thread(Z, start, iterations)
    return results


def cases(arguments: argparse.Namespace) -> Iterator[tuple[str, np.ndarray, int]]:
    """Names, frames, and numbers of components."""
    if arguments.speech:
        Z = speech_frames(arguments.speech)
        for n_components in (32, 128):
            yield f"speech {Z.shape[1]}x{len(Z)}x{n_components}", Z, n_components
        return
    for name in arguments.sizes:
        size, n_frames, n_components = (int(n) for n in name.split("x"))
        yield name, joint_frames(n_frames, size, n_components), n_components


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--sizes", nargs="+", default=SIZES, help="dimensions x frames x components"
    )
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--speech", type=Path, help="folder of CMU ARCTIC with slt and bdl")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    cores = sorted(os.sched_getaffinity(0))
    results = {"instruction set": _core.instruction_set()}
    with threadpool_limits(1):
        for name, Z, n_components in cases(arguments):
            found = measure(Z, n_components, arguments.iterations, cores)
            results |= {f"{name} {key}": value for key, value in found.items()}
    report(results, arguments.json)


if __name__ == "__main__":
    main()

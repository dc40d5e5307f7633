"""Speed of a model on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from wavenet import _core
from wavenet.evaluation.verification import example_conditioning
from wavenet.inference.load import load

_BLOCK = 256


def measure_speed(
    path: str | os.PathLike, seconds: float = 1.0, batch: int = 16
) -> list[dict[str, Any]]:
    """Samples per second of a model on one thread, for every instruction set of this machine.

    Parameters
    ----------
    path
        As for `wavenet.load`.
    seconds
        Time for each figure [s].
    batch
        Streams of the batched figure, all together.

    Returns
    -------
    list of dict
        For each instruction set and each of the model's precisions: `instruction_set`, `precision`,
        `one_stream`, `batch`, `scoring` [samples per second]; of models of audio
        `real_time_factor` of one stream. Of one stream also `cycles` and `bytes` (of weights read)
        per sample, and `limit`: the samples per second that the products or the bytes of the
        weights would allow at best, whichever is less, as measured with operands in registers and
        in a working set of the weights' size.
    """
    if not 0 < seconds <= 3600:
        raise ValueError(f"seconds must be above 0 and at most 3600, got {seconds}")
    precisions = load(path).precisions
    before = _core.instruction_set()
    rows = []
    try:
        for name in _core.available_instruction_sets():
            _core.set_instruction_set(name)
            for precision in precisions:
                rows.append(_measure(load(path, precision, threads=1), seconds, batch))
    finally:
        _core.set_instruction_set(before)
    return rows


def _measure(generator: Any, seconds: float, batch: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "instruction_set": generator.instruction_set,
        "precision": generator.precision,
        "one_stream": _generation(generator, seconds, 1),
        "batch": _generation(generator, seconds, batch),
        "scoring": _scoring(generator, seconds),
    }
    cost = generator.streams(**_example(generator, 4096)[1]).core.step_cost()
    products = _core.peak_products(generator.precision) / cost["products"]
    reads = _core.read_rate(max(4096, int(cost["memory"]))) / cost["bytes"]
    row["cycles"] = _core.clock_rate() / row["one_stream"]
    row["bytes"] = cost["bytes"]
    row["limit"] = min(products, reads)
    if generator.sample_rate:
        row["real_time_factor"] = row["one_stream"] / generator.sample_rate
    return row


def _example(generator: Any, n_samples: int) -> tuple[Any, dict[str, np.ndarray]]:
    """Samples, and conditioning for as many."""
    if generator.config.kind == "recurrent":
        from wavenet.evaluation import recurrent_verification as verification

        config = generator.config
        samples = verification.example_samples(config, n_samples) if config.feedback else None
        return samples, verification.example_conditioning(config, n_samples)
    y = np.random.default_rng(0).uniform(-1, 1, n_samples)
    return y, example_conditioning(generator, n_samples)


def _generation(generator: Any, seconds: float, batch: int) -> float:
    _, conditioning = _example(generator, 4096)

    def run() -> int:
        streams = generator.streams(batch=batch, **conditioning)
        for _ in range(4):
            streams.generate(_BLOCK)
        return 4 * _BLOCK * batch

    return _rate(run, seconds)


def _scoring(generator: Any, seconds: float) -> float:
    y, conditioning = _example(generator, 4096)
    run_over = generator.outputs if generator.config.output == "point" else generator.score

    def run() -> int:
        run_over(y, **conditioning)
        return 4096

    return _rate(run, seconds)


def _rate(run: Callable[[], int], seconds: float) -> float:
    """Samples per second of a function that returns how many samples it made."""
    run()
    started = time.perf_counter()
    samples = 0
    while (elapsed := time.perf_counter() - started) < seconds:
        samples += run()
    return samples / elapsed

"""Speed of voice conversion: fit, apply and stream, and what share of them is WORLD.

    OPENBLAS_NUM_THREADS=1 python benchmarks/voice_conversion_speed.py ARCTIC_FOLDER [--pairs 25]

ARCTIC_FOLDER has the folders slt and bdl. One thread; times are those of the processor, so that
other processes hardly count. The share of features in fit is what a warm cache saves; that of WORLD
in apply is analysis and synthesis by themselves, on the same recordings.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import report

import wavenet
from wavenet.conversion.pipeline.recordings import find_pairs, read_recording
from wavenet.features import world

BLOCK = 160  # [samples], 10 ms


def seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def measure(folder: Path, n_pairs: int, n_test: int) -> dict[str, float]:
    pairs = find_pairs(folder / "slt", folder / "bdl")
    train = [pairs.source[:n_pairs], pairs.target[:n_pairs]]
    results: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as cache:
        converter = wavenet.VoiceConverter(n_jobs=1, cache=cache)
        results["fit [s]"] = seconds(lambda: converter.fit(*train))
        results["fit with features in the cache [s]"] = seconds(lambda: converter.fit(*train))
    config = converter.config_
    settings, rate = config.world, config.sample_rate
    results["share of features in fit"] = 1 - (
        results["fit with features in the cache [s]"] / results["fit [s]"]
    )
    sounds = [read_recording(path, rate) for path in pairs.source[-n_test:]]
    duration = sum(map(len, sounds)) / rate

    def of_world() -> None:
        for y in sounds:
            a = world.analyze(y, settings, config.source.f0_range)
            world.synthesize(a.f0, a.mel_cepstrum, a.aperiodicity, settings)

    def stream() -> None:
        for y in sounds:
            converting = converter.stream(rate)
            for start in range(0, len(y), BLOCK):
                converting.process(y[start : start + BLOCK])
            converting.flush()

    for method in ("mlpg+gv", "differential"):
        taken = seconds(lambda m=method: [converter.convert(y, rate, method=m) for y in sounds])
        results[f"apply, {method}, times real time"] = duration / taken
        if method == "mlpg+gv":
            results["share of WORLD in apply"] = seconds(of_world) / taken
    results["stream, blocks of 10 ms, times real time"] = duration / seconds(stream)
    results["sound converted [s]"] = duration
    results["components"] = float(config.n_components)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=25)
    parser.add_argument("--test", type=int, default=10, help="recordings to convert")
    parser.add_argument("--repeats", type=int, default=1, help="the median is reported")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    runs = [
        measure(arguments.folder, arguments.pairs, arguments.test) for _ in range(arguments.repeats)
    ]
    report(
        {name: float(np.median([run[name] for run in runs])) for name in runs[0]}, arguments.json
    )


if __name__ == "__main__":
    main()

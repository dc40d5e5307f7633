"""Time of short calls of a batch of two streams, on one thread and on two.

    python benchmarks/short_calls.py [--before PYTHON]

PYTHON: the interpreter of an environment with another version of the package, which takes turns
with this one; the best time of each counts.
"""

import argparse
import json
import subprocess
import sys
import time

import numpy as np

STEPS = (1, 4, 16, 64)
ROUNDS = 5
SECONDS = 0.3  # of each measurement


def call_times() -> dict[str, float]:
    """Seconds of a call, by threads and steps."""
    import wavenet
    from wavenet.config import WaveNetConfig

    config = WaveNetConfig(residual_channels=32, gate_channels=64, skip_channels=64)
    random = np.random.default_rng(0)
    shapes = config.tensor_shapes().items()
    tensors = {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes}
    times = {}
    for threads in (1, 2):
        core = wavenet.Generator(config, tensors, threads=threads).streams(batch=2).core
        for steps in STEPS:
            best, end = np.inf, time.perf_counter() + SECONDS
            while (start := time.perf_counter()) < end:
                core.generate(steps, seed=1, temperature=1.0, top_k=0, top_p=1.0)
                best = min(best, time.perf_counter() - start)
            times[f"{threads} {steps}"] = best
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--before", metavar="PYTHON")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(call_times()))
        return
    pythons = [sys.executable] + [options.before] * (options.before is not None)
    best: list[dict[str, float]] = [{} for _ in pythons]
    for _ in range(ROUNDS):
        for python, times in zip(pythons, best, strict=True):
            command = [python, __file__, "--once"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            for name, seconds in json.loads(done.stdout).items():
                times[name] = min(times.get(name, np.inf), seconds)
    print("| threads, steps | microseconds | before | |\n| --- | --- | --- | --- |")
    for name, seconds in best[0].items():
        row = f"| {name.replace(' ', ', ')} | {seconds * 1e6:.1f} |"
        if options.before:
            row += f" {best[1][name] * 1e6:.1f} | {best[1][name] / seconds:.2f} times |"
        print(row)


if __name__ == "__main__":
    main()

"""What this machine can do at best: the roofs under which the models of these benchmarks run.

    python benchmarks/roofline.py [--json OUT]

For each instruction set: products of a weight and an input per second, one thread, operands in
registers, for each precision. Then, with the best one, bytes read per second from working sets of
the sizes of caches and beyond, the clock, and the time from one thread to another and back, halved.
`wavenet bench MODEL` sets a model beside these.
"""

import argparse
from pathlib import Path

from machine import report

from wavenet import _core

PRECISIONS = ("float32", "bf16", "int8")
WORKING_SETS = [16, 32, 64, 128, 256, 512, 768, 1024, 1536, 2048, 3072, 8192, 32768]  # [KiB]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    results = {"clock [Hz]": _core.clock_rate()}
    for name in _core.available_instruction_sets():
        _core.set_instruction_set(name)
        for precision in PRECISIONS:
            results[f"{name} {precision} [products/s]"] = _core.peak_products(precision)
    for size in WORKING_SETS:
        results[f"read from {size} KiB [bytes/s]"] = _core.read_rate(1024 * size)
    results["from thread to thread [s]"] = _core.hand_over_time()
    report(results, arguments.json)


if __name__ == "__main__":
    main()

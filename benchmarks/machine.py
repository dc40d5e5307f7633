"""The machine that a figure was measured on."""

import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path


def describe_machine() -> str:
    """Processor, cores and operating system, for the record beside every figure."""
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def interleaved(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Least time of each call [s]; the calls take turns, so that all see the same machine."""
    for call in calls.values():
        call()
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(repeats):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            least[name] = min(least[name], time.perf_counter() - started)
    return least


def report(results: dict, path: Path | None) -> None:
    """Prints figures, and writes them as JSON where a path is given."""
    results = {"machine": describe_machine(), **results}
    for name, value in results.items():
        print(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")
    if path:
        path.write_text(json.dumps(results, indent=1) + "\n")

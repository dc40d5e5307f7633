"""Speed of the mu-law codec against NumPy, librosa and torch, and against copying memory.

    python benchmarks/mulaw.py [--samples 10000000] [--json OUT]

One thread. Rates count the bytes read and written; every call makes its result anew, as the copy
does. The formulas in float32 miss the exact code near bin edges; NumPy's in float64 does not, as
ours.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import torch
from machine import report

import wavenet
from wavenet import _core


def numpy_encode(y: np.ndarray) -> np.ndarray:
    s = np.sign(y) * np.log1p(255 * np.abs(y)) / np.log1p(255)
    return ((s + 1) / 2 * 255 + 0.5).astype(np.uint8)


def numpy_decode(codes: np.ndarray, dtype: type) -> np.ndarray:
    s = 2 * codes.astype(dtype) / 255 - 1
    return (np.sign(s) * (np.power(dtype(256), np.abs(s)) - 1) / 255).astype(np.float32)


def torch_encode(y: torch.Tensor) -> torch.Tensor:
    s = torch.sign(y) * torch.log1p(255 * torch.abs(y)) / np.log1p(255)
    return ((s + 1) / 2 * 255 + 0.5).to(torch.uint8)


def seconds(function: Callable[[], object], repeats: int) -> float:
    """Median time of a call."""
    function()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    y = np.random.default_rng(0).uniform(-1, 1, arguments.samples).astype(np.float32)
    codes = wavenet.mulaw_encode(y)
    tensor = torch.from_numpy(y)
    copy = seconds(y.copy, 9)
    copied = 2 * y.nbytes / copy
    peers = {
        "encode: NumPy float32": seconds(lambda: numpy_encode(y), 3),
        "encode: NumPy float64": seconds(lambda: numpy_encode(y.astype(np.float64)), 3),
        "encode: librosa": seconds(lambda: librosa.mu_compress(y, mu=255), 3),
        "encode: torch": seconds(lambda: torch_encode(tensor), 3),
        "decode: NumPy float32": seconds(lambda: numpy_decode(codes, np.float32), 3),
        "decode: NumPy float64": seconds(lambda: numpy_decode(codes, np.float64), 3),
    }
    results = {"samples": arguments.samples, "copy [GB/s]": copied / 1e9}
    for name in _core.available_instruction_sets():
        _core.set_instruction_set(name)
        encode = seconds(lambda: wavenet.mulaw_encode(y), 9)
        decode = seconds(lambda: wavenet.mulaw_decode(codes), 9)
        for kind, duration in (("encode", encode), ("decode", decode)):
            rate = (y.nbytes + codes.nbytes) / duration
            results[f"{name} {kind} [GB/s]"] = rate / 1e9
            results[f"{name} {kind}, share of the copy's rate"] = rate / copied
            for peer, peer_seconds in peers.items():
                if peer.startswith(kind):
                    peer_name = peer.split(": ")[1]
                    results[f"{name} {kind}, times as fast as {peer_name}"] = (
                        peer_seconds / duration
                    )
    report(results, arguments.json)


if __name__ == "__main__":
    main()

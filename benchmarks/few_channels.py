"""Speed of the block mode for networks of few channels, beside torch.

    python benchmarks/few_channels.py [--channels 4 8 16 32] [--rounds 10] [--json OUT]

Feed-forward networks as guitar amplifiers are modelled with: 2 x 10 blocks of kernel 2 or 3, twice
as many gate channels, as many skip channels, scalar input and two outputs a sample; random weights.
The engine and torch's module (whole passes over the same samples) take turns on one thread, the
best time of each counts, and their outputs are compared before. The share is that of the products
that the network needs, head included, in what the processor multiplies from registers.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from machine import interleaved, report
from threadpoolctl import threadpool_limits

from wavenet import _core
from wavenet.config import WaveNetConfig
from wavenet.inference.samples import decode_samples
from wavenet.models import WaveNet

SAMPLES = 4096  # of a pass
PASSES = 8  # of a call: in the first one the caches are cold
LIVE = 64  # samples of a block of live sound


def make_model(channels: int, kernel_size: int) -> WaveNet:
    """Random weights."""
    torch.manual_seed(0)
    config = WaveNetConfig(
        kernel_size=kernel_size,
        residual_channels=channels,
        gate_channels=2 * channels,
        skip_channels=channels,
        input="scalar",
        output="gaussian",
    )
    return WaveNet(config).eval().requires_grad_(False)


def products(config: WaveNetConfig) -> int:
    """Of a sample; the last block has no residual output."""
    channels = config.residual_channels
    block = 2 * channels * channels * config.kernel_size + 2 * channels * channels
    head = channels * channels + channels * config.output_channels
    return len(config.dilations) * block - channels * channels + head


def measure(channels: int, kernel_size: int, rounds: int) -> dict[str, float]:
    """Seconds per sample of each way, and per block of live sound."""
    model = make_model(channels, kernel_size)
    generator = model.to_generator(threads=1)
    y = np.random.default_rng(0).normal(0, 0.1, SAMPLES).clip(-1, 1)
    codes = generator.codes(y)[None]
    inputs = np.concatenate([[0.0], decode_samples(codes[0, :-1], generator.config)]).astype(
        np.float32
    )
    inputs = torch.from_numpy(inputs)[None]
    block = np.ascontiguousarray(codes[:, :LIVE])
    streams, live = generator.streams().core, generator.streams().core
    expected = model(inputs)[0].T.numpy()
    error = np.abs(generator.outputs(y) - expected).max()
    assert error < 1e-4 * np.abs(expected).max(), f"outputs differ by {error}"
    seconds = interleaved(
        {
            "outputs": lambda: [streams.logits(codes) for _ in range(PASSES)],
            "scores": lambda: [streams.score(codes) for _ in range(PASSES)],
            "torch": lambda: [model(inputs) for _ in range(PASSES)],
            "live block": lambda: [live.logits(block) for _ in range(SAMPLES // LIVE)],
        },
        rounds,
    )
    live_block = seconds.pop("live block") / (SAMPLES // LIVE)
    per_sample = {name: value / (PASSES * SAMPLES) for name, value in seconds.items()}
    return per_sample | {"live block": live_block}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", nargs="+", type=int, default=[4, 8, 16, 32])
    parser.add_argument("--kernel-sizes", nargs="+", type=int, default=[2, 3])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    peak = _core.peak_products("float32")
    results = {"instruction set": _core.instruction_set(), "peak [products/s]": peak}
    with threadpool_limits(1):
        for kernel_size in arguments.kernel_sizes:
            for channels in arguments.channels:
                seconds = measure(channels, kernel_size, arguments.rounds)
                needed = products(make_model(channels, kernel_size).config)
                name = f"{channels} channels, kernel {kernel_size}"
                results[f"{name}, outputs [samples/s]"] = 1 / seconds["outputs"]
                results[f"{name}, scores [samples/s]"] = 1 / seconds["scores"]
                results[f"{name}, outputs [products/s]"] = needed / seconds["outputs"]
                results[f"{name}, outputs, share of peak"] = needed / seconds["outputs"] / peak
                results[f"{name}, outputs, times torch"] = seconds["torch"] / seconds["outputs"]
                results[f"{name}, block of {LIVE} samples [s]"] = seconds["live block"]
    report(results, arguments.json)


if __name__ == "__main__":
    main()

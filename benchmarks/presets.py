"""Steps per second of `wavenet train --preset`, on one thread of this machine.

    python benchmarks/presets.py [--rounds 5] [--precision float32] [--json OUT]

A step is forward, loss, backward and AdamW of a WaveNet of recordings, with the batch and window of
the preset. Times are those of the processor, so that other programs change them little.
"""

import argparse
import time
from contextlib import nullcontext
from pathlib import Path

import torch
from machine import report

from wavenet.config import WaveNetConfig
from wavenet.models import WaveNet
from wavenet.models.losses import wavenet_nll
from wavenet.training import TrainingConfig
from wavenet.training.presets import WAVENET


def steps_per_second(preset: dict, rounds: int, precision: str) -> dict[str, float]:
    """Of the fastest of some steps; beside it the number of weights."""
    config, run = WaveNetConfig(**preset["model"]), TrainingConfig(**preset["training"])
    model = WaveNet(config)
    optimizer = torch.optim.AdamW(model.parameters())
    length = config.receptive_field + run.window
    codes = torch.randint(0, config.quantization_channels, (run.batch_size, length))
    reduced = torch.autocast("cpu", torch.bfloat16) if precision == "bf16" else nullcontext()
    seconds = []
    for _ in range(rounds + 1):  # the first one warms up
        started = time.process_time()
        optimizer.zero_grad(set_to_none=True)
        with reduced:
            outputs = model(codes, None, None, None)
        wavenet_nll(outputs.float(), codes, config).mean().backward()
        optimizer.step()
        seconds.append(time.process_time() - started)
    weights = sum(parameter.numel() for parameter in model.parameters())
    return {"steps_per_second": 1 / min(seconds[1:]), "weights": weights}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = {"precision": arguments.precision}
    for name, preset in WAVENET.items():
        found = steps_per_second(preset, arguments.rounds, arguments.precision)
        results |= {f"{name}: {key}": value for key, value in found.items()}
    report(results, arguments.json)


if __name__ == "__main__":
    main()

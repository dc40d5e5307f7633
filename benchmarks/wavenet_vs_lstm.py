"""WaveNet against LSTM and GRU on speech, sample by sample, with as many weights and as much time.

    python benchmarks/wavenet_vs_lstm.py DIGITS_FOLDER [--seconds 600] [--json OUT]

DIGITS_FOLDER holds the Free Spoken Digit Dataset (see examples/digits_manifest.py). All models
predict the 256 mu-law codes at 8 kHz, without conditioning, and learn for `--seconds` of processor
time on one thread, each with the batch and the rate that suit it. Bits per sample: on the held-out
words, each from its start, by the core. Samples per second: one stream, one thread, by turns.
"""

import argparse
import csv
import runpy
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import torch
from machine import interleaved, report

from wavenet.inference.load import load
from wavenet.training import train

RATE, SAMPLES = 8000, 2000
EXAMPLE = Path(__file__).parent.parent / "examples" / "digits_manifest.py"
MODELS = {
    "wavenet": {
        "kind": "wavenet", "dilations": [2**i for i in range(9)] * 2, "residual_channels": 24,
        "gate_channels": 48, "skip_channels": 64,
    },
    "lstm": {"kind": "recurrent", "cell": "lstm", "layers": 1, "hidden_size": 128,
             "embedding_size": 32},
    "gru": {"kind": "recurrent", "cell": "gru", "layers": 1, "hidden_size": 144,
            "embedding_size": 32},
}  # fmt: skip
TRAINING = {
    "wavenet": {"batch_size": 4, "window": 4000, "learning_rate": 3e-3},
    "lstm": {"batch_size": 32, "window": 500, "learning_rate": 4e-3},
    "gru": {"batch_size": 32, "window": 500, "learning_rate": 4e-3},
}


def plain_manifest(source: Path, folder: Path) -> Path:
    """The words as clips without speaker and text, as the example cuts them."""
    runpy.run_path(str(EXAMPLE))["main"](source, folder)
    with open(folder / "manifest.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    names = ["path", "start", "end", "split"]
    path = folder / "words.csv"
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(name: str, words: Path, folder: Path, steps: int) -> float:
    """Trains for some steps; returns the processor time [s]."""
    started = time.process_time()
    settings = TRAINING[name] | {
        "steps": steps, "warmup_steps": min(100, steps), "ema_decay": 0.998,
        "validate_every": steps + 1, "save_every": steps,
    }  # fmt: skip
    train(words, folder, MODELS[name] | {"sample_rate": RATE}, settings)
    return time.process_time() - started


def held_out_bits(generator, words: Path) -> float:
    """Mean bits per sample of the words for validation."""
    bits = samples = 0.0
    with open(words, newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] != "validation":
                continue
            start, end = (round(float(row[key]) * RATE) for key in ("start", "end"))
            y, _ = soundfile.read(words.parent / row["path"], start=start, stop=end)
            score = generator.score(y)
            bits += score.bits_per_sample * len(y)
            samples += len(y)
    return bits / samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results, generators = {}, {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        words = plain_manifest(arguments.folder, folder)
        for name in MODELS:
            short = run(name, words, folder / f"{name}-short", 2)
            per_step = (run(name, words, folder / f"{name}-longer", 12) - short) / 10
            steps = max(10, round(arguments.seconds / per_step))
            used = run(name, words, folder / name, steps)
            generators[name] = load(folder / name, threads=1)
            shapes = generators[name].config.tensor_shapes().values()
            results[f"{name}, parameters"] = int(sum(np.prod(shape) for shape in shapes))
            results[f"{name}, processor time to learn [s]"] = used
            results[f"{name}, steps"] = steps
            results[f"{name}, bits per sample"] = held_out_bits(generators[name], words)
            print(name, results[f"{name}, bits per sample"], flush=True)
    calls = {name: lambda g=g: g.generate(SAMPLES, seed=0) for name, g in generators.items()}
    for name, seconds in interleaved(calls, 20).items():
        results[f"{name}, samples per second"] = SAMPLES / seconds
    report(results, arguments.json)
    print(f"\n{'':10}{'parameters':>12}{'bits/sample':>14}{'samples/s':>12}")
    for name in MODELS:
        print(
            f"{name:10}{results[f'{name}, parameters']:>12,}"
            f"{results[f'{name}, bits per sample']:>14.3f}"
            f"{results[f'{name}, samples per second']:>12,.0f}"
        )


if __name__ == "__main__":
    main()

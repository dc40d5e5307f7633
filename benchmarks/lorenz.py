"""The Lorenz system by an LSTM, a WaveNet and an echo state network.

    python benchmarks/lorenz.py [--steps 3000] [--starts 50] [--json OUT]

The system (sigma 10, r 28, b 8/3) every 0.02, 300 units of time to learn and 100 to test on, each
coordinate in units of its deviation. All models see the same data and run on the core; the WaveNet
takes the coordinates one after the other, as samples of 16 bits.

Valid prediction time: until the error of a model that goes on by itself, without noise, is above
0.4 of the attractor's extent, in Lyapunov times (1 / 0.906); the median over starts. Beside it, the
deviation of the one-step errors.

Lyapunov spectrum: three tangents follow the model's map of everything that it remembers along its
own path, by forward derivatives, and QR keeps them apart (Benettin 1980). True: 0.906, 0, -14.57. A
model also has exponents of how fast it forgets; where these are above -14.57 the third is theirs.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from lorenz_maps import RecurrentMap, WaveNetMap
from machine import report
from rich.console import Console
from scipy.integrate import solve_ivp

from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.config.recurrent import RecurrentConfig
from wavenet.forecasting.echo_state import EchoStateNetwork
from wavenet.forecasting.series import interleaved, interleaved_covariates, rows_of_samples
from wavenet.inference.load import load
from wavenet.inference.samples import encode_samples
from wavenet.models import RecurrentModel
from wavenet.training.config import TrainingConfig
from wavenet.training.data.corpus import Item
from wavenet.training.data.sequences import SequenceSampler
from wavenet.training.data.windows import Track, WindowSampler
from wavenet.training.progress import Reporter
from wavenet.training.task import RecurrentTask, Task, WaveNetTask
from wavenet.training.trainer import Trainer

STEP, LYAPUNOV = 0.02, 0.906
LEARNT, TESTED, PRIME, AHEAD = 15_000, 5_000, 200, 800  # rows
LSTM = RecurrentConfig(layers=1, hidden_size=96, output="gaussian", dimensions=3, input_skip=True)
WAVENET = WaveNetConfig(
    sample_rate=1, dilations=(1, 2, 4, 8, 16), residual_channels=32, gate_channels=64,
    skip_channels=64, input="scalar", output="gaussian",
    local=LocalConditioning(3, hop_length=1, layers=0),
)  # fmt: skip
Advance = Callable[[np.ndarray, int], np.ndarray]  # rows known, number of rows ahead -> rows


def simulate(rows: int) -> np.ndarray:
    """The Lorenz system on its attractor, `(rows, 3)`."""

    def slope(_, state):
        x, y, z = state
        return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z

    times = np.arange(rows + 500) * STEP
    found = solve_ivp(slope, (0, times[-1]), (1, 1, 20), "DOP853", times, rtol=1e-10, atol=1e-10)
    return found.y.T[500:]


def which_coordinate(rows: int) -> np.ndarray:
    """Conditioning of coordinates one after the other: which of them a sample is."""
    return interleaved_covariates(np.zeros((rows, 0)), 3)


def train(task: Task, settings: TrainingConfig, folder: Path):
    """The trained model on the core, and as a module."""
    trainer = Trainer(task, settings, folder)
    trainer.run(Reporter(folder, 0, settings, 1, Console(quiet=True)))
    return load(folder, threads=1), trainer.model.__class__.from_pretrained(folder).eval()


def lstm(y: np.ndarray, steps: int, folder: Path):
    settings = TrainingConfig(
        steps=steps, batch_size=32, window=100, learning_rate=4e-3, warmup_steps=100,
        final_learning_rate=0.001, weight_decay=0.0, ema_decay=0.99, save_every=steps,
    )  # fmt: skip
    sampler = WindowSampler([Track(y)], settings.window, settings.seed)
    generator, model = train(RecurrentTask(LSTM, sampler, [], ""), settings, folder)
    return generator.generate, RecurrentMap(model)


def wavenet(y: np.ndarray, steps: int, folder: Path):
    settings = TrainingConfig(
        steps=steps, batch_size=16, window=240, learning_rate=4e-3, warmup_steps=100,
        final_learning_rate=0.001, weight_decay=0.0, ema_decay=0.99, save_every=steps,
    )  # fmt: skip
    items = [Item(encode_samples(interleaved(y), WAVENET), which_coordinate(len(y)), 0)]
    sampler = SequenceSampler(items, WAVENET, settings.window, settings.seed)
    generator, model = train(WaveNetTask(WAVENET, sampler, [], ""), settings, folder)

    def generate(rows: int, prime: np.ndarray, temperature: float = 0) -> np.ndarray:
        frames = which_coordinate(len(prime) + rows)
        samples = generator.generate(
            3 * rows, prime=interleaved(prime), condition=frames, temperature=temperature
        )
        return rows_of_samples(samples, 3)

    return generate, WaveNetMap(model, 3)


def echo_state(y: np.ndarray, steps: int, folder: Path):
    network = EchoStateNetwork(600, spectral_radius=0.2, bias_scale=0.5, ridge=1e-6).fit(y)
    network.save(folder)
    return network.generate, RecurrentMap(RecurrentModel.from_pretrained(folder).eval())


def valid_times(generate: Callable, y: np.ndarray, starts: int) -> np.ndarray:
    """Valid prediction times from starts across the test [Lyapunov times]."""
    times = []
    for start in np.linspace(0, len(y) - PRIME - AHEAD, starts).astype(int):
        known, came = y[start : start + PRIME], y[start + PRIME : start + PRIME + AHEAD]
        error = generate(AHEAD, prime=known, temperature=0) - came
        wrong = np.flatnonzero(np.sqrt(np.mean(error**2, axis=1)) > 0.4)
        times.append((wrong[0] if len(wrong) else AHEAD) * STEP * LYAPUNOV)
    return np.array(times)


def lyapunov_spectrum(model_map, y: np.ndarray, steps: int) -> np.ndarray:
    """Three exponents of a map [per unit of time], by QR of its derivatives along its path."""
    state = model_map.state_after(torch.from_numpy(y))
    generator = torch.Generator().manual_seed(0)
    tangents = torch.randn(state.numel(), 3, generator=generator, dtype=state.dtype)
    sums, settled = np.zeros(3), steps // 10
    for i in range(-settled, steps):
        state, tangents = model_map.advance(state, tangents)
        tangents, stretches = torch.linalg.qr(tangents)
        if i >= 0:
            sums += np.log(np.abs(torch.diagonal(stretches).numpy()))
    return sums / (steps * STEP)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--starts", type=int, default=50)
    parser.add_argument("--spectrum-steps", type=int, default=5000)
    parser.add_argument("--models", nargs="+", default=["lstm", "wavenet", "echo_state"])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    y = simulate(LEARNT + TESTED)
    y = ((y - y[:LEARNT].mean(axis=0)) / y[:LEARNT].std(axis=0)).astype(np.float32)
    results = {}
    makers = {"lstm": lstm, "wavenet": wavenet, "echo_state": echo_state}
    for name in arguments.models:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            generate, model_map = makers[name](y[:LEARNT], arguments.steps, Path(folder))
        results[f"{name}, seconds to learn"] = time.perf_counter() - started
        times = valid_times(generate, y[LEARNT:], arguments.starts)
        results[f"{name}, valid prediction time [Lyapunov times]"] = float(np.median(times))
        results[f"{name}, its quartiles"] = np.quantile(times, (0.25, 0.75)).round(2).tolist()
        found = lyapunov_spectrum(model_map, y[LEARNT : LEARNT + PRIME], arguments.spectrum_steps)
        results[f"{name}, Lyapunov spectrum"] = found.round(3).tolist()
        print(name, results[f"{name}, Lyapunov spectrum"], float(np.median(times)), flush=True)
    report(results, arguments.json)


if __name__ == "__main__":
    main()

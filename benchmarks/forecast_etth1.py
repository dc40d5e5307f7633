"""Forecasts of the oil temperature of ETTh1 against seasonal naive and linear forecasts.

    python benchmarks/forecast_etth1.py TIMESERIES_FOLDER [--horizon 96] [--json OUT]

LSTM and WaveNet are what `wavenet train ETTh1.csv --target OT --lags 336 ...` makes, with the
settings below. Both have a linear part of the last 336 hours; the LSTM goes on by days.

The usual split: 12 months to train on, 4 for validation, 4 to test; values in units of the training
deviation; a forecast from every `--stride`-th hour of the test. The linear model (NLinear, arXiv
2205.13504) takes 336 hours less the last value, ridge regression on the training months. The
distribution of the linear and the naive forecasts are their errors of the validation months.
"""

import argparse
import gzip
import tempfile
from pathlib import Path

import numpy as np
import torch
from machine import report

from wavenet.forecasting.forecast import forecast
from wavenet.forecasting.series import Series, read_series
from wavenet.inference.load import load
from wavenet.metrics.forecasts import continuous_ranked_probability_score
from wavenet.training import train

TRAIN, VALIDATION, TEST = 8640, 2880, 2880
PATHS, ERRORS, LINEAR_CONTEXT = 500, 200, 336
# Chosen on the validation months at horizon 24.
SHARED = {"target": "OT", "lags": 336}
MODELS = {
    "lstm": SHARED | {
        "kind": "recurrent", "layers": 1, "hidden_size": 32, "input_skip": False, "dropout": 0.3,
        "output": "gaussian", "components": 3, "patch": 24, "context": 168,
    },
    "wavenet": SHARED | {
        "kind": "wavenet", "residual_channels": 16, "gate_channels": 32, "skip_channels": 32,
        "context": 48,
    },
}  # fmt: skip
TRAINING = {"steps": 600, "weight_decay": 0.5, "validate_every": 100}


def linear_model(y: np.ndarray, horizon: int) -> np.ndarray:
    """Weights `(context, horizon)` of the deviations from the last value."""
    starts = range(LINEAR_CONTEXT, TRAIN - horizon + 1)
    inputs = np.array([y[t - LINEAR_CONTEXT : t] - y[t - 1] for t in starts])
    outputs = np.array([y[t : t + horizon] - y[t - 1] for t in starts])
    ridge = 1000 * np.eye(LINEAR_CONTEXT)
    return np.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ outputs)


def with_errors(point, y: np.ndarray, horizon: int):
    """A point forecast with the errors that it made in the validation months as its paths."""
    starts = np.linspace(TRAIN, TRAIN + VALIDATION - horizon, ERRORS).astype(int)
    errors = np.array([y[t : t + horizon] - point(t) for t in starts])

    def paths(t: int) -> tuple[np.ndarray, np.ndarray]:
        return point(t), point(t) + errors

    return paths


def trained(name: str, table: Path, folder: Path, arguments: argparse.Namespace):
    """A forecaster of the time t by a model that is trained unless `folder` has it."""
    if not (folder / "model.safetensors").exists():
        share = VALIDATION / (TRAIN + VALIDATION)
        settings = MODELS[name] | {"horizon": arguments.horizon}
        train(table, folder, settings, TRAINING | {"validation": share})
    return load(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--horizon", type=int, default=96)
    parser.add_argument("--stride", type=int, default=8)
    parser.add_argument("--models", type=Path, help="Folder that keeps what was trained.")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    horizon = arguments.horizon

    series = read_series(arguments.folder / "ETTh1.csv.gz")
    y = series.columns(("OT",))[:, 0]
    level, deviation = y[:TRAIN].mean(), y[:TRAIN].std()
    raw = Series(series.times, ("OT",), y[:, None], series.axis, series.source)
    y = (y - level) / deviation
    weights = linear_model(y, horizon)
    methods = {}
    with tempfile.TemporaryDirectory() as temporary:
        table = Path(temporary) / "ett.csv"
        with gzip.open(arguments.folder / "ETTh1.csv.gz", "rt") as file:
            table.write_text("".join(file.readlines()[: 1 + TRAIN + VALIDATION]))
        for name in MODELS:
            folder = (arguments.models or Path(temporary)) / f"{name}-{horizon}"
            generator = trained(name, table, folder, arguments)

            def paths(t: int, generator=generator) -> tuple[np.ndarray, np.ndarray]:
                past = raw.rows(0, t)
                drawn = forecast(generator, past, horizon, samples=PATHS, seed=t).paths[:, :, 0]
                drawn = (drawn - level) / deviation
                return drawn.mean(axis=0), drawn

            methods[name] = paths
    methods |= {
        "linear": with_errors(
            lambda t: (y[t - LINEAR_CONTEXT : t] - y[t - 1]) @ weights + y[t - 1], y, horizon
        ),
        "seasonal naive": with_errors(lambda t: np.resize(y[t - 24 : t], horizon), y, horizon),
        "naive": with_errors(lambda t: np.full(horizon, y[t - 1]), y, horizon),
    }
    begin = TRAIN + VALIDATION
    starts = range(begin, begin + TEST - horizon + 1, arguments.stride)
    results = {"horizon": horizon, "forecasts": len(starts)}
    for name, method in methods.items():
        squared, absolute, ranked = [], [], []
        for t in starts:
            mean, drawn = method(t)
            came = y[t : t + horizon]
            squared.append(np.mean((mean - came) ** 2))
            absolute.append(np.mean(np.abs(np.median(drawn, axis=0) - came)))
            ranked.append(continuous_ranked_probability_score(drawn, came).mean())
        results[f"{name}, MSE"] = float(np.mean(squared))
        results[f"{name}, MAE"] = float(np.mean(absolute))
        results[f"{name}, CRPS"] = float(np.mean(ranked))
    report(results, arguments.json)


if __name__ == "__main__":
    main()

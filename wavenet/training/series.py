"""A time series as the data of a recurrent model or a WaveNet."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from wavenet.config import LocalConditioning, SeriesColumns, WaveNetConfig, serialization
from wavenet.config.recurrent import RecurrentConfig
from wavenet.forecasting.echo_state import EchoStateNetwork
from wavenet.forecasting.forecast import covariate_rows, known_rows
from wavenet.forecasting.linear import fit_lags, remove_lags
from wavenet.forecasting.series import Series, calendar_cycles, read_series
from wavenet.training.config import TrainingConfig
from wavenet.training.recurrent_task import RecurrentTask, Track, WindowSampler, windows
from wavenet.training.series_wavenet import WaveNetSeriesTask, rows_of_series
from wavenet.training.settings import ECHO_STATE_OPTIONS, SERIES_OPTIONS
from wavenet.training.task import Task

SERIES_MODELS: dict[str, dict[str, Any]] = {
    "recurrent": {
        "cell": "lstm", "layers": 2, "hidden_size": 64, "output": "student-t", "input_skip": True,
        "dropout": 0.1,
    },
    "wavenet": {
        "residual_channels": 32, "gate_channels": 64, "skip_channels": 64, "input": "scalar",
        "output": "gaussian-mixture", "mixtures": 3, "sample_rate": 1,
    },
}  # fmt: skip


def series_config(
    path: Path, model: dict[str, Any], settings: TrainingConfig
) -> RecurrentConfig | WaveNetConfig:
    """A model of a file's columns; see `series_columns`."""
    columns = series_columns(path, model, settings)
    rest = {name: value for name, value in model.items() if name not in SERIES_OPTIONS}
    kind = rest.get("kind", "recurrent")
    of_columns = _wavenet_of(columns) if kind == "wavenet" else _recurrent_of(columns)
    fixed = {"kind": kind, "series": dataclasses.asdict(columns)}
    return serialization.from_dict(SERIES_MODELS[kind] | of_columns | rest | fixed)


def series_columns(path: Path, model: dict[str, Any], settings: TrainingConfig) -> SeriesColumns:
    """A file's columns; see `SeriesOptions` for the settings of `model` that say which.

    Raises
    ------
    ValueError
        No or constant targets, missing values, a series too short for context and horizon.
    """
    series = read_series(path)
    options = SERIES_OPTIONS | {k: v for k, v in model.items() if k in SERIES_OPTIONS}
    names = [tuple(n for n in options[key].split(",") if n) for key in ("target", "covariates")]
    if not names[0]:
        raise ValueError(f"--target must name a column of {path}: {', '.join(series.names)}")
    training = series.rows(0, _split(series, names[0], settings))
    parts = []
    for columns in names:
        values = training.complete(columns)
        scales = values.std(axis=0)
        for name, extent in zip(columns, np.ptp(values, axis=0), strict=True):
            if extent == 0:
                raise ValueError(f"{path}, column {name!r} is constant")
        if options["lags"] and columns == names[0]:
            scales = _scales_left(values, options["lags"], path)
        parts.append((values.mean(axis=0).tolist(), scales.tolist()))
    patch = options["patch"]
    if patch < 1:
        raise ValueError(f"patch must be from 1, got {patch}")
    return SeriesColumns(
        targets=names[0], step=series.axis.step, step_unit=series.axis.unit,
        horizon=options["horizon"],
        context=options["context"] or -(-2 * options["horizon"] // patch) * patch,
        covariates=names[1], patch=patch,
        calendar=calendar_cycles(series.axis, len(training.times)),
        lags=options["lags"], target_scales=tuple(parts[0][1]),
        covariate_means=tuple(parts[1][0]),
        covariate_scales=tuple(parts[1][1]),
    )  # fmt: skip


def series_task(
    config: RecurrentConfig | WaveNetConfig, settings: TrainingConfig, path: Path
) -> Task:
    """Learns a series but for its end, the fraction `settings.validation`, which is held out."""
    columns = config.series
    whole, split, lag_weights = _read_track(path, columns, settings)
    track = Track(whole.samples[:split], whole.covariates[:split])
    length = columns.context + columns.whole_patches(columns.horizon)
    known = len(whole.samples)
    rows = rows_of_series(config) if isinstance(config, WaveNetConfig) else config
    starts = range(split - columns.context, known - length + 1, columns.horizon)
    pieces = [(whole, start, 0) for start in starts]
    validation = [
        windows(pieces[i : i + settings.batch_size], length, rows)
        for i in range(0, len(pieces), settings.batch_size)
    ]
    settings = dataclasses.replace(settings, window=length)
    if isinstance(config, WaveNetConfig):
        sampler = WindowSampler([track], rows, length, settings.seed)
        task: Task = WaveNetSeriesTask(config, sampler, validation, _found(whole, split))
    else:
        task = RecurrentTask(config, settings, [track], [], _found(whole, split))
        task.validation = validation
    return task if lag_weights is None else WithLinearPart(task, lag_weights)


class WithLinearPart:
    """A task whose model keeps the weights of a linear part; see `wavenet.training.task.Task`."""

    def __init__(self, task: Task, lag_weights: np.ndarray):
        self._task = task
        self._lag_weights = torch.from_numpy(lag_weights)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._task, name)

    def make_model(self) -> nn.Module:
        """The untrained model."""
        model = self._task.make_model()
        model.get_buffer("lag_weights").copy_(self._lag_weights)
        return model


def fit_echo_state(path: Path, model: dict[str, Any], settings: TrainingConfig) -> EchoStateNetwork:
    """An echo state network that learns what follows each window's context.

    Parameters
    ----------
    path
        A CSV file.
    model
        `SeriesOptions` and `ECHO_STATE_OPTIONS` of `wavenet.training.settings`.
    settings
        Settings of the run, of which `validation` and `seed` count.
    """
    columns = series_columns(path, model, settings)
    if columns.lags:
        raise ValueError("an echo state network takes no lags: its read-out is linear already")
    whole, split, _ = _read_track(path, columns, settings)
    length = columns.context + columns.horizon
    y, covariates = [], []
    for start in range(0, split - length + 1, columns.horizon):
        samples = whole.samples[start : start + length]
        y.append(samples - samples[: columns.context].mean(axis=0))
        covariates.append(whole.covariates[start : start + length])
    options = ECHO_STATE_OPTIONS | {k: v for k, v in model.items() if k in ECHO_STATE_OPTIONS}
    unknown = sorted(set(model) - set(SERIES_OPTIONS) - set(options) - {"kind"})
    if unknown:
        raise ValueError(f"an echo state network has no setting {unknown[0]!r}")
    network = EchoStateNetwork(**options, washout=columns.context, seed=settings.seed)
    return network.fit(y, covariates if columns.covariate_channels else None, columns)


def _scales_left(values: np.ndarray, lags: int, path: Path) -> np.ndarray:
    """Deviations of what the linear part leaves of the next row."""
    if not 1 <= lags <= len(values) // 2:
        raise ValueError(
            f"lags must be from 1 to half the rows to train on, {len(values) // 2} of {path}, got "
            f"{lags}"
        )
    return remove_lags(values, fit_lags(values, lags, 1)).std(axis=0)


def _read_track(
    path: Path, columns: SeriesColumns, settings: TrainingConfig
) -> tuple[Track, int, np.ndarray | None]:
    """What the model sees of all rows with known targets, how many of these rows there are to train
    on, and the weights of the linear part.

    With a linear part the track starts where it has all lags before it. A row of the track is the
    patch that starts there.
    """
    series = read_series(path)
    known = known_rows(series, columns)
    split = _split(series, columns.targets, settings)
    length = columns.lags + columns.context + columns.whole_patches(columns.horizon)
    if split < length:
        names = "lags, context and horizon" if columns.lags else "context and horizon"
        raise ValueError(
            f"{path} has {split} rows to train on, fewer than {names}, {length}: choose a smaller "
            "horizon"
        )
    targets = series.rows(0, known).complete(columns.targets)
    covariates = covariate_rows(series.rows(0, known), columns, series.times[:known])
    if not columns.lags:
        level = targets[:split].mean(axis=0)  # may be so far away that float32 loses the rest
        samples = ((targets - level) / columns.target_scales).astype(np.float32)
        return Track(samples, covariates), split, None
    weights = fit_lags(targets[:split], columns.lags, columns.patch)
    samples = remove_lags(targets, weights) / np.tile(columns.target_scales, columns.patch)
    given = np.lib.stride_tricks.sliding_window_view(covariates[columns.lags :], columns.patch, 0)
    track = Track(samples.astype(np.float32), given.transpose(0, 2, 1).reshape(len(samples), -1))
    return track, split - columns.lags - columns.patch + 1, weights


def _found(track: Track, split: int) -> str:
    return f"{split:,} rows to train on, {len(track.samples) - split:,} for validation"


def _recurrent_of(columns: SeriesColumns) -> dict[str, Any]:
    rows = columns.patch
    return {
        "dimensions": rows * len(columns.targets), "covariates": rows * columns.covariate_channels
    }  # fmt: skip


def _wavenet_of(columns: SeriesColumns) -> dict[str, Any]:
    """Conditioning on every sample, and dilations that reach over the context."""
    targets = len(columns.targets)
    local = LocalConditioning(targets + columns.covariate_channels, hop_length=1, layers=0)
    dilations = [1]
    while sum(dilations) < columns.context * targets:
        dilations.append(2 * dilations[-1])
    return {"local": dataclasses.asdict(local), "dilations": dilations}


def _split(series: Series, targets: tuple[str, ...], settings: TrainingConfig) -> int:
    """Rows to train on."""
    filled = np.flatnonzero(~np.isnan(series.columns(targets)).all(axis=1))
    known = int(filled[-1]) + 1 if len(filled) else 0
    return known - round(settings.validation * known)

"""A time series as the data of a recurrent model, a WaveNet or an echo state network."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wavenet.config import LocalConditioning, SeriesColumns, WaveNetConfig, serialization
from wavenet.forecasting.echo_state import EchoStateNetwork
from wavenet.forecasting.forecast import covariate_rows, known_rows
from wavenet.forecasting.linear import fit_lags, remove_lags
from wavenet.forecasting.series import (
    Series,
    calendar_cycles,
    interleaved,
    interleaved_covariates,
    read_series,
)
from wavenet.inference.samples import decode_samples, encode_samples, silence_code
from wavenet.io.rows import csv_rows
from wavenet.training.config import TrainingConfig
from wavenet.training.data.kind import Config, Tensors, TrainingData
from wavenet.training.data.sequences import Batch
from wavenet.training.data.windows import Track, Windows, WindowSampler, windows

if TYPE_CHECKING:
    from wavenet.training.task import Task


@dataclass(frozen=True)
class SeriesOptions:
    """What to take from a time series.

    Parameters
    ----------
    target
        Columns to predict, separated by commas.
    covariates
        Columns that are known beforehand.
    horizon
        Rows that a forecast is to reach ahead.
    context
        Rows that a forecast looks back on; 0: twice the horizon.
    patch
        Rows of a step of a recurrent model with a linear part.
    lags
        Rows that a linear part of the forecast sees; 0: there is none.
    """

    target: str = ""
    covariates: str = ""
    horizon: int = 24
    context: int = 0
    patch: int = 1
    lags: int = 0


_OPTIONS = vars(SeriesOptions())
_ECHO_STATE_OPTIONS: dict[str, Any] = {
    "units": 300, "spectral_radius": 0.9, "leak": 0.5, "input_scale": 0.5, "bias_scale": 0.1,
    "connections": 10, "ridge": 1.0, "noise": 0.0,
}  # fmt: skip
_MODELS: dict[str, dict[str, Any]] = {
    "recurrent": {
        "cell": "lstm", "layers": 2, "hidden_size": 64, "output": "student-t", "input_skip": True,
        "dropout": 0.1,
    },
    "wavenet": {
        "residual_channels": 32, "gate_channels": 64, "skip_channels": 64, "input": "scalar",
        "output": "gaussian-mixture", "mixtures": 3, "sample_rate": 1,
    },
}  # fmt: skip


class SeriesData(TrainingData):
    """A table whose columns are learnt, each row given those before it."""

    name = "series"
    models = ("recurrent", "wavenet", "echo-state")
    options: ClassVar = {
        "recurrent": _OPTIONS, "wavenet": _OPTIONS, "echo-state": _OPTIONS | _ECHO_STATE_OPTIONS
    }  # fmt: skip
    described: ClassVar = {
        "Time series": (SeriesOptions, _OPTIONS),
        "Echo state network": (EchoStateNetwork, _ECHO_STATE_OPTIONS),
    }
    defaults: ClassVar = {
        "steps": 2000, "batch_size": 32, "learning_rate": 2e-3, "warmup_steps": 100,
        "validation": 0.2, "ema_decay": 0.99, "validate_every": 200, "save_every": 500,
        "weight_decay": 0.05,
    }  # fmt: skip

    @staticmethod
    def recognises(path: Path) -> bool:
        """A CSV file that is no manifest."""
        name = path.name.lower()
        if not name.endswith((".csv", ".csv.gz")) or not path.is_file():
            return False
        if name.endswith(".gz"):
            return True
        _, header = next(csv_rows(path), (1, []))
        return "path" not in (name.strip() for name in header)

    @cached_property
    def series(self) -> Series:
        """All rows."""
        return read_series(self.path)

    def configure(self, model: dict[str, Any], settings: TrainingConfig) -> Config:
        """A model of the columns; see `SeriesOptions`."""
        options, rest = self.split(model)
        columns = self._columns(options, settings)
        sizes = {"recurrent": _recurrent_sizes, "wavenet": _wavenet_sizes}[rest["kind"]](columns)
        series = {"series": dataclasses.asdict(columns)}
        return serialization.from_dict(_MODELS[rest["kind"]] | sizes | rest | series)

    def task(self, config: Config, settings: TrainingConfig) -> Task:
        """Learns the series but for its end, the fraction `settings.validation`, held out."""
        from wavenet.training.task import RecurrentTask, WaveNetTask

        columns = config.series
        assert columns is not None
        whole, split, tensors = self._track(columns, settings)
        track = Track(whole.samples[:split], whole.covariates[:split])
        length = columns.context + columns.whole_patches(columns.horizon)
        starts = range(split - columns.context, len(whole.samples) - length + 1, columns.horizon)
        pieces = [(whole, start, 0) for start in starts]
        sampler = WindowSampler([track], length, settings.seed, columns)
        validation = [
            windows(pieces[i : i + settings.batch_size], length, columns)
            for i in range(0, len(pieces), settings.batch_size)
        ]
        held_out = len(whole.samples) - split
        data = f"{split:,} rows to train on, {held_out:,} for validation"
        if isinstance(config, WaveNetConfig):
            batches = [interleaved_batch(batch, config) for batch in validation]
            return WaveNetTask(
                config, InterleavedSampler(sampler, config), batches, data, tensors=tensors
            )
        return RecurrentTask(config, sampler, validation, data, tensors=tensors)

    def settings_of(self, config: Config) -> dict[str, Any]:
        """With the columns as they are given."""
        kept = super().settings_of(config)
        assert config.series is not None
        names = {"target": config.series.targets, "covariates": config.series.covariates}
        return kept | kept["series"] | {name: ",".join(columns) for name, columns in names.items()}

    def fit(self, model: dict[str, Any], training: dict[str, Any], output: Path) -> str | None:
        """An echo state network that learns what follows each window's context."""
        options, rest = self.split(model)
        if rest.pop("kind") != "echo-state":
            return None
        settings = self.settings(training)
        columns = self._columns(options, settings)
        if columns.lags:
            raise ValueError("an echo state network takes no lags: its read-out is linear already")
        if rest:
            raise ValueError(f"an echo state network has no setting {min(rest)!r}")
        whole, split, _ = self._track(columns, settings)
        length = columns.context + columns.horizon
        y, covariates = [], []
        for start in range(0, split - length + 1, columns.horizon):
            samples = whole.samples[start : start + length]
            y.append(samples - samples[: columns.context].mean(axis=0))
            covariates.append(whole.covariates[start : start + length])
        of_network = {name: options[name] for name in _ECHO_STATE_OPTIONS}
        network = EchoStateNetwork(**of_network, washout=columns.context, seed=settings.seed)
        network.fit(y, covariates if columns.covariate_channels else None, columns).save(output)
        return f"an echo state network of {network.units} units"

    def _columns(self, options: dict[str, Any], settings: TrainingConfig) -> SeriesColumns:
        """The columns that `SeriesOptions` name.

        Raises
        ------
        ValueError
            No or constant targets, missing values, a series too short for context and horizon.
        """
        targets, covariates = (
            tuple(n for n in options[key].split(",") if n) for key in ("target", "covariates")
        )
        if not targets:
            known = ", ".join(self.series.names)
            raise ValueError(f"--target must name a column of {self.path}: {known}")
        training = self.series.rows(0, self._split(targets, settings))
        values = {names: training.complete(names) for names in (targets, covariates)}
        for names, columns in values.items():
            for name, extent in zip(names, np.ptp(columns, axis=0), strict=True):
                if extent == 0:
                    raise ValueError(f"{self.path}, column {name!r} is constant")
        scales = values[targets].std(axis=0)
        if options["lags"]:
            scales = self._scales_left(values[targets], options["lags"])
        patch, axis = options["patch"], self.series.axis
        if patch < 1:
            raise ValueError(f"patch must be from 1, got {patch}")
        return SeriesColumns(
            targets=targets, step=axis.step, step_unit=axis.unit, horizon=options["horizon"],
            context=options["context"] or -(-2 * options["horizon"] // patch) * patch,
            covariates=covariates, patch=patch,
            calendar=calendar_cycles(axis, len(training.times)),
            lags=options["lags"], target_scales=tuple(scales.tolist()),
            covariate_means=tuple(values[covariates].mean(axis=0).tolist()),
            covariate_scales=tuple(values[covariates].std(axis=0).tolist()),
        )  # fmt: skip

    def _scales_left(self, values: np.ndarray, lags: int) -> np.ndarray:
        """Standard deviations of what the linear part leaves of the next row."""
        if not 1 <= lags <= len(values) // 2:
            raise ValueError(
                f"lags must be from 1 to half the rows to train on, {len(values) // 2} of "
                f"{self.path}, got {lags}"
            )
        return remove_lags(values, fit_lags(values, lags, 1)).std(axis=0)

    def _track(
        self, columns: SeriesColumns, settings: TrainingConfig
    ) -> tuple[Track, int, Tensors]:
        """All rows with known targets as the model sees them, how many of these there are to train
        on, and the weights of the linear part.

        With a linear part the track starts where it has all lags before it. A row of the track is
        the patch that starts there.
        """
        known = known_rows(self.series, columns)
        split = self._split(columns.targets, settings)
        length = columns.lags + columns.context + columns.whole_patches(columns.horizon)
        if split < length:
            names = "lags, context and horizon" if columns.lags else "context and horizon"
            raise ValueError(
                f"{self.path} has {split} rows to train on, fewer than {names}, {length}: choose a "
                "smaller horizon"
            )
        rows = self.series.rows(0, known)
        targets = rows.complete(columns.targets)
        covariates = covariate_rows(rows, columns, rows.times)
        if not columns.lags:
            level = targets[:split].mean(axis=0)  # may be so far away that float32 loses the rest
            samples = ((targets - level) / columns.target_scales).astype(np.float32)
            return Track(samples, covariates), split, {}
        weights = fit_lags(targets[:split], columns.lags, columns.patch)
        samples = remove_lags(targets, weights) / np.tile(columns.target_scales, columns.patch)
        given = np.lib.stride_tricks.sliding_window_view(
            covariates[columns.lags :], columns.patch, 0
        )
        given = given.transpose(0, 2, 1).reshape(len(samples), -1)
        split -= columns.lags + columns.patch - 1
        return Track(samples.astype(np.float32), given), split, {"lag_weights": weights}

    def _split(self, targets: tuple[str, ...], settings: TrainingConfig) -> int:
        """Rows to train on."""
        filled = np.flatnonzero(~np.isnan(self.series.columns(targets)).all(axis=1))
        known = int(filled[-1]) + 1 if len(filled) else 0
        return known - round(settings.validation * known)


class InterleavedSampler:
    """Draws windows of a series as the samples of a WaveNet: its targets one after the other."""

    def __init__(self, sampler: WindowSampler, config: WaveNetConfig):
        self._windows = sampler
        self._config = config
        self.length = sampler.length * len(config.series.targets)

    def batch(self, step: int, places: range) -> Batch:
        """The sequences at these places of the batch of a step."""
        return interleaved_batch(self._windows.batch(step, places), self._config)


def interleaved_batch(rows: Windows, config: WaveNetConfig) -> Batch:
    """Windows of rows as sequences of samples, each with its target and covariates as frame."""
    count, length, targets = rows.targets.shape
    codes = encode_samples(interleaved(rows.targets), config)
    before = np.full_like(codes, silence_code(config))
    before[:, 1:] = codes[:, :-1]
    covariates = rows.covariates
    if covariates is None:
        covariates = np.zeros((count, length, 0), dtype=np.float32)
    frames = interleaved_covariates(covariates, targets).transpose(0, 2, 1)
    return Batch(
        decode_samples(before, config), codes.astype(np.int64),
        rows.counted.repeat(targets, axis=1), frames, np.zeros(count, np.int64),
    )  # fmt: skip


def _recurrent_sizes(columns: SeriesColumns) -> dict[str, Any]:
    rows = columns.patch
    return {
        "dimensions": rows * len(columns.targets), "covariates": rows * columns.covariate_channels
    }  # fmt: skip


def _wavenet_sizes(columns: SeriesColumns) -> dict[str, Any]:
    """Conditioning on every sample, and dilations that reach over the context."""
    targets = len(columns.targets)
    local = LocalConditioning(targets + columns.covariate_channels, hop_length=1, layers=0)
    dilations = [1]
    while sum(dilations) < columns.context * targets:
        dilations.append(2 * dilations[-1])
    return {"local": dataclasses.asdict(local), "dilations": dilations}

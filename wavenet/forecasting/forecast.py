"""Forecasts of time series: sample paths of a model, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wavenet.base.validation import integer
from wavenet.config import SeriesColumns
from wavenet.forecasting.linear import recent_scales, remove_lags, restore_lags
from wavenet.forecasting.series import (
    Series,
    calendar_features,
    interleaved,
    interleaved_covariates,
    rows_of_samples,
)
from wavenet.forecasting.time_axis import step_text
from wavenet.inference.wavenet import WaveNetGenerator

if TYPE_CHECKING:
    from wavenet.inference.recurrent import RecurrentGenerator


@dataclass(frozen=True)
class Forecast:
    """Sample paths of the future.

    Attributes
    ----------
    times
        `(horizon,)` datetime64[s].
    targets
        Names of the columns.
    paths
        `(samples, horizon, targets)` float64: equally likely futures.
    """

    times: NDArray[np.datetime64]
    targets: tuple[str, ...]
    paths: NDArray[np.float64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """`(horizon, targets)`."""
        return self.paths.mean(axis=0)

    @property
    def digits(self) -> list[int]:
        """Significant digits of each target that show a ten-thousandth of the paths' spread.

        From 7 to 16, which are nearly all that float64 has.
        """
        largest, spread = np.abs(self.paths).max(axis=0), self.paths.std(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            needed = np.nan_to_num(np.log10(largest / spread), nan=0.0, posinf=16.0, neginf=0.0)
        return [int(n) for n in np.clip(np.ceil(needed.max(axis=0)) + 4, 7, 16)]

    def quantile(self, level: float) -> NDArray[np.float64]:
        """`(horizon, targets)`: what stays below with the probability `level`."""
        if not 0 < level < 1:
            raise ValueError(f"a quantile's level must be between 0 and 1, got {level}")
        return np.quantile(self.paths, level, axis=0)


def forecast(
    generator: WaveNetGenerator | RecurrentGenerator,
    series: Series,
    horizon: int | None = None,
    *,
    samples: int = 200,
    seed: int = 0,
    temperature: float | None = None,
) -> Forecast:
    """Draws paths that continue the last row with known targets.

    Parameters
    ----------
    generator
        A model of a series (`config.series`).
    series
        At least as many rows as the model's context. Rows at the end whose targets are all empty
        are the future: their covariates are known.
    horizon
        Rows ahead; by default what the model was trained for.
    samples
        Number of paths.
    seed, temperature
        As for `generate` of the model.

    Raises
    ------
    ValueError
        A column that is missing or has no values, another step, too few rows.
    """
    columns = generator.config.series
    if columns is None:
        raise ValueError("this model is not one of a time series")
    horizon = columns.horizon if horizon is None else integer("horizon", horizon, 1, 10**6)
    integer("samples", samples, 1, 65536)
    known = known_rows(series, columns)
    if known < columns.context + columns.lags:
        raise ValueError(
            f"{series.source} has {known} rows with known targets; the model looks back on "
            f"{columns.context + columns.lags}"
        )
    start = known - columns.context
    times = series.axis.times(series.times[start], columns.context + horizon)
    past = series.rows(start - columns.lags, known).complete(columns.targets)
    given = covariate_rows(series.rows(start, len(series.times)), columns, times)
    scales = np.tile(columns.target_scales, columns.patch)
    weights = generator.lag_weights
    if columns.lags:
        left = remove_lags(past, weights)[:: columns.patch]
        scales = scales * recent_scales(left / scales, len(columns.targets))
        seen = left / scales
    else:
        level = past.mean(axis=0)
        seen = (past - level) / scales
    options = {"seed": seed, "temperature": temperature}
    drawn = _draw(generator, seen, given, horizon, samples, **options) * scales
    paths = restore_lags(past, drawn, weights) if columns.lags else drawn + level
    paths = paths[:, :horizon]
    return Forecast(times[columns.context :], columns.targets, paths)


def _draw(
    generator: WaveNetGenerator | RecurrentGenerator,
    past: NDArray[np.float64],
    covariates: NDArray[np.float32],
    horizon: int,
    samples: int,
    **options: Any,
) -> NDArray[np.float64]:
    """Steps `(samples, steps, patch * targets)` that continue those seen, as the model has them.

    `covariates` are rows, from the first that was seen on.
    """
    columns = generator.config.series
    if isinstance(generator, WaveNetGenerator):
        targets = past.shape[1]
        frames = interleaved_covariates(covariates, targets)
        streams = generator.streams(
            batch=samples, condition=frames, prime=interleaved(past), **options
        )
        return rows_of_samples(streams.generate(horizon * targets), targets)
    steps = columns.whole_patches(horizon) // columns.patch
    rows = (len(past) + steps) * columns.patch
    # Rows of the last patch beyond the horizon, which nobody sees.
    given = np.pad(covariates, ((0, rows - len(covariates)), (0, 0)), "edge")
    given = given.reshape(len(past) + steps, -1)
    known = given if given.shape[1] else None
    paths = generator.streams(batch=samples, condition=known, prime=past, **options)
    return np.asarray(paths.generate(steps), dtype=np.float64).reshape(samples, steps, -1)


def known_rows(series: Series, columns: SeriesColumns) -> int:
    """Rows up to the last one that has a target; checks that the series is one of the model."""
    axis = series.axis
    if (axis.step, axis.unit) != (columns.step, columns.step_unit):
        raise ValueError(
            f"{series.source} has a step of {step_text(axis.step, axis.unit)}, the model of "
            f"{step_text(columns.step, columns.step_unit)}"
        )
    filled = ~np.isnan(series.columns(columns.targets)).all(axis=1)
    return int(np.flatnonzero(filled)[-1]) + 1 if filled.any() else 0


def covariate_rows(
    series: Series, columns: SeriesColumns, times: NDArray[np.datetime64]
) -> NDArray[np.float32]:
    """`(len(times), covariate_channels)` for the first rows of a series."""
    values = np.zeros((len(times), 0))
    if columns.covariates:
        rows = series.rows(0, len(times))
        lacking = len(times) - len(rows.times)
        if lacking:
            raise ValueError(
                f"{series.source} ends {lacking} rows before the forecast does; it needs the "
                f"covariates {', '.join(columns.covariates)} of these rows"
            )
        values = rows.complete(columns.covariates)
        values = (values - columns.covariate_means) / columns.covariate_scales
    calendar = calendar_features(times, columns.calendar, columns.step_unit)
    return np.concatenate([values, calendar], axis=1).astype(np.float32)

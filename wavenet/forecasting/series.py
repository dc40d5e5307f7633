"""Time series in CSV files, checked for what makes forecasts meaningless."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wavenet.config.series import Cycle, StepUnit
from wavenet.forecasting.time_axis import TimeAxis, find_time_axis, parse_time
from wavenet.io.rows import csv_rows

SAMPLE_RANGE = 8.0  # of a WaveNet's samples, [-1, 1], in units of the targets' scales
_CYCLES: dict[StepUnit, dict[Cycle, float]] = {
    "second": {"day": 86_400.0, "week": 7 * 86_400.0, "year": 365.2425 * 86_400.0},
    "month": {"year": 12.0},
}


@dataclass(frozen=True)
class Series:
    """A time series.

    Attributes
    ----------
    times
        `(n,)` datetime64[s], at a regular step.
    names
        Names of the columns.
    values
        `(n, columns)` float64; NaN where a cell is empty.
    axis
        How the times follow each other, and how they are written.
    source
        What messages call it.
    unusable
        Columns with a cell that is no finite number, and the sentence that says which.
    lines
        `(n,)` lines of the file, from 1, that the rows start on; None if the rows come after a
        header without gaps.
    time_name
        Name of the column of times.
    """

    times: NDArray[np.datetime64]
    names: tuple[str, ...]
    values: NDArray[np.float64]
    axis: TimeAxis
    source: str = "the series"
    unusable: dict[str, str] = field(default_factory=dict)
    lines: NDArray[np.int64] | None = None
    time_name: str = "time"

    def columns(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """`(n, len(names))`; a ValueError names a column that is not there or has no numbers."""
        for name in names:
            if name not in self.names:
                raise ValueError(
                    f"{self.source} has no column {name!r}; it has {', '.join(self.names)}"
                )
            if name in self.unusable:
                raise ValueError(self.unusable[name])
        return self.values[:, [self.names.index(name) for name in names]]

    def complete(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """As `columns`; a ValueError names the row and the column of an empty cell."""
        values = self.columns(names)
        missing = np.argwhere(np.isnan(values))
        if len(missing):
            row, column = missing[0]
            where = f"row {self._lines()[row]}, column {names[column]!r}"
            raise ValueError(f"{self.source}, {where}: no value")
        return values

    def rows(self, start: int, end: int) -> Series:
        """The rows from `start` to before `end`."""
        times, values = self.times[start:end], self.values[start:end]
        return replace(self, times=times, values=values, lines=self._lines()[start:end])

    def _lines(self) -> NDArray[np.int64]:
        return np.arange(2, 2 + len(self.times)) if self.lines is None else self.lines


def read_series(path: str | os.PathLike) -> Series:
    """Reads a CSV file (`.csv` or `.csv.gz`) with a header, whose first column is the time.

    Rows may be of seconds up to years: times are written as 2020-01-31 12:00:00 (or to the minute),
    2020-01-31, 2020-01, 2020Q1 or 2020, and months may be given by any one day, such as their last.
    Cells that are no finite numbers are refused when their column is asked for.

    Raises
    ------
    ValueError
        A cell that is no time, or times that are not at a regular step; the sentence names the row
        (counted as lines of the file) and the column.
    """
    path = Path(path)
    (_, header), *rows = list(csv_rows(path)) or [(1, [])]
    if len(rows) < 2 or len(header) < 2:
        raise ValueError(f"{path} needs a header with two columns or more, and two rows or more")
    names = tuple(name.strip() for name in header[1:])
    if len(set(names)) != len(names):
        raise ValueError(f"{path} has two columns of one name")
    for line, row in rows:
        if len(row) != len(header):
            raise ValueError(f"{path}, row {line}: {len(row)} cells for {len(header)} columns")
    lines = np.array([line for line, _ in rows])
    times = np.array([_time(row[0], line, path) for line, row in rows])
    template = max((row[0].strip() for _, row in rows), key=len)
    axis = find_time_axis(times, template, lambda row: f"{path}, row {lines[row]}")
    values = np.full((len(rows), len(names)), math.nan)
    unusable = {}
    for column, name in enumerate(names):
        try:
            for i, (line, row) in enumerate(rows):
                values[i, column] = _number(row[column + 1], name, line, path)
        except ValueError as error:
            unusable[name] = str(error)
    return Series(times, names, values, axis, str(path), unusable, lines, header[0].strip())


def calendar_features(
    times: NDArray[np.datetime64], cycles: tuple[Cycle, ...], unit: StepUnit = "second"
) -> NDArray[np.float64]:
    """Sine and cosine of each cycle of the calendar, `(n, 2 * len(cycles))`.

    `unit` is that of the step from row to row: of months, the same ones of all years are equal.
    """
    ticks = times.astype(f"datetime64[{'M' if unit == 'month' else 's'}]").astype(np.int64)
    phases = [2 * np.pi * ticks / _CYCLES[unit][cycle] for cycle in cycles]
    features = [wave(phase) for phase in phases for wave in (np.sin, np.cos)]
    return np.stack(features, axis=1) if features else np.zeros((len(times), 0))


def interleaved(values: NDArray) -> NDArray[np.float32]:
    """Rows of scaled targets as the samples of a WaveNet: one target after the other.

    `(..., rows, targets)` to `(..., rows * targets)`, `SAMPLE_RANGE` as 1.
    """
    values = np.asarray(values, dtype=np.float32) / SAMPLE_RANGE
    return values.reshape(*values.shape[:-2], -1)


def rows_of_samples(samples: NDArray, targets: int) -> NDArray[np.float64]:
    """Inverse of `interleaved`."""
    samples = np.asarray(samples, dtype=np.float64) * SAMPLE_RANGE
    return samples.reshape(*samples.shape[:-1], -1, targets)


def interleaved_covariates(covariates: NDArray, targets: int) -> NDArray[np.float32]:
    """Conditioning of interleaved samples: which target each is, and the covariates of its row.

    `(..., rows, covariates)` to `(..., rows * targets, targets + covariates)`.
    """
    covariates = np.asarray(covariates, dtype=np.float32)
    *outer, rows, channels = covariates.shape
    frames = np.empty((*outer, rows, targets, targets + channels), dtype=np.float32)
    frames[..., :targets] = np.eye(targets)
    frames[..., targets:] = covariates[..., None, :]
    return frames.reshape(*outer, rows * targets, targets + channels)


def calendar_cycles(axis: TimeAxis, rows: int) -> tuple[Cycle, ...]:
    """Cycles of two steps or more that `rows` show twice."""
    step = axis.step
    return tuple(c for c, s in _CYCLES[axis.unit].items() if 2 * step <= s and 2 * s <= step * rows)


def _time(text: str, line: int, path: Path) -> np.datetime64:
    try:
        return parse_time(text)
    except ValueError as error:
        raise ValueError(f"{path}, row {line}: {error}") from None


def _number(text: str, name: str, line: int, path: Path) -> float:
    text = text.strip()
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{path}, row {line}, column {name!r}: {text!r} is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"{path}, row {line}, column {name!r}: {text!r} is not finite")
    return value

"""`wavenet forecast`: what may come after the end of a time series."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np

    from wavenet.forecasting.forecast import Forecast
    from wavenet.forecasting.series import Series


def forecast(
    series: Annotated[Path, typer.Argument(help="CSV file; its first column is the time.")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="CSV file, or - for standard output.")
    ],
    model: Annotated[str, typer.Option(help="Model folder or file.")],
    horizon: Annotated[
        int | None,
        typer.Option(min=1, help="Rows ahead; by default what the model was trained for."),
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Number of paths that are drawn.")] = 200,
    quantiles: Annotated[
        str, typer.Option(help="Levels of the quantiles in the output.")
    ] = "0.05,0.25,0.5,0.75,0.95",
    paths: Annotated[Path | None, typer.Option(help="CSV file for the paths themselves.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Picture (.png).")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same paths.")] = 0,
    threads: Annotated[int | None, typer.Option(min=1, help="By default all processors.")] = None,
) -> None:
    """Forecast a time series with a model that `wavenet train series.csv` made.

    wavenet train power.csv -o model --target OT --horizon 96

    wavenet forecast power.csv --model model -o next.csv --plot next.png

    Rows at the end of the file whose targets are empty give the covariates of the future.
    """
    from wavenet.forecasting.forecast import forecast as run
    from wavenet.forecasting.series import read_series
    from wavenet.inference.load import load
    from wavenet.io.atomic import check_writable

    levels = _levels(quantiles)
    for file in (output, paths):
        if file and str(file) != "-":
            check_writable(file, inputs=[series])
    if plot:
        from wavenet.plot import check_picture, plot_forecast

        check_picture(plot)
    generator = load(model, threads=threads)
    if generator.config.series is None:
        raise ValueError(f"{model} is not a model of a time series")
    past = read_series(series)
    result = run(generator, past, horizon, samples=samples, seed=seed)
    summary = [(f"q{level}", result.quantile(level)) for level in levels]
    _write(output, past, result, [("mean", result.mean), *summary])
    if paths:
        _write(str(paths), past, result, list(enumerate(result.paths)))
    rows, (first, last) = len(result.times), past.axis.written(result.times[[0, -1]])
    facts = f"{rows} rows of {', '.join(result.targets)}, {first} to {last}, by {model}"
    for file in (output, paths):
        if file and str(file) != "-":
            print(f"{file}: {facts}")
    if plot:
        plot_forecast(plot, past, result)


def _levels(text: str) -> list[float]:
    try:
        levels = [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"--quantiles must be numbers such as 0.1,0.5,0.9, got {text!r}") from None
    for level in levels:
        if not 0 < level < 1:
            raise ValueError(f"--quantiles must be between 0 and 1, got {level:g}")
    return levels


def _write(
    output: str, past: Series, result: Forecast, columns: Sequence[tuple[object, np.ndarray]]
) -> None:
    """Writes a table with columns `(horizon, targets)`, each with its name."""
    from wavenet.io.atomic import atomic_path

    table: list[list[str]] = [[past.time_name, *past.axis.written(result.times)]]
    for i, (target, digits) in enumerate(zip(result.targets, result.digits, strict=True)):
        for name, values in columns:
            table.append([f"{target} {name}", *(f"{v:.{digits}g}" for v in values[:, i])])
    rows = zip(*table, strict=True)
    if output == "-":
        csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
        return
    with atomic_path(output) as path, open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)

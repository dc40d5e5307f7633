"""Pictures of audio; needs matplotlib (the extra `plot`)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from wavenet.base.extras import extra
from wavenet.base.sound import as_samples
from wavenet.io.atomic import atomic_path, check_writable
from wavenet.metrics.summary import mean_interval

if TYPE_CHECKING:
    from wavenet.evaluation.conversion import ConversionEvaluation
    from wavenet.evaluation.vocoder import CopyEvaluation
    from wavenet.forecasting.forecast import Forecast
    from wavenet.forecasting.series import Series

_PANELS_IN_A_ROW = 4
_CONVERSION_LABELS = {
    "distortion_db": ("mel-cepstral distortion [dB]", "lower"),
    "log_f0_rmse": ("RMS error of log F0 [neper]", "lower"),
    "log_f0_correlation": ("correlation of log F0", "higher"),
    "voicing_error": ("share of frames with wrong voicing", "lower"),
    "global_variance_ratio": ("global variance over the target's", "nearer to 1"),
    "level_db": ("level over the target's [dB]", "nearer to 0"),
}
_COPY_LABELS = {
    "mcd_db": ("mel-cepstral distortion [dB]", "lower"),
    "lsd_db": ("log-spectral distance [dB]", "lower"),
    "f0_rmse_cents": ("RMS error of F0 [cents]", "lower"),
    "voicing_error": ("share of frames with wrong voicing", "lower"),
    "pesq": ("PESQ, wide-band [MOS]", "higher"),
    "stoi": ("STOI", "higher"),
    "bits_per_sample": ("bits per sample of the references", "lower"),
}


def check_picture(path: str | os.PathLike) -> None:
    """Refuses a picture that cannot be written, before what it shows is computed.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    OSError
        It cannot be written there; see `wavenet.io.atomic.check_writable`.
    ValueError
        The extension is not that of a picture format.
    """
    path = Path(path)
    formats = _figure(1, 1).canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        raise ValueError(f"{path} has no known picture extension; use .png or .svg")
    check_writable(path)


def plot_audio(path: str | os.PathLike, y: ArrayLike, sample_rate: int, title: str = "") -> None:
    """Writes waveform and spectrogram of `(n,)` samples as a picture.

    Raises as `check_picture` does.
    """
    y = as_samples(y)
    figure = _figure(10, 5)
    wave, spectrum = figure.subplots(2, 1, sharex=True)
    wave.plot(np.arange(len(y)) / sample_rate, y, linewidth=0.5)
    wave.set(ylabel="amplitude", title=title, ylim=(-1, 1))
    size = max(32, int(0.032 * sample_rate) // 2 * 2)
    noise = 1e-4 * np.random.default_rng(0).standard_normal(max(0, size - len(y)) + len(y))
    noise[: len(y)] += y
    spectrum.specgram(noise, NFFT=size, Fs=sample_rate, noverlap=size * 3 // 4, cmap="magma")
    spectrum.set(xlabel="time [s]", ylabel="frequency [Hz]")
    _save(figure, path)


@dataclass(frozen=True)
class Panel:
    """A measure of files, under several conditions.

    Parameters
    ----------
    label
        What is measured, with its unit.
    better
        Which values are: "lower", "higher", ...; "" where none is said.
    values
        Values of each condition, one a file; those that are not finite are left out.
    """

    label: str
    better: str
    values: dict[str, list[float]]


def plot_comparison(path: str | os.PathLike, title: str, panels: Sequence[Panel]) -> None:
    """Writes a picture with a panel for each measure: values of files, means, 95 % intervals.

    Measures without any value are left out. Raises as `check_picture` does.
    """
    figure = _figure(*_size_of(len(_with_values(panels))))
    draw_comparison(figure, title, panels)
    _save(figure, path)


def draw_comparison(figure: Any, title: str, panels: Sequence[Panel]) -> None:
    """Draws what `plot_comparison` writes into a matplotlib figure or subfigure."""
    panels = _with_values(panels)
    grid = figure.subplots(*_grid(len(panels)), squeeze=False)
    figure.suptitle(title, fontsize=13)
    for axes, panel in zip(grid.flat, panels, strict=False):
        _draw_panel(axes, panel)
    for axes in grid.flat[len(panels) :]:
        axes.remove()


def _draw_panel(axes: Any, panel: Panel) -> None:
    for place, values in enumerate(panel.values.values()):
        kept = np.asarray(values)[np.isfinite(values)]
        if not len(kept):
            continue
        mean, half = mean_interval(kept.tolist())
        if len(kept) == 1:
            axes.plot(place, mean, "o", markersize=8, color=f"C{place}")
        else:
            places = place + np.linspace(-0.25, 0.25, len(kept))
            axes.plot(places, np.sort(kept), "o", markersize=4, alpha=0.4, color=f"C{place}")
            axes.errorbar(place, mean, half, fmt="_", markersize=28, capsize=6, color="black")
        axes.annotate(f"{mean:.3g}", (place, mean), xytext=(17, 3), textcoords="offset points")
    axes.set_xticks(range(len(panel.values)), list(panel.values))
    axes.set_xlim(-0.6, len(panel.values) - 0.2)
    better = f"\n({panel.better} is better)" if panel.better else ""
    axes.set_title(panel.label + better, fontsize=11)
    axes.margins(y=0.15)
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _with_values(panels: Sequence[Panel]) -> list[Panel]:
    return [p for p in panels if any(np.isfinite(values).any() for values in p.values.values())]


def _grid(panels: int) -> tuple[int, int]:
    """Rows and columns of as many panels, at most one of which is empty."""
    rows = -(-panels // _PANELS_IN_A_ROW)
    return rows, -(-panels // rows)


def _size_of(panels: int) -> tuple[float, float]:
    """Width and height [inch] of as many panels."""
    rows, columns = _grid(panels)
    return 3.2 * columns + 0.4, 3.6 * rows + 0.4


def plot_conversion(path: str | os.PathLike, evaluation: ConversionEvaluation) -> None:
    """Writes each file's figures before and after, and power and variance beside the target's.

    Raises as `check_picture` does.
    """
    panels = [
        Panel(label, better, {
            side: [getattr(getattr(score, side), name) for score in evaluation.files.values()]
            for side in ("before", "after")
        })
        for name, (label, better) in _CONVERSION_LABELS.items()
    ]  # fmt: skip
    figure = _figure(_size_of(len(panels))[0], 11)
    by_file, sums = figure.subfigures(2, 1, height_ratios=[2.2, 1])
    title = f"Conversion against the target's recordings: {_shown(len(evaluation.files))}"
    draw_comparison(by_file, title, panels)
    in_bands, axes = sums.subplots(1, 2)
    _draw_bands(in_bands, evaluation)
    for side in ("before", "after"):
        ratio = getattr(evaluation, f"global_variance_{side}")
        axes.plot(np.arange(1, len(ratio) + 1), ratio, "o-", markersize=3, label=side)
    axes.axhline(1.0, color="gray", linewidth=0.8, label="the target")
    axes.set(xlabel="mel-cepstral coefficient", ylabel="variance over the target's", ylim=(0, None))
    axes.legend()
    _save(figure, path)


def _draw_bands(axes: Any, evaluation: ConversionEvaluation) -> None:
    """Power of each band over the target's: of the mean and of the loudest frames."""
    places = np.arange(len(evaluation.bands))
    for i, side in enumerate(("before", "after")):
        bands = [sides[i] for sides in evaluation.bands.values()]
        statistics = {
            f"{side}, mean": [band.mean for band in bands],
            f"{side}, 95 % quantile of the frames": [band.loud for band in bands],
        }
        for j, (label, heights) in enumerate(statistics.items()):
            at = places + 0.4 * i + 0.2 * j - 0.3
            axes.bar(at, heights, 0.2, label=label, color=f"C{i}", alpha=1.0 - 0.5 * j)
    axes.axhline(0.0, color="gray", linewidth=0.8)
    axes.set_xticks(places, list(evaluation.bands))
    axes.set(ylabel="power over the target's [dB]")
    axes.margins(y=0.3)
    axes.legend(ncols=2, fontsize=8, loc="upper center")


def plot_copies(path: str | os.PathLike, evaluation: CopyEvaluation) -> None:
    """Writes each file's figures, and those of the mu-law round trip.

    Raises as `check_picture` does.
    """
    sides = {"outputs": evaluation.files, "8-bit mu-law": evaluation.mulaw_bound}
    panels = []
    for name, (label, better) in _COPY_LABELS.items():
        values = {
            side: [getattr(figures, name) for figures in of_side.values()]
            for side, of_side in sides.items()
        }
        measured = {side: of_side for side, of_side in values.items() if np.isfinite(of_side).any()}
        panels.append(Panel(label, better, measured))
    title = f"Outputs against their references: {_shown(len(evaluation.files))}"
    plot_comparison(path, title, panels)


def _shown(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files, their means and 95 % intervals"


def plot_forecast(path: str | os.PathLike, past: Series, forecast: Forecast) -> None:
    """Writes the end of a series and its forecast: median, the middle 50 % and 90 % of the paths.

    Raises as `plot_audio` does.
    """
    count = len(forecast.targets)
    figure = _figure(10, 2 + 2 * count)
    axes = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    values = past.columns(forecast.targets)
    before = past.times < forecast.times[0]
    shown = np.flatnonzero(before)[-3 * len(forecast.times) :]
    for i, (axis, name) in enumerate(zip(axes, forecast.targets, strict=True)):
        axis.plot(past.times[shown], values[shown, i], color="black", linewidth=0.8)
        for low, high in ((0.05, 0.95), (0.25, 0.75)):
            edges = forecast.quantile(low)[:, i], forecast.quantile(high)[:, i]
            axis.fill_between(forecast.times, *edges, color="C0", alpha=0.3, linewidth=0)
        axis.plot(forecast.times, forecast.quantile(0.5)[:, i], color="C0")
        axis.set(ylabel=name)
        axis.ticklabel_format(axis="y", useOffset=False, scilimits=(-4, 12))
    _save(figure, path)


def _figure(width: float, height: float) -> Any:
    with extra("plot", "pictures"):
        from matplotlib.figure import Figure
    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Any, path: str | os.PathLike) -> None:
    check_picture(path)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)

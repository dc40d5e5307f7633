"""Pictures of audio; needs matplotlib (the extra `plot`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from wavenet.formats.atomic import atomic_path
from wavenet.sound import as_samples

if TYPE_CHECKING:
    from wavenet import evaluation as copies
    from wavenet.conversion.evaluation import Evaluation
    from wavenet.forecast import Forecast
    from wavenet.series import Series


def check_picture(path: str | os.PathLike) -> None:
    """Refuses a picture that cannot be written, before what it shows is computed.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    FileNotFoundError
        The folder does not exist.
    ValueError
        The extension is not that of a picture format.
    """
    path = Path(path)
    formats = _figure(1, 1).canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        raise ValueError(f"{path} has no known picture extension; use .png or .svg")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder {path.parent} does not exist")


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


def plot_evaluation(path: str | os.PathLike, evaluation: Evaluation) -> None:
    """Writes each file's figures before and after, and the global variance of each coefficient.

    Raises as `check_picture` does.
    """
    figure = _figure(12, 7)
    *by_file, by_coefficient = figure.subplots(2, 3).flat
    labels = {
        "distortion_db": "mel-cepstral distortion [dB]",
        "log_f0_rmse": "log F0 RMSE [neper]",
        "log_f0_correlation": "log F0 correlation",
        "voicing_error": "voicing error",
        "global_variance_ratio": "global variance over the target's",
    }
    for axes, (name, label) in zip(by_file, labels.items(), strict=True):
        for side, mean in zip(("before", "after"), evaluation.means[name], strict=True):
            values = [getattr(getattr(s, side), name) for s in evaluation.files.values()]
            axes.plot(values, "o", markersize=3, label=f"{side}: {mean.mean:.3g}")
        axes.set(xlabel="file", ylabel=label)
        axes.legend()
    for side in ("before", "after"):
        ratio = getattr(evaluation, f"global_variance_{side}")
        by_coefficient.plot(np.arange(1, len(ratio) + 1), ratio, label=side)
    by_coefficient.axhline(1.0, color="gray", linewidth=0.5)
    by_coefficient.set(xlabel="coefficient", ylabel="variance over the target's", ylim=(0, None))
    by_coefficient.legend()
    _save(figure, path)


def plot_copies(path: str | os.PathLike, evaluation: copies.Evaluation) -> None:
    """Writes each file's figures, and those of the mu-law round trip.

    Raises as `check_picture` does.
    """
    means = evaluation.means
    names = [name for name, mean in means["files"].items() if np.isfinite(mean.mean)]
    figure = _figure(12, 7)
    for axes, name in zip(figure.subplots(2, 4).flat, names, strict=False):
        for side, label in (("files", "output"), ("floor", "mu-law-256")):
            values = [getattr(figures, name) for figures in getattr(evaluation, side).values()]
            if np.isfinite(values).any():
                mean = means[side][name].mean
                axes.plot(values, "o", markersize=3, label=f"{label}: {mean:.3g}")
        axes.set(xlabel="file", ylabel=name)
        axes.legend()
    for axes in figure.axes[len(names) :]:
        axes.remove()
    _save(figure, path)


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
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib: pip install "wavenet-engine[plot]"') from error
    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Any, path: str | os.PathLike) -> None:
    check_picture(path)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)

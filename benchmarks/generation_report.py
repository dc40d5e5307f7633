"""The table and the picture of benchmarks/generation.py."""

from pathlib import Path
from typing import Any

import numpy as np
from reference_models import reference_config

from wavenet.plot import check_picture

ENGINE, PEER, REAL_TIME = "#1b6ca8", "#b8b8b8", "#c0392b"  # colours


def markdown(rates: dict[str, dict[str, dict[str, float]]]) -> str:
    """Tables of `rates[model][implementation][what]`: one stream of all, then all of the engine."""
    rows = {}
    for name in _in_order(rates):
        speeds = [values.get(name, {}).get("one stream") for values in rates.values()]
        rows[name] = ["" if speed is None else _digits(speed) for speed in speeds]
    lines = ["", "Samples per second of one stream:", *_table(list(rates), rows)]
    for model, values in rates.items():
        engine = {name: row for name, row in values.items() if "scoring" in row}
        columns = list(next(iter(engine.values())))
        rows = {
            name: [
                f"{1000 * row[column]:.1f} ms"
                if column.startswith("prompt")
                else _digits(row[column])
                for column in columns
            ]
            for name, row in engine.items()
        }
        lines += ["", f"{model}:", *_table(columns, rows)]
    return "\n".join(lines)


def _table(columns: list[str], rows: dict[str, list[str]]) -> list[str]:
    lines = ["", "| | " + " | ".join(columns) + " |", "| --- |" + " --- |" * len(columns)]
    return lines + [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]


def plot(rates: dict, path: Path, machine: str) -> None:
    """Horizontal bars of one stream's samples per second, a panel for each model."""
    from matplotlib.figure import Figure

    check_picture(path)
    names = _in_order(rates)[::-1]
    figure = Figure(figsize=(12, 1.7 + 0.36 * len(names)), layout="constrained")
    panels = figure.subplots(1, len(rates), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (model, values) in zip(panels, rates.items(), strict=True):
        _bars(axes, names, [values.get(n, {}).get("one stream", np.nan) for n in names])
        rate = reference_config(model).sample_rate
        axes.axvline(rate, color=REAL_TIME, linewidth=1, linestyle="--", zorder=0.9)
        axes.text(
            rate, 1.01, f"real time, {rate:,} Hz", color=REAL_TIME, fontsize=8, ha="center",
            va="bottom", transform=axes.get_xaxis_transform(),
        )  # fmt: skip
        axes.set_title(model, fontweight="bold", pad=16)
    figure.suptitle("Generation sample by sample: one stream, one thread", fontsize=13)
    figure.supxlabel(f"samples per second, on {machine}", fontsize=9)
    figure.savefig(path, dpi=160)


def _bars(axes: Any, names: list[str], speeds: list[float]) -> None:
    colours = [ENGINE if name.startswith("engine") else PEER for name in names]
    axes.barh(names, speeds, color=colours, height=0.72)
    background = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    for place, speed in enumerate(speeds):
        if np.isfinite(speed):
            axes.text(speed * 1.15, place, _digits(speed), va="center", fontsize=9, bbox=background)
    axes.set_xscale("log")
    axes.set_xlim(100, 4e6)
    axes.set_xticks([1e2, 1e3, 1e4, 1e5, 1e6], ["100", "1,000", "10,000", "100,000", "1,000,000"])
    axes.minorticks_off()
    axes.tick_params(axis="x", labelsize=8)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)


def _in_order(rates: dict) -> list[str]:
    """Implementations: the engine's, then the peers', the fastest on the first model first."""
    names = list(dict.fromkeys(name for values in rates.values() for name in values))
    first = next(iter(rates.values()))
    return sorted(
        names,
        key=lambda n: (not n.startswith("engine"), -first.get(n, {}).get("one stream", 0)),
    )


def _digits(rate: float) -> str:
    """A rate to three digits."""
    digits = max(0, int(np.floor(np.log10(rate))) - 2)
    return f"{round(rate / 10**digits) * 10**digits:,}"

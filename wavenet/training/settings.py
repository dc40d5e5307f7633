"""The settings of a training: what learns which data, defaults, presets, values as text."""

from __future__ import annotations

import dataclasses
import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from wavenet.config import WaveNetConfig
from wavenet.config.recurrent import Level, RecurrentConfig
from wavenet.dsp.mulaw import MulawConvention
from wavenet.forecasting.echo_state import EchoStateNetwork
from wavenet.io.rows import csv_rows
from wavenet.training.config import TrainingConfig

TEXT_SUFFIXES = {".txt", ".text", ".md"}
# What learns each kind of data, the default first.
KINDS = {
    "audio": ("wavenet", "recurrent"),
    "text": ("recurrent",),
    "series": ("recurrent", "wavenet", "echo-state"),
}
# What suits the data where the settings say nothing.
DEFAULTS: dict[str, dict[str, Any]] = {
    "audio": {},
    "text": {
        "steps": 10_000, "batch_size": 32, "window": 256, "learning_rate": 3e-3,
        "validation": 0.05, "ema_decay": 0.998, "validate_every": 500, "save_every": 500,
    },
    "series": {
        "steps": 2000, "batch_size": 32, "learning_rate": 2e-3, "warmup_steps": 100,
        "validation": 0.2, "ema_decay": 0.99, "validate_every": 200, "save_every": 500,
        "weight_decay": 0.05,
    },
}  # fmt: skip


@dataclass(frozen=True)
class TextOptions:
    """What to take from a text.

    Parameters
    ----------
    level
        "char": a sample is a character; "word": a word or a mark.
    """

    level: Level = "char"


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


@dataclass(frozen=True)
class RecordingsOptions:
    """What a recurrent model takes from recordings, as the settings of a WaveNet are called."""

    sample_rate: int = 16000
    quantization_channels: int = 256
    mulaw_convention: MulawConvention = "wavenet"


SERIES_OPTIONS = vars(SeriesOptions())
RECORDINGS_OPTIONS = vars(RecordingsOptions())
ECHO_STATE_OPTIONS: dict[str, Any] = {
    "units": 300, "spectral_radius": 0.9, "leak": 0.5, "input_scale": 0.5, "bias_scale": 0.1,
    "connections": 10, "ridge": 1.0, "noise": 0.0,
}  # fmt: skip
# Settings of a model that say what to take from the data.
_OPTIONS: dict[tuple[str, str], dict[str, Any]] = {
    ("text", "recurrent"): vars(TextOptions()),
    ("series", "recurrent"): SERIES_OPTIONS,
    ("series", "wavenet"): SERIES_OPTIONS,
    ("series", "echo-state"): SERIES_OPTIONS | ECHO_STATE_OPTIONS,
    ("audio", "recurrent"): RECORDINGS_OPTIONS,
}
_STACK = [2**i for i in range(10)]
# Sizes that a CPU trains; docs/training.md says how fast.
PRESETS: dict[tuple[str, str], dict[str, dict[str, dict[str, Any]]]] = {
    ("audio", "wavenet"): {
        "small": {
            "model": {"dilations": _STACK, "residual_channels": 16, "gate_channels": 32,
                      "skip_channels": 32},
            "training": {"batch_size": 4, "window": 4000},
        },
        "medium": {
            "model": {"dilations": 2 * _STACK, "residual_channels": 32, "gate_channels": 64,
                      "skip_channels": 64},
            "training": {"batch_size": 4, "window": 4000},
        },
        "large": {"model": {}, "training": {"batch_size": 4, "window": 8000}},
    },
    ("text", "recurrent"): {
        "small": {"model": {"layers": 1, "hidden_size": 128}, "training": {"window": 128}},
        "medium": {"model": {"layers": 2, "hidden_size": 256}, "training": {}},
        "large": {"model": {"layers": 2, "hidden_size": 512, "dropout": 0.2}, "training": {}},
    },
}  # fmt: skip
PRESETS["audio", "recurrent"] = PRESETS["text", "recurrent"]
# Options that are called otherwise than the setting, whose name is another option of the command.
RENAMED = {"output_distribution": "output"}


def preset_settings(name: str, data: Path, kind: str | None) -> dict[str, dict[str, Any]]:
    """The settings "model" and "training" of a preset for such data and such a model."""
    source = data_kind(data)
    presets = PRESETS.get((source, checked_kind(kind, source)))
    if presets is None:
        raise ValueError("presets are for recordings and text; a time series trains in minutes")
    if name not in presets:
        raise ValueError(f"preset must be one of {', '.join(presets)}, got {name!r}")
    return presets[name]


def data_kind(data: Path) -> str:
    """What a path holds: "text", "series" (a CSV file that is no manifest), or "audio"."""
    if data.suffix.lower() in TEXT_SUFFIXES:
        return "text"
    name = data.name.lower()
    if not name.endswith((".csv", ".csv.gz")) or not data.is_file():
        return "audio"
    if name.endswith(".gz"):
        return "series"
    _, header = next(csv_rows(data), (1, []))
    return "audio" if "path" in (name.strip() for name in header) else "series"


def checked_kind(kind: str | None, source: str) -> str:
    """The kind of model that learns such data; the default for None."""
    kinds = KINDS[source]
    if kind is not None and kind not in kinds:
        raise ValueError(f"kind must be {' or '.join(kinds)} for {source}, got {kind!r}")
    return kind or kinds[0]


def setting(
    name: str, text: str, data: Path | None = None, kind: str | None = None
) -> tuple[str, Any]:
    """A setting given as text: "model" or "training", and the value in its type.

    `data` and `kind` say of what kind the model is.

    Raises
    ------
    ValueError
        There is no such setting, or the text is not a value of its type.
    """
    source = data_kind(data) if data else "audio"
    kind = checked_kind(kind, source)
    groups: dict[str, type] = {  # `precision` and `noise_shaping` are those of the training
        "training": TrainingConfig,
        "model": WaveNetConfig if kind == "wavenet" else RecurrentConfig,
    }
    options = _OPTIONS.get((source, kind), {})
    if name in options:
        return "model", _value(name, text, options[name])
    for group, cls in groups.items():
        for field in dataclasses.fields(cls):
            if field.name == name:
                return group, _value(name, text, field.default)
    names = [*options, *(f.name for cls in groups.values() for f in dataclasses.fields(cls))]
    near = difflib.get_close_matches(name, names, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"there is no setting {name!r}{hint}")


def _value(name: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(default, tuple):
            parts = [part for part in text.split(",") if part]
            return parts if name == "speakers" else [int(part) for part in parts]
        return type(default)(text)
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{name} cannot be {text!r}; the default is {default!r}") from None


def described_settings() -> dict[str, list[tuple[str, str]]]:
    """All settings as options, in groups: each with what it is and its default."""
    classes: dict[str, tuple[type, dict[str, Any]]] = {
        "Training": (TrainingConfig, _defaults(TrainingConfig)),
        "WaveNet": (WaveNetConfig, _defaults(WaveNetConfig)),
        "Recurrent model": (RecurrentConfig, _defaults(RecurrentConfig)),
        "Text": (TextOptions, _defaults(TextOptions)),
        "Time series": (SeriesOptions, _defaults(SeriesOptions)),
        "Echo state network": (EchoStateNetwork, ECHO_STATE_OPTIONS),
    }
    groups = {}
    for title, (cls, defaults) in classes.items():
        about = _parameters(cls)
        groups[title] = [
            (f"--{_option(name)} {_values(cls, name, value)}", _help(name, value, about, title))
            for name, value in defaults.items()
        ]
    return groups


def _defaults(cls: type) -> dict[str, Any]:
    """Settings with a plain value, which can be given as text, but for those that are not set."""
    hidden = {"precision", "noise_shaping", "adaptive_noise_shaping", "kind"}
    fields = {field.name: field.default for field in dataclasses.fields(cls)}
    if cls is TrainingConfig:
        hidden = set()
    return {n: v for n, v in fields.items() if n not in hidden and v is not None}


def _values(cls: type, name: str, value: Any) -> str:
    """The choices of a setting, or the type of its values."""
    choices = get_args(get_type_hints(cls).get(name))
    if choices and all(isinstance(choice, str) for choice in choices):
        return "|".join(choices)
    return type(value).__name__.upper()


def _option(name: str) -> str:
    names = {setting: option for option, setting in RENAMED.items()}
    return names.get(name, name).replace("_", "-")


def _help(name: str, value: Any, about: dict[str, str], title: str) -> str:
    shown = [_text(value)]
    if title == "Training":
        shown += [f"{kind} {_text(d[name])}" for kind, d in DEFAULTS.items() if name in d]
    return f"{about[name]} [{'; '.join(shown)}]"


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()


def _parameters(cls: type) -> dict[str, str]:
    """The first sentence about each parameter in a class's docstring."""
    section = (cls.__doc__ or "").split("----------\n")[1].split("\n\n    ")[0]
    found: dict[str, str] = {}
    for names, text in re.findall(r"^    (\S.*)\n((?:        .*\n?)+)", section, re.MULTILINE):
        sentence = re.split(r"(?<=\.) |; (?=see )", " ".join(text.split()))[0]
        found |= {name: sentence for name in names.split(", ")}
    return found

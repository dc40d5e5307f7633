"""The settings of a training as text: options of the command, and what its help says of them."""

from __future__ import annotations

import dataclasses
import difflib
import re
from typing import Any, get_args, get_type_hints

from wavenet.config import RecurrentConfig, WaveNetConfig
from wavenet.training.config import TrainingConfig
from wavenet.training.data import KINDS
from wavenet.training.data.kind import TrainingData
from wavenet.training.data.recordings import RecordingsData

# Options that are called otherwise than the setting, whose name is another option of the command.
RENAMED = {"output_distribution": "output"}


def setting(
    name: str, text: str, data: type[TrainingData] = RecordingsData, kind: str | None = None
) -> tuple[str, Any]:
    """A setting given as text: "model" or "training", and the value in its type.

    `data` and `kind` are the kinds of the data and of the model.

    Raises
    ------
    ValueError
        There is no such setting, or the text is not a value of its type.
    """
    kind = data.model_kind(kind)
    groups: dict[str, type] = {  # `precision` and `noise_shaping` are those of the training
        "training": TrainingConfig,
        "model": WaveNetConfig if kind == "wavenet" else RecurrentConfig,
    }
    options = data.options.get(kind, {})
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
    }
    for kind in KINDS:
        classes |= kind.described
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
        kinds = [kind for kind in KINDS if name in kind.defaults]
        shown += [f"{kind.name} {_text(kind.defaults[name])}" for kind in kinds]
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

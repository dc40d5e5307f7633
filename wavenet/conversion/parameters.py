"""The parameters of `VoiceConverter`, checked, as settings."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from wavenet.base.validation import choice
from wavenet.config.conversion import ConversionSettings, FitSettings, f0_range
from wavenet.features.world import F0_EXTRACTORS, WorldSettings

F0Range = tuple[float, float]
Settings = TypeVar("Settings", WorldSettings, FitSettings, ConversionSettings)


def settings_of(parameters: dict[str, Any], sample_rate: int) -> ConversionSettings:
    """The settings of a converter of that rate [Hz].

    Raises
    ------
    ValueError
        A parameter out of range.
    """
    choice("f0_method", parameters["f0_method"], F0_EXTRACTORS)
    context = tuple(parameters["context"])
    values = parameters | {"sample_rate": sample_rate, "context": context}
    values |= {"world": _made(WorldSettings, values), "fit": _made(FitSettings, values)}
    if values["source_dimensions"] is None:
        values["source_dimensions"] = values["world"].order * min(2, len(context))
    return _made(ConversionSettings, values)


def f0_ranges_of(parameters: dict[str, Any]) -> tuple[F0Range | None, F0Range | None]:
    """The F0 ranges of source and target [Hz] where they are given; raises as `settings_of`."""
    return _f0_range(parameters, "source_f0_range"), _f0_range(parameters, "target_f0_range")


def _f0_range(parameters: dict[str, Any], name: str) -> F0Range | None:
    given = parameters[name]
    try:
        return None if given is None else f0_range(*given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} {given!r}: {error}") from error


def _made(kind: type[Settings], values: dict[str, Any]) -> Settings:
    return kind(**{field.name: values[field.name] for field in dataclasses.fields(kind)})

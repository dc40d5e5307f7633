"""Configurations as JSON-ready dictionaries, and back with every name and type checked."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from typing import Any, Literal

from wavenet.base.validation import choice
from wavenet.config.conversion import VoiceConverterConfig
from wavenet.config.recurrent import RecurrentConfig
from wavenet.config.sequence_to_sequence import SequenceToSequenceConfig
from wavenet.config.wavenet import WaveNetConfig

_KINDS = {
    "wavenet": WaveNetConfig,
    "voice-converter": VoiceConverterConfig,
    "recurrent": RecurrentConfig,
    "sequence-to-sequence": SequenceToSequenceConfig,
}


def to_dict(config: Any) -> dict[str, Any]:
    """The configuration as JSON-ready dictionaries and lists."""
    return dataclasses.asdict(config)


def from_dict(values: dict[str, Any]) -> Any:
    """The configuration that `to_dict` wrote, of the class that its kind says.

    Raises
    ------
    ValueError
        An unknown key, a value of the wrong type or out of range; the sentence names it.
    """
    kind = values.get("kind") if isinstance(values, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"model kind {kind!r} is not known; known: {', '.join(_KINDS)}")
    return build(_KINDS[kind], values, "config")


def build(cls: Any, values: Any, where: str) -> Any:
    """Makes the dataclass `cls` from a dictionary, checking names and types all the way down."""
    if not isinstance(values, dict):
        raise ValueError(f"{where} must be an object, got {type(values).__name__}")
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise ValueError(f"{where} has the unknown setting {unknown[0]!r}")
    for field in dataclasses.fields(cls):
        required = field.default is field.default_factory is dataclasses.MISSING
        if required and field.name not in values:
            raise ValueError(f"{where} lacks the setting {field.name!r}")
    return cls(**{k: _convert(hints[k], v, f"{where}.{k}") for k, v in values.items()})


def _convert(hint: Any, value: Any, where: str) -> Any:  # noqa: PLR0911
    """`value` from JSON as the type that the annotation `hint` says."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        return _convert(_alternative(args, value, where), value, where)
    if origin is Literal:
        choice(where, value, args)
        return value
    if dataclasses.is_dataclass(hint):
        return build(hint, value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{where} must be a list, got {value!r}")
        items = [args[0]] * len(value) if args[1:] == (...,) else args
        if len(items) != len(value):
            raise ValueError(f"{where} must have {len(items)} values, got {len(value)}")
        return tuple(_convert(a, v, where) for a, v in zip(items, value, strict=True))
    if origin is dict:
        if not isinstance(value, dict):
            raise ValueError(f"{where} must be an object, got {value!r}")
        return {str(k): _convert(args[1], v, f"{where}.{k}") for k, v in value.items()}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, hint) or isinstance(value, bool) is not (hint is bool):
        raise ValueError(f"{where} must be of type {hint.__name__}, got {value!r}")
    if hint is float and not math.isfinite(value):
        raise ValueError(f"{where} must be finite, got {value}")
    return value


def _alternative(args: tuple[Any, ...], value: Any, where: str) -> Any:
    """The type of a union that is meant: of several dataclasses that of the value's kind."""
    types_ = [a for a in args if a is not type(None)]
    if len(types_) == 1:
        return types_[0]
    by_kind = {a.kind: a for a in types_}
    kind = value.get("kind") if isinstance(value, dict) else None
    choice(f"{where}.kind", kind, tuple(by_kind))
    return by_kind[kind]

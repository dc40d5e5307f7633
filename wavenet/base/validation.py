"""Checks of plain arguments: every failure is a ValueError whose sentence quotes the value."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet.base.sound import plain_array

Choice = TypeVar("Choice", bound=str)


def integer(name: str, value: Any, low: int, high: int) -> int:
    """`value` as a whole number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} must be a whole number, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}, got {value}")
    return int(value)


def number(name: str, value: Any, low: float, high: float) -> float:
    """`value` as a number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValueError(f"{name} must be a number, got {value!r}")
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}, got {value}")
    return float(value)


def choice(name: str, value: Any, choices: Sequence[Choice]) -> Choice:
    """`value`, found to be one of `choices`."""
    found = [known for known in choices if isinstance(value, str) and value == known]
    if not found:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")
    return found[0]


def real_array(name: str, value: ArrayLike, axes: Sequence[str]) -> NDArray[np.float64]:
    """`value` as contiguous float64 with these axes: finite real numbers, none masked."""
    array = plain_array(value)
    if array.ndim != len(axes):
        shape = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
        raise ValueError(f"{name} must have the shape {shape}, got {array.shape}")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {array.dtype}")
    array = np.ascontiguousarray(array, np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are not finite")
    return array


def require(condition: bool, sentence: str) -> None:
    """ValueError with the sentence where the condition does not hold."""
    if not condition:
        raise ValueError(sentence)


def check_field(
    settings: Any, name: str, check: Callable[..., float], low: float, high: float
) -> None:
    """Checks a field of a frozen dataclass by `integer` or `number`; keeps it as a plain number."""
    object.__setattr__(settings, name, check(name, getattr(settings, name), low, high))


def processors() -> int:
    """Number of processors that this process may use, which may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_count(threads: int | None) -> int:
    """`threads`, or by default WAVENET_THREADS, or the number of processors."""
    if threads is None:
        text = os.environ.get("WAVENET_THREADS")
        if not text:
            return processors()
        if not text.isdecimal():
            raise ValueError(f"WAVENET_THREADS must be a positive number, got {text!r}")
        threads = int(text)
    return integer("threads", threads, 1, 1024)


def sampling_options(
    config: Any,
    seed: int = 0,
    temperature: float | None = None,
    top_k: int | None = None,
    top_p: float | None = None,
) -> dict[str, Any]:
    """The options of drawing samples as the core takes them; by default the model's temperature."""
    if temperature is None:
        temperature = config.temperature
    return {
        "seed": integer("seed", seed, 0, 2**64 - 1),
        "temperature": number("temperature", temperature, 0.0, 1e6),
        "top_k": integer("top_k", top_k, 1, 65536) if top_k is not None else 0,
        "top_p": number("top_p", top_p, 1e-6, 1.0) if top_p is not None else 1.0,
    }


def doubles(values: Any, name: str = "an array") -> NDArray[np.float64]:
    """`values` as float64; ValueError where they are not real numbers, or masked."""
    try:
        array = plain_array(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold real numbers: {error}") from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {array.dtype}")
    return array.astype(np.float64, copy=False)


def per_stream(
    name: str, value: Any, channels: int, ndim: int, batch: int
) -> list[NDArray[np.float32]] | list[None]:
    """One finite float32 array a stream, of `ndim` dimensions, the last of `channels`."""
    if not channels:
        if value is not None:
            raise ValueError(f"this model takes no {name}")
        return [None] * batch
    if value is None:
        raise ValueError(f"this model needs {name}, of {channels} channels")
    try:
        array = np.asarray(plain_array(value), np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers: {error}") from error
    shape = f"{'(frames, ' if ndim == 2 else '('}{channels})"
    if array.ndim not in (ndim, ndim + 1) or array.shape[-1] != channels or not array.size:
        raise ValueError(f"{name} must have the shape {shape}, got {array.shape}")
    if array.ndim > ndim and len(array) != batch:
        raise ValueError(f"{name} is for {len(array)} streams; the batch has {batch}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are not finite")
    return list(array) if array.ndim > ndim else [array] * batch

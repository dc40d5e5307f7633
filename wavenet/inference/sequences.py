"""Samples of a recurrent model, as its user and as the core sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wavenet.base.sound import as_signal, plain_array
from wavenet.config.recurrent import RecurrentConfig
from wavenet.dsp.mulaw import mulaw_encode, values_of_codes
from wavenet.inference.text import decode_text, encode_text


def encode_sequence(y: str | ArrayLike, config: RecurrentConfig) -> NDArray[np.float32]:
    """Samples as the core takes them, `(n, 1)` class numbers or `(n, dimensions)` values.

    Parameters
    ----------
    y
        A text, audio `(n,)` (see `wavenet.base.sound.as_signal`), classes `(n,)` or vectors
        `(n, dimensions)` (`(n,)` if that is 1), as the model has it.
    config
        The model.

    Raises
    ------
    ValueError
        Samples of another kind or shape, none at all, unknown symbols, NaN.
    """
    values: np.ndarray
    if config.text:
        if not isinstance(y, str):
            raise ValueError(f"this model takes text, got {type(y).__name__}")
        values = encode_text(y, config.text)
    elif isinstance(y, str):
        raise ValueError("this model does not take text")
    elif config.audio:
        values = mulaw_encode(as_signal(y), config.audio.channels, config.audio.convention)
    else:
        values = plain_array(y)
    if config.output == "categorical":
        return _class_rows(values, config.class_count)
    return _vector_rows(values, config.dimensions)


def decode_sequence(
    values: NDArray[np.float32], config: RecurrentConfig, before: NDArray[np.float32]
) -> Any:
    """Samples `(batch, n, channels)` of the core, as `encode_sequence` takes those of a stream.

    A list of texts, or an array with the streams first. `before` `(batch, channels)` are the
    samples that they follow, negative where there is none: between two words is a space.
    """
    if config.output != "categorical":
        return values
    classes = values[:, :, 0].astype(np.int64)
    if config.text:
        last = before[:, 0].astype(np.int64)
        return [decode_text(row, config.text, b) for row, b in zip(classes, last, strict=True)]
    if config.audio:
        return values_of_codes(config.audio.channels, config.audio.convention)[classes]
    return classes


def class_values(config: RecurrentConfig) -> NDArray[np.float32] | None:
    """The sample value of each class, `(classes,)`; None for symbols."""
    if config.audio is None:
        return None
    return values_of_codes(config.audio.channels, config.audio.convention)


def _class_rows(classes: np.ndarray, count: int) -> NDArray[np.float32]:
    if classes.ndim != 1 or not classes.size:
        raise ValueError(f"samples must have the shape (n,), n > 0, got {classes.shape}")
    if classes.dtype.kind not in "iu":
        raise ValueError(f"classes must be whole numbers, got dtype {classes.dtype}")
    if classes.min() < 0 or classes.max() >= count:
        bad = classes[(classes < 0) | (classes >= count)][0]
        raise ValueError(f"classes must be from 0 to {count - 1}, got {bad}")
    return classes.astype(np.float32)[:, None]


def _vector_rows(values: np.ndarray, dimensions: int) -> NDArray[np.float32]:
    if values.dtype.kind not in "iuf":
        raise ValueError(f"samples must be real numbers, got dtype {values.dtype}")
    if values.ndim == 1 and dimensions == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != dimensions or not values.size:
        raise ValueError(f"samples must have the shape (n, {dimensions}), got {values.shape}")
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(f"sample {row} has the value {values[row, column]} in column {column}")
    return values.astype(np.float32)

"""Sound in arrays: floats of full scale 1, or integers that fill the range of their type."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOUDEST = 8.0  # peak of floats: noise of unit variance passes, 16-bit values as floats do not
_CLIPPED = 0.999  # of full scale: converters and limiters stop a little below it
_CLIPPED_SHARE = 0.005  # of the samples: less is what decoders and limiters leave
_STEPS = 32768  # of 16-bit audio in full scale


class ClippingWarning(UserWarning):
    """Much of a sound is clipped, or lies beyond full scale, where models clip it."""


def as_samples(y: ArrayLike) -> NDArray[np.float64]:
    """Sound of any shape as contiguous float64 of full scale 1, as every function reads it.

    Parameters
    ----------
    y
        As for `scaled`. Floats may exceed full scale as decoders and mixes do, up to 8 times.

    Raises
    ------
    ValueError
        As `scaled`; also for floats that are not scaled to 1.
    """
    y = scaled(y)
    check_level(y)
    return y


def check_level(floats: NDArray[np.floating]) -> None:
    """Refuses floats that are not finite or not scaled to 1."""
    _check_finite(floats)
    peak = max(floats.max(initial=0), -floats.min(initial=0))
    if peak > LOUDEST:
        raise ValueError(
            f"the sound has values up to {peak:.6g}; full scale is 1: divide floats that were made "
            "of 16-bit samples by 32768, or scale the sound down"
        )


def scaled(y: ArrayLike) -> NDArray[np.float64]:
    """Finite real numbers of any shape as contiguous float64, integers by the range of their type.

    Parameters
    ----------
    y
        Floats stand for themselves; int8, int16 and int32 for y / 2^7, y / 2^15 and y / 2^31, uint8
        for (y - 128) / 128. Other integers do not say their range; only -1, 0 and 1 are taken, as
        they are.

    Raises
    ------
    ValueError
        Another type (bool, complex, object, text), a masked array, NaN or infinity.
    """
    array = plain_array(y)
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "i" and size <= 4:
        return np.ascontiguousarray(array / 2.0 ** (8 * size - 1))
    if kind == "u" and size == 1:
        return np.ascontiguousarray((array - 128.0) / 128.0)
    if kind in "iu" and np.isin(array, (-1, 0, 1)).all():
        kind = "f"
    if kind != "f":
        raise ValueError(
            "samples must be real numbers: floats of full scale 1, or int16, int32, int8 or uint8 "
            f"of their range, got dtype {array.dtype}"
        )
    with np.errstate(over="ignore"):  # longer floats: found below
        array = np.asarray(array, np.float64, order="C")
    _check_finite(array)
    return array


def _check_finite(y: NDArray[np.floating]) -> None:
    if np.isfinite(y.max(initial=0)) and np.isfinite(y.min(initial=0)):
        return
    place = int(np.argmin(np.isfinite(y)))
    value = "NaN" if np.isnan(y.flat[place]) else "infinite"
    raise ValueError(f"sample {place} is {value}; the sound is not finite")


def plain_array(values: ArrayLike) -> np.ndarray:
    """`values` as an array; masked ones are refused, since what they hide would count."""
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError("masked arrays are not taken: fill them first, as y.filled(0)")
    return np.asarray(values)


def as_signal(y: ArrayLike) -> NDArray[np.float64]:
    """One channel `(n,)`, n > 0, for a model, with a warning where much of it will be clipped.

    Raises
    ------
    ValueError
        As `as_samples`; also for another shape.
    """
    y = as_samples(y)
    if y.ndim != 1 or not y.size:
        raise ValueError(f"the signal must have the shape (n,), n > 0, got {y.shape}")
    if finding := clipping(y):
        warnings.warn(finding, ClippingWarning, stacklevel=3)
    return y


def clipped(samples: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which samples, of any shape, are clipped: at full scale (0.999 of it) or beyond."""
    return np.abs(samples) >= _CLIPPED


def clipping(y: ArrayLike) -> str:
    """A sentence on how much of a sound is clipped, if that is much; else nothing."""
    y = as_samples(y)
    share = float(clipped(y).mean())
    if share <= _CLIPPED_SHARE:
        return ""
    return f"{100 * share:.1f} % of the samples are clipped, the loudest at {np.abs(y).max():.3g}"


def to_int16(y: ArrayLike) -> NDArray[np.int16]:
    """The nearest values of 16-bit audio: y * 32768, rounded and clipped to -32768 and 32767."""
    return np.clip(np.rint(_STEPS * as_samples(y)), -_STEPS, _STEPS - 1).astype(np.int16)

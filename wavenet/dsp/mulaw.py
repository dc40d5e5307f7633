"""Mu-law companding and quantization."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from wavenet import _core
from wavenet.base.sound import plain_array, scaled, to_int16

MulawConvention = Literal["wavenet", "nnmnkwii", "librosa"]
MULAW_CONVENTIONS: tuple[MulawConvention, ...] = get_args(MulawConvention)


def mulaw_encode(
    y: ArrayLike, channels: int = 256, convention: MulawConvention = "wavenet"
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Quantizes a signal to mu-law codes (van den Oord et al. 2016, sec. 2.2).

    With mu = channels - 1 and s = sign(y) log(1 + mu abs(y)) / log(1 + mu), the code is

    - "wavenet": (s + 1) / 2 * mu rounded half up; 0.0 has the code channels / 2,
    - "nnmnkwii": (s + 1) / 2 * mu truncated, as nnmnkwii's `mulaw_quantize`,
    - "librosa": the number of points of linspace(-1, 1, channels) below s, which is
      `librosa.mu_compress(y, quantize=True)` plus channels / 2.

    Parameters
    ----------
    y
        Samples of any shape: floats in [-1, 1] (clipped beyond), or integers that stand for floats
        by the range of their type, int16 for y / 32768 (see `wavenet.base.sound.scaled`).
    channels
        Number of codes, a power of two from 4 to 65,536.
    convention
        See above.

    Returns
    -------
    ndarray
        Codes of the same shape, uint8 (up to 256 channels) or uint16: those of the formula in
        double precision.

    Raises
    ------
    ValueError
        NaN or infinity, a type that is not sound, or an argument out of range.

    Examples
    --------
    >>> mulaw_encode([-1, 0, 0.01, 1])
    array([  0, 128, 157, 255], dtype=uint8)
    >>> mulaw_encode([-1, 0, 0.01, 1], convention="nnmnkwii")
    array([  0, 127, 156, 255], dtype=uint8)
    """
    array = plain_array(y)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype not in (np.float32, np.float64, np.int16):
        array = scaled(array)
    return _codec(channels, convention).encode(np.require(array, requirements=["C", "A"]))


def mulaw_decode(
    codes: ArrayLike,
    channels: int = 256,
    convention: MulawConvention = "wavenet",
    dtype: DTypeLike = "float32",
) -> NDArray[np.floating]:
    """The samples that mu-law codes stand for.

    With mu = channels - 1, y = sign(s) ((1 + mu)^abs(s) - 1) / mu, where s is 2 code / mu - 1, or
    for "librosa" 2 code / channels - 1. That is an edge of the code's bin for "nnmnkwii": where the
    nearest float lies below it, the next that has the code is taken, so that encoding gives all
    codes back.

    Parameters
    ----------
    codes
        Whole numbers from 0 to channels - 1, of any shape.
    channels, convention
        As in `mulaw_encode`.
    dtype
        "float32" or "float64".

    Returns
    -------
    ndarray
        Samples of the same shape, in [-1, 1].

    Raises
    ------
    ValueError
        A code or an argument out of range.

    Examples
    --------
    >>> mulaw_decode([0, 64, 255], dtype="float64").round(3)
    array([-1.   , -0.058,  1.   ])
    """
    name = _name(dtype)
    if name not in ("float32", "float64"):
        raise ValueError(f"dtype must be float32 or float64, got {dtype!r}")
    codec = _codec(channels, convention)
    array = plain_array(codes)
    if array.dtype not in (np.uint8, np.uint16):
        array = _as_codes(array, channels)
    decode = codec.decode_float32 if name == "float32" else codec.decode_float64
    return decode(np.require(array, requirements=["C", "A"]))


@lru_cache(maxsize=8)
def values_of_codes(channels: int, convention: MulawConvention) -> NDArray[np.float32]:
    """The samples of all codes, each of which keeps its code when rounded to 16 bits.

    A value whose nearest value of 16-bit audio has another code becomes the one beside it, if that
    has the code: from 1024 channels on some bins hold none, nor does that of the highest code of
    "nnmnkwii".
    """
    codes = np.arange(channels)
    values = mulaw_decode(codes, channels, convention)
    for step in (1, -1):
        steps = to_int16(values)
        beside = np.clip(steps.astype(np.int32) + step, -32768, 32767).astype(np.int16)
        lost = mulaw_encode(steps, channels, convention) != codes
        kept = lost & (mulaw_encode(beside, channels, convention) == codes)
        values[kept] = beside[kept] / np.float32(32768)
    values.setflags(write=False)
    return values


def _name(dtype: DTypeLike) -> str | None:
    try:
        return np.dtype(dtype).name
    except TypeError:
        return None


def _as_codes(array: np.ndarray, channels: int) -> NDArray[np.uint16]:
    if array.dtype.kind not in "iu" and array.size:
        raise ValueError(f"codes must be whole numbers, got dtype {array.dtype}")
    bad = np.flatnonzero((array < 0) | (array >= channels))
    if bad.size:
        raise ValueError(
            f"code {array.flat[bad[0]]} at place {bad[0]} is not from 0 to {channels - 1}"
        )
    return array.astype(np.uint16)


def _codec(channels: int, convention: str) -> _core.Mulaw:
    if isinstance(channels, bool) or not isinstance(channels, int | np.integer):
        raise ValueError(f"channels must be a whole number, got {channels!r}")
    if not 4 <= channels <= 65536:
        raise ValueError(f"channels must be a power of two from 4 to 65536, got {channels}")
    return _cached_codec(int(channels), str(convention))


@lru_cache(maxsize=8)
def _cached_codec(channels: int, convention: str) -> _core.Mulaw:
    return _core.Mulaw(channels, convention)

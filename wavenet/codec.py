"""Mu-law companding and quantization."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from wavenet import _core
from wavenet.config import MulawConvention


def mulaw_encode(
    y: ArrayLike, channels: int = 256, convention: MulawConvention = "wavenet"
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Quantizes a signal to mu-law codes (van den Oord et al. 2016, sec. 2.2).

    With mu = channels - 1 and s = sign(y) log(1 + mu |y|) / log(1 + mu), the code is

    - "wavenet": (s + 1) / 2 * mu rounded half up; 0.0 has the code channels / 2,
    - "nnmnkwii": (s + 1) / 2 * mu truncated, as nnmnkwii's `mulaw_quantize`,
    - "librosa": the number of points of linspace(-1, 1, channels) below s, which is
      `librosa.mu_compress(y, quantize=True)` plus channels / 2.

    Parameters
    ----------
    y
        Samples of any shape: float32 or float64 in [-1, 1] (clipped beyond), or int16, which
        stands for y / 32768. Other real types are taken as float64, of integers -1, 0 and 1 alone.
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
        NaN, or an argument out of range.
    """
    array = np.asarray(y)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype not in (np.float32, np.float64, np.int16):
        if array.dtype.kind not in "fiub":
            raise ValueError(f"samples must be real numbers, got dtype {array.dtype}")
        if array.dtype.kind in "iu" and np.any((array < -1) | (array > 1)):
            raise ValueError(
                f"samples of dtype {array.dtype} go beyond -1 to 1; of integers only int16 stands "
                "for PCM: scale others to floats"
            )
        array = array.astype(np.float64)
    return _codec(channels, convention).encode(np.require(array, requirements=["C", "A"]))


def mulaw_decode(
    codes: ArrayLike,
    channels: int = 256,
    convention: MulawConvention = "wavenet",
    dtype: DTypeLike = "float32",
) -> NDArray[np.floating]:
    """The samples that mu-law codes stand for.

    With mu = channels - 1, y = sign(s) ((1 + mu)^|s| - 1) / mu, where s is 2 code / mu - 1, or
    for "librosa" 2 code / channels - 1.

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
    """
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, got {dtype!r}")
    codec = _codec(channels, convention)
    array = np.asarray(codes)
    if array.dtype not in (np.uint8, np.uint16):
        array = _as_codes(array, channels)
    decode = codec.decode_float32 if np.dtype(dtype) == np.float32 else codec.decode_float64
    return decode(np.require(array, requirements=["C", "A"]))


def _as_codes(array: np.ndarray, channels: int) -> NDArray[np.uint16]:
    if array.dtype.kind not in "iu":
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

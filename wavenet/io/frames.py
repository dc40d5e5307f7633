"""Feature frames from files and pipes, a few at a time."""

from __future__ import annotations

import io
import os
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"\x93NUMPY"
_READ = 2**16  # bytes that are asked for at once
_FRAMES = 256  # of a file that are read at once
# What NumPy raises on headers that are no headers.
_DAMAGED = (ValueError, EOFError, OverflowError, TypeError, SyntaxError, tokenize.TokenError)


def file_frames(path: str | os.PathLike) -> NDArray[np.floating]:
    """The frames of a .npy file, `(frames, channels)`, left on the disk until they are used.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is not an array of numbers.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"no file of feature frames at {path}")
    try:
        frames = np.load(path, mmap_mode="r", allow_pickle=False)  # allocates nothing on a claim
    except _DAMAGED as error:
        raise ValueError(f"{path} is not a .npy file of numbers: {error}") from error
    if not isinstance(frames, np.ndarray):
        raise ValueError(f"{path} holds several arrays; a .npy file has one")
    if frames.dtype.kind not in "fiu":
        raise ValueError(f"{path} has the dtype {frames.dtype}; frames are real numbers")
    return frames


def blocks_of_file(path: Path, channels: int) -> tuple[int, Iterator[NDArray[np.float32]]]:
    """The number of frames of a .npy file, and they themselves in blocks.

    Raises
    ------
    FileNotFoundError, ValueError
        As `file_frames`; also for an array of another shape.
    """
    frames = file_frames(path)
    if frames.ndim != 2 or frames.shape[1] != channels or not len(frames):
        raise ValueError(
            f"{path} has the shape {frames.shape}; the model needs (frames, {channels})"
        )

    def blocks() -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(frames), _FRAMES):
            yield np.asarray(frames[start : start + _FRAMES], dtype=np.float32)

    return len(frames), blocks()


def blocks_of_pipe(file: BinaryIO, channels: int) -> Iterator[NDArray[np.float32]]:
    """Frames as soon as they come: a .npy file, or else raw float32, little-endian.

    Parameters
    ----------
    file
        A binary file object with `read1` (or `read`), as `sys.stdin.buffer`.
    channels
        Values of a frame.

    Yields
    ------
    ndarray
        `(frames, channels)`: all whole frames that have come.

    Raises
    ------
    ValueError
        There is nothing, the end is amid a frame, or a .npy file is of another shape or type.
    """
    read = getattr(file, "read1", None) or file.read
    buffered = b""
    while len(buffered) < len(_MAGIC) and (part := read(_READ)):
        buffered += part
    dtype, left = np.dtype("<f4"), None
    if buffered.startswith(_MAGIC):
        dtype, left, buffered = _npy_header(file, buffered, channels)
    size = dtype.itemsize * channels
    came = 0
    while left is None or came < left:
        whole = len(buffered) // size
        if left is not None:
            whole = min(whole, left - came)
        if whole:
            block = np.frombuffer(buffered, dtype, whole * channels).reshape(whole, channels)
            yield block.astype(np.float32)
            came += whole
            buffered = buffered[whole * size :]
        elif part := read(_READ):
            buffered += part
        else:
            break
    if left is not None and came < left:
        raise ValueError(f"the input ends after {came} of {left} frames")
    if left is None and buffered:
        raise ValueError(
            f"the input ends amid a frame: {len(buffered)} bytes over; a frame of {channels} "
            f"channels has {size} bytes of float32"
        )
    if not came:
        raise ValueError("the input has no feature frames")


def _npy_header(file: BinaryIO, start: bytes, channels: int) -> tuple[np.dtype, int, bytes]:
    """Type and number of the frames of a .npy file, and what was read after its header."""
    header = io.BytesIO(_at_least(file, start, len(_MAGIC) + 2))
    version = np.lib.format.read_magic(header)
    width = 2 if version == (1, 0) else 4
    begin = header.tell()
    start = _at_least(file, header.getvalue(), begin + width)
    length = int.from_bytes(start[begin : begin + width], "little")
    if length > _READ:
        raise ValueError(f"the input is a .npy file with a header of {length} bytes")
    start = _at_least(file, start, begin + width + length)
    header = io.BytesIO(start)
    header.seek(begin)
    readers = {(1, 0): np.lib.format.read_array_header_1_0,
               (2, 0): np.lib.format.read_array_header_2_0}  # fmt: skip
    if version not in readers:
        raise ValueError(f"the input is a .npy file of the unknown version {version}")
    try:
        shape, fortran, dtype = readers[version](header)
    except _DAMAGED as error:
        raise ValueError(f"the input is a damaged .npy file: {error}") from error
    if len(shape) != 2 or shape[1] != channels or isinstance(shape[0], bool) or shape[0] < 0:
        raise ValueError(f"the input has the shape {shape}; the model needs (frames, {channels})")
    if dtype.kind not in "fiu" or (fortran and shape[1] > 1):
        raise ValueError(f"the input must be numbers, frame by frame; it is {dtype}, {fortran=}")
    return dtype, shape[0], start[header.tell() :]


def _at_least(file: BinaryIO, start: bytes, size: int) -> bytes:
    """What was read, and as much more that there are `size` bytes."""
    while len(start) < size:
        part = file.read(size - len(start))
        if not part:
            raise ValueError("the input is a .npy file that ends in its header")
        start += part
    return start

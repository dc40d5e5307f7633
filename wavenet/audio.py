"""Reading, resampling and writing audio."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import ArrayLike, NDArray

from wavenet.audio_files import AUDIO_FORMATS
from wavenet.formats.atomic import CheckedFile, atomic_path

_SAMPLES_PER_BYTE = 8192  # more than any format reaches: silence in FLAC has 340, in Vorbis 460
_BLOCK = 2**16
_LARGEST = 2**32 - 1  # size in a WAV file


def read_audio(
    path: str | os.PathLike | BinaryIO, sample_rate: int | None = None, mono: bool = True
) -> tuple[NDArray[np.float32], int]:
    """Reads a recording, mixed down to mono unless told otherwise, and resampled where asked.

    Parameters
    ----------
    path
        A file of any format that libsndfile reads, or a binary file object that holds one.
    sample_rate
        Wanted rate [Hz]; None keeps that of the file.
    mono
        Whether to take the mean of the channels.

    Returns
    -------
    y, sample_rate
        `(n,)` float32, `(n, channels)` without `mono`; and the rate [Hz].

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file cannot be read, is empty, or has samples that are not finite.
    """
    name = path if isinstance(path, str | os.PathLike) else "the input"
    if name is path and not Path(path).is_file():
        raise FileNotFoundError(f"no audio file at {path}")
    size = _size(path)
    try:
        with soundfile.SoundFile(path) as file:
            if file.frames > _SAMPLES_PER_BYTE * size:
                raise ValueError(f"{name} claims {file.frames} samples in {size} bytes")
            y, rate = file.read(dtype="float32", always_2d=True), file.samplerate
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{name} cannot be read as audio: {error.error_string}") from error
    if not len(y):
        raise ValueError(f"{name} has no samples")
    if not np.isfinite(y).all():
        raise ValueError(f"{name} has samples that are not finite")
    if mono:
        y = y.mean(axis=1)
    if sample_rate is not None and sample_rate != rate:
        y, rate = soxr.resample(y, rate, sample_rate, quality="VHQ"), sample_rate
    return y, rate


def _size(file: str | os.PathLike | BinaryIO) -> int:
    """Bytes of a file."""
    if isinstance(file, str | os.PathLike):
        return os.path.getsize(file)
    start = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(start)
    return size


def write_audio(path: str | os.PathLike, y: ArrayLike, sample_rate: int) -> None:
    """Writes a recording, 16 bits where the format has them; the file appears whole or not at all.

    Parameters
    ----------
    path
        The extension chooses the format (.wav, .flac, .ogg and what else libsndfile writes).
    y
        `(n,)` or `(n, channels)`, floats clipped to [-1, 1], or int16.
    sample_rate
        [Hz]

    Raises
    ------
    ValueError
        The format is not known, or the samples are not finite.
    """
    y = _finite(y)
    with audio_writer(path, sample_rate, 1 if y.ndim == 1 else y.shape[1]) as write:
        for start in range(0, len(y), _BLOCK):  # libsndfile's Vorbis dies of millions at once
            write(y[start : start + _BLOCK])


@contextmanager
def audio_writer(
    path: str | os.PathLike, sample_rate: int, channels: int = 1
) -> Iterator[Callable[[ArrayLike], None]]:
    """A function that writes the next samples of a file; as `write_audio`, block by block."""
    path = Path(path)
    kind = audio_format(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder {path.parent} does not exist")
    with atomic_path(path) as temporary:
        with CheckedFile(temporary, "w+") as content:
            if not content.seekable():
                raise ValueError(f"{path} is a pipe; {kind} files go to places that can be sought")
            with soundfile.SoundFile(content, "w", sample_rate, channels, format=kind) as file:
                yield lambda y: file.write(_finite(y))


def audio_format(path: str | os.PathLike) -> str:
    """The format that a file's extension stands for, as libsndfile calls it.

    Raises
    ------
    ValueError
        The extension is not that of a format that says what it holds.
    """
    suffix = Path(path).suffix.lower()
    kind = AUDIO_FORMATS.get(suffix)
    if kind is None or suffix == ".opus":  # an Ogg file, but not of Vorbis
        raise ValueError(f"{path} has no known audio extension; use .wav, .flac or .ogg")
    return kind


def wav_bytes(y: ArrayLike, sample_rate: int) -> bytes:
    """A whole 16-bit WAV file."""
    buffer = io.BytesIO()
    soundfile.write(buffer, _finite(y), sample_rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def wav_header(sample_rate: int, n_samples: int | None = None) -> bytes:
    """What comes before the samples of a 16-bit mono WAV stream.

    Where their number is not known, the sizes are the largest there are: programs that read a pipe
    take that as "until it ends".
    """
    size = min(2 * n_samples, _LARGEST) if n_samples else _LARGEST
    form = struct.pack("<4sI4s", b"RIFF", min(size + 36, _LARGEST), b"WAVE")
    rate = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    return form + rate + struct.pack("<4sI", b"data", size)


def pcm_bytes(y: ArrayLike) -> bytes:
    """Raw samples, 16-bit little-endian."""
    return np.round(_finite(y) * 32767).astype("<i2").tobytes()


def as_samples(y: ArrayLike) -> NDArray[np.float64]:
    """Sound of any shape as contiguous float64: floats as they are, int16 divided by 32768.

    Raises
    ------
    ValueError
        Another type: it does not say what full scale is.
    """
    y = np.asarray(y)
    if y.dtype.kind == "i" and y.dtype.itemsize == 2:
        return y / 32768.0
    if y.dtype.kind != "f":
        raise ValueError(f"samples must be floats from -1 to 1, or int16, got dtype {y.dtype}")
    return np.ascontiguousarray(y, np.float64)


def _finite(y: ArrayLike) -> NDArray[np.float64]:
    y = as_samples(y)
    if not np.isfinite(y).all():
        raise ValueError("the audio has samples that are not finite")
    return np.clip(y, -1, 1)

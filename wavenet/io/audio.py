"""Reading, resampling and writing audio."""

from __future__ import annotations

import io
import os
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import ArrayLike, NDArray

from wavenet.base.sound import as_samples, check_level, plain_array, to_int16
from wavenet.io.atomic import CheckedFile, atomic_path, check_writable
from wavenet.io.audio_files import AUDIO_FORMATS

_SAMPLES_PER_BYTE = 8192  # more than any format reaches: silence in FLAC has 340, in Vorbis 460
_BLOCK = 2**16
_LARGEST = 2**32 - 1  # size in a WAV file
_UNKNOWN = 0x7F000000  # bytes: what writers of pipes give as the size is as large or larger
_CANCELLED = 1e-4  # of the power of the channels, in that of their mean
_LARGEST_RATIO = 100  # of sample rates: 192 to 4 kHz is 48


class AudioFileWarning(UserWarning):
    """A file holds more or less sound than it says."""


def read_audio(
    path: str | os.PathLike | BinaryIO, sample_rate: int | None = None, mono: bool = True
) -> tuple[NDArray[np.float32], int]:
    """Reads a recording, mixed down to mono unless asked otherwise, and resampled where asked.

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
        The file cannot be read, is empty, has samples that are not finite, or floats that are not
        scaled to 1 (see `wavenet.base.sound.as_samples`), or channels that cancel each other.

    Warns
    -----
    AudioFileWarning
        The file holds more or less sound than its header says; what both have is read.
    """
    name = path if isinstance(path, str | os.PathLike) else "the input"
    if name is path and not Path(path).is_file():
        raise FileNotFoundError(f"no audio file at {path}")
    if str(getattr(path, "name", path)).lower().endswith(".raw"):
        raise ValueError(f"{name} says neither its rate nor its format: convert it to .wav first")
    y, rate, mismatch = _decode(path, name)
    if not len(y):
        raise ValueError(f"{name} has no samples{mismatch and ': '}{mismatch}")
    if mismatch:
        warnings.warn(f"{name}: {mismatch}", AudioFileWarning, stacklevel=2)
    with named(name):
        check_level(y)
        if mono:
            y = mixed_down(y)
        if sample_rate is None:
            return y, rate
        return resample(y, rate, sample_rate), sample_rate


def mixed_down(channels: NDArray[np.floating]) -> NDArray[np.floating]:
    """The mean `(n,)` of the channels `(n, channels)` of a sound; ValueError where they cancel."""
    mono = channels.mean(axis=1)
    power, left = (np.square(x, dtype=np.float64).mean() for x in (channels, mono))
    if left < _CANCELLED * power:
        raise ValueError(
            f"the {channels.shape[1]} channels cancel each other when they are mixed, as where one "
            "is the other turned over: use one of them alone"
        )
    return mono


def _decode(
    path: str | os.PathLike | BinaryIO, name: object
) -> tuple[NDArray[np.float32], int, str]:
    """Samples `(n, channels)`, their rate [Hz], and how they are not as many as the header says."""
    with _opened(path) as content:
        size = content.seek(0, os.SEEK_END)
        mismatch = _size_mismatch(content, size)
        content.seek(0)
    try:
        with soundfile.SoundFile(path) as file:
            claimed, rate = file.frames, file.samplerate
            if claimed > _SAMPLES_PER_BYTE * size:
                raise ValueError(f"{name} claims {claimed} samples in {size} bytes")
            y = file.read(claimed, dtype="float32", always_2d=True)  # all: some cannot be sought in
    except soundfile.LibsndfileError as error:
        reason = error.error_string or "it is damaged or cut off"
        raise ValueError(f"{name} cannot be read as audio: {reason}") from error
    if len(y) < claimed:
        mismatch = f"its header says {claimed:,} samples, and {len(y):,} are there"
    return y, rate, mismatch


def _opened(path: str | os.PathLike | BinaryIO) -> AbstractContextManager[BinaryIO]:
    return open(path, "rb") if isinstance(path, str | os.PathLike) else nullcontext(path)


@contextmanager
def named(path: object) -> Iterator[None]:
    """Lets errors with a recording be sentences with its name."""
    try:
        yield
    except MemoryError as error:
        raise ValueError(f"{path}: there is not enough memory for it") from error
    except ValueError as error:
        if str(path) in str(error):
            raise
        raise ValueError(f"{path}: {error}") from error


def resample(y: ArrayLike, rate: float, new_rate: float) -> NDArray[np.floating]:
    """Sound `(n,)` or `(n, channels)` at another sample rate [Hz]; float32 stays float32.

    Raises
    ------
    ValueError
        It is not sound (see `wavenet.base.sound.as_samples`), the rates are more than a factor of
        100 apart, or not a sample is left.
    """
    sound: NDArray[np.floating] = plain_array(y)
    if sound.dtype == np.float32:
        check_level(sound)
    else:
        sound = as_samples(y)
    if rate == new_rate:
        return sound
    if not 1 / _LARGEST_RATIO <= new_rate / rate <= _LARGEST_RATIO:
        raise ValueError(
            f"a rate of {rate:g} Hz is too far from {new_rate:g} Hz to resample the sound; check it"
        )
    sound = soxr.resample(sound, rate, new_rate, quality="VHQ")
    if not len(sound):
        raise ValueError(f"nothing of the sound is left at {new_rate:g} Hz: it is too short")
    return sound


def band_limited(y: ArrayLike, rate: float) -> NDArray[np.floating]:
    """Sound `(n,)` as if it had been resampled to its rate [Hz] from a higher one.

    It lacks what lies just below half the rate, where the filter of `resample` falls.
    """
    return resample(resample(as_samples(y), rate, 2 * rate), 2 * rate, rate)


def _size_mismatch(file: BinaryIO, size: int) -> str:
    """How the sound in a WAV or AIFF file is less or more than its header says; else nothing.

    Walks the chunks, since libsndfile does not say what it makes of them.
    """
    file.seek(0)
    order = {b"RIFF": "<", b"FORM": ">"}.get(file.read(12)[:4])
    place, found = 12, False
    while order and place + 8 <= size:
        file.seek(place)
        name, length = struct.unpack(f"{order}4sI", file.read(8))
        there = size - place - 8
        if name in (b"data", b"SSND"):
            found = True
            if length > there:
                said = f"its header says {length:,} bytes of sound, and {there:,} are there"
                return "" if length >= _UNKNOWN else said
        elif length > there or not name.strip().isalnum():  # no chunk
            file.seek(place)
            more = found and any(file.read(_BLOCK))  # zeros are padding
            return f"{size - place:,} bytes after its sound are not read" if more else ""
        place += 8 + length + length % 2
    return ""


def write_audio(path: str | os.PathLike, y: ArrayLike, sample_rate: int) -> None:
    """Writes a recording, 16 bits where the format has them; the file appears whole or not at all.

    Parameters
    ----------
    path
        The extension chooses the format (.wav, .flac, .ogg and what else libsndfile writes).
    y
        `(n,)` or `(n, channels)`, as for `wavenet.base.sound.as_samples`. Every format gets the
        same values, those of `wavenet.base.sound.to_int16`.
    sample_rate
        [Hz]

    Raises
    ------
    ValueError
        The format is not known, or the samples are not sound.
    """
    y = to_int16(y)
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
                whole = file.subtype == "PCM_16"
                yield lambda y: file.write(to_int16(y) if whole else to_int16(y) / 32768)


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


def check_audio_file(path: str | os.PathLike) -> None:
    """Refuses a recording that cannot be written, before it is made.

    Raises as `audio_format` and `wavenet.io.atomic.check_writable` do.
    """
    audio_format(path)
    check_writable(path)


def wav_bytes(y: ArrayLike, sample_rate: int) -> bytes:
    """A whole 16-bit WAV file."""
    buffer = io.BytesIO()
    soundfile.write(buffer, to_int16(y), sample_rate, format="WAV", subtype="PCM_16")
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
    return to_int16(y).astype("<i2").tobytes()

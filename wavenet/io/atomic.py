"""Files that appear whole or not at all, and errors that say which file and why."""

from __future__ import annotations

import errno
import glob
import io
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_LONGEST_NAME = 255  # bytes of a file name
_LONGEST_SUFFIX = 32
_MARK = 8  # characters that tell temporary files of one name from each other
_TRIED = bytes(4096)
_HIDDEN_NUMBER = re.compile(r"\(os error (\d+)\)")  # in the messages of safetensors


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it on success and removed on failure.

    A symbolic link stays one; the file that it leads to is replaced. What is there and is not a
    regular file, as a pipe or a device, is written directly.

    Raises
    ------
    OSError
        As the system has it, for `path`: also where a library gives the reason in another form.
    """
    given, path = path, Path(os.path.realpath(path))
    direct = path.exists() and not path.is_file()
    temporary = path if direct else _temporary(path, secrets.token_hex(_MARK // 2))
    try:
        with naming(given, temporary):
            if direct:
                yield temporary
                return
            handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
            mode = os.fstat(handle).st_mode
            os.close(handle)
            yield temporary
            os.chmod(temporary, mode)  # safetensors makes files that only their owner can read
            os.replace(temporary, path)
    except BaseException:
        if not direct:
            with suppress(OSError):
                temporary.unlink()
        raise


def check_writable(
    path: str | os.PathLike,
    parents: bool = False,
    inputs: Iterable[str | os.PathLike | None] = (),
) -> None:
    """Tries to make a file at a path, before the work that ends there.

    With `parents` folders that are not there yet may be made later. `inputs` are what the work
    reads; None and "-" stand for no file.

    Raises
    ------
    OSError
        It cannot be made: no such folder, no permission, a name too long, a full disk, a folder of
        that name.
    ValueError
        It is one of the inputs, by whatever name or link.
    """
    given, path = path, Path(os.path.realpath(path))
    for source in filter(None, inputs):
        if path.is_file() and os.path.exists(source) and path.samefile(source):
            raise ValueError(f"{given} would overwrite {source}, which is read; give another name")
    while parents and not path.parent.exists():
        path = path.parent
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder {Path(given).parent} does not exist")
    with naming(given):
        if path.is_dir() and not parents:
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        with suppress(FileNotFoundError):
            os.lstat(path)  # refuses names that are too long
    if path.exists() and not path.is_file() and not path.is_dir():
        return
    temporary = _temporary(path, secrets.token_hex(_MARK // 2))
    try:
        with naming(given, temporary):
            temporary.write_bytes(_TRIED)
    finally:
        with suppress(OSError):
            temporary.unlink()


def remove_temporary(path: Path) -> None:
    """Removes temporary files of `path` that a process which was killed has left."""
    name = _temporary(path, "\0" * _MARK).name
    for stale in path.parent.glob(glob.escape(name).replace("\0", "?")):
        stale.unlink()


class CheckedFile(io.FileIO):
    """A file for libraries that keep errors in writing to themselves: closing it raises them.

    libsndfile does not say why a write failed, and says nothing where the last one does, in closing
    FLAC, Ogg and MP3 files.
    """

    _error: OSError | None = None

    def write(self, data: Any) -> int:
        """Writes all bytes, or fewer where an error stops it."""
        view, done = memoryview(data), 0
        try:
            while done < len(view):
                done += super().write(view[done:]) or 0
        except OSError as error:
            self._error = error
        return done

    def close(self) -> None:
        """Closes the file; raises the first error of all that was written."""
        super().close()
        error, self._error = self._error, None
        if error is not None:
            raise error


def explain(error: BaseException) -> str:
    """What went wrong as a sentence: of an OSError the file and the reason, without its number."""
    if isinstance(error, OSError) and error.strerror:
        name = "" if error.filename is None else f"{error.filename}: "
        return f"{name}{error.strerror}"
    return str(error)


@contextmanager
def naming(path: str | os.PathLike, temporary: Path | None = None) -> Iterator[None]:
    """Lets errors that name no file, or the temporary one, name `path`."""
    try:
        yield
    except Exception as error:
        hidden = _HIDDEN_NUMBER.search(str(error))
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            number = error.errno
        else:
            number = int(hidden[1]) if hidden else None
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error


def _temporary(path: Path, mark: str) -> Path:
    """`.STEM-MARK.SUFFIX` beside a path, the stem cut so that the name is not too long."""
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    room = _LONGEST_NAME - len(os.fsencode(f".-{mark}{suffix}"))
    stem = os.fsencode(path.stem)[:room].decode(errors="ignore")
    return path.with_name(f".{stem}-{mark}{suffix}")

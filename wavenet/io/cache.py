"""Arrays that follow from the content of a file, kept in a folder for the next time."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from wavenet import __version__, _core
from wavenet.io.atomic import atomic_path

Arrays = dict[str, np.ndarray]

# Folders of the code that entries follow from.
_MAKERS = ("base", "dsp", "features", "config", "io", "inference", "conversion", "training")


class Cache:
    """A folder of arrays, each under a key of everything that it follows from.

    The key is the content of the file, what was made of it under which settings, and the versions
    of the code and the libraries that made it: a stale entry cannot be taken. A damaged one is made
    again.

    Parameters
    ----------
    folder
        Made when it is needed; None: nothing is kept.
    """

    def __init__(self, folder: str | os.PathLike | None):
        self._folder = None if folder is None else Path(folder)

    def get(self, content: Callable[[], str], what: str, compute: Callable[[], Arrays]) -> Arrays:
        """What `compute` makes, or made earlier, of a file whose `content_of` is `content()`.

        `what` names it with all settings. Where the folder cannot be written a warning says so.
        """
        if self._folder is None:
            return compute()
        key = hashlib.sha256(f"{_versions()} {content()} {what}".encode()).hexdigest()
        entry = self._folder / f"{key}.npz"
        stored = _read(entry)
        if stored is not None:
            return stored
        arrays = compute()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with atomic_path(entry) as temporary:
                np.savez(temporary, allow_pickle=False, **arrays)
        except OSError as error:
            warnings.warn(
                f"{self._folder}: {error.strerror}; nothing is kept for the next time", stacklevel=2
            )
        return arrays


def content_of(path: str | os.PathLike) -> str:
    """A hash of the bytes of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(entry: Path) -> Arrays | None:
    try:
        with open(entry, "rb") as file, np.load(file) as stored:
            return dict(stored)
    except Exception:  # whatever is wrong with an entry: it is made again
        return None


@functools.cache
def _versions() -> str:
    """A hash of the code that makes features and codes, and of the versions of its libraries."""
    package = Path(__file__).parent.parent
    sources = [path for name in _MAKERS for path in sorted((package / name).rglob("*.py"))]
    hashes = [content_of(path) for path in (*sources, Path(_core.__file__))]
    code = hashlib.sha256("".join(hashes).encode())
    libraries = [importlib.metadata.version(name) for name in ("numpy", "pyworld", "soxr")]
    versions = [__version__, *libraries, soundfile.__libsndfile_version__]
    return f"{code.hexdigest()} {' '.join(versions)}"

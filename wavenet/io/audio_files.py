"""Sound files: which of them libsndfile reads here, and those of a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import soundfile

Note = Callable[[str], object]

# The extensions that libsndfile's formats go by. Left out are those without a header, and those
# whose files mostly hold no sound (matrices, features).
_EXTENSIONS = {
    "AIFF": "aif aiff aifc", "AU": "au snd", "AVR": "avr", "CAF": "caf", "FLAC": "flac",
    "IRCAM": "sf ircam", "MP3": "mp3", "NIST": "sph nist", "OGG": "ogg oga opus", "PAF": "paf",
    "PVF": "pvf", "RF64": "rf64", "SDS": "sds", "SVX": "svx 8svx iff", "VOC": "voc", "W64": "w64",
    "WAV": "wav wave", "WVE": "wve", "XI": "xi",
}  # fmt: skip
_FORMATS = soundfile.available_formats()
AUDIO_FORMATS = {
    f".{extension}": kind
    for kind, extensions in _EXTENSIONS.items()
    if kind in _FORMATS
    for extension in extensions.split()
}
"""The format, as libsndfile calls it, of each extension of a sound that can be read here."""

_UNREADABLE = frozenset(
    ".3gp .aac .ac3 .amr .ape .dsf .m4a .m4b .mka .mp4 .mpc .ra .tta .webm .wma .wv".split()
) | {f".{extension}" for extensions in _EXTENSIONS.values() for extension in extensions.split()}


def find_audio(
    folder: str | os.PathLike, note: Note | None = None, deep: bool = False
) -> list[Path]:
    """Sound files of a folder, sorted.

    Files and folders whose names begin with a dot are passed over.

    Parameters
    ----------
    folder
        Where to look.
    note
        Called with a sentence on what was passed over, if anything was.
    deep
        Whether to look in the folders below too, those that links lead to included, each once.

    Raises
    ------
    FileNotFoundError
        There is no such folder, or no sound file in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        known = f"{folder} is a file, no folder" if folder.exists() else ""
        raise FileNotFoundError(known or f"there is no folder {folder}")
    files: list[Path] = []
    others: Counter[str] = Counter()
    seen, left = {folder.resolve()}, [folder]
    while left:
        for path in sorted(left.pop().iterdir()):
            if path.name.startswith("."):
                others["hidden"] += 1
            elif path.is_dir():
                if deep and path.resolve() not in seen:
                    left.append(path)
                    seen.add(path.resolve())
                else:
                    others["folder that was entered by another way" if deep else "folder"] += 1
            elif path.suffix.lower() in AUDIO_FORMATS and path.is_file():
                files.append(path)
            else:
                others[_kind(path)] += 1
    passed_over = _sentence(others)
    if not files:
        raise FileNotFoundError(f"there is no sound file in {folder}{passed_over and ': '}"
                                f"{passed_over}")  # fmt: skip
    if passed_over and note:
        note(f"{folder}: {passed_over}")
    return sorted(files)


def _kind(path: Path) -> str:
    if path.is_symlink() and not path.exists():
        return "link to nothing"
    return path.suffix.lower() or "without extension"


def _sentence(others: Counter[str]) -> str:
    """What was passed over, and what to do about sounds among it."""
    if not others:
        return ""
    counts = ", ".join(f"{count} {kind}" for kind, count in others.most_common(10))
    sounds = sorted(_UNREADABLE & others.keys())
    advice = f"; libsndfile does not read {', '.join(sounds)}: convert them to .flac"
    more = ", and others" if len(others) > 10 else ""
    return f"passed over {counts}{more}{advice if sounds else ''}"

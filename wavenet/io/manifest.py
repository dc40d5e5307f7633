"""What to train on: a folder of audio, or a manifest that lists clips."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wavenet.features.labels import Span
from wavenet.io.audio_files import Note, find_audio
from wavenet.io.rows import csv_rows, json_rows

_COLUMNS = {"path", "speaker", "text", "labels", "start", "end", "split"}


@dataclass(frozen=True)
class Clip:
    """A stretch of a recording.

    Attributes
    ----------
    path
        Audio file.
    start, end
        Times in the file [s]; `end` None: to its end.
    speaker
        Name, or "" where the data do not say.
    text
        Symbols spread evenly over the clip, or None.
    labels
        Symbols with times relative to `start`, or None.
    split
        "train", "validation", or "" where the data do not say.
    """

    path: Path
    start: float = 0.0
    end: float | None = None
    speaker: str = ""
    text: str | None = None
    labels: tuple[Span, ...] | None = None
    split: str = ""

    @property
    def symbols(self) -> list[str]:
        """Symbols of the text or the labels."""
        if self.labels is not None:
            return [symbol for symbol, _, _ in self.labels]
        return (self.text or "").split()

    def spans(self, seconds: float) -> list[Span]:
        """Symbols with their times in the clip, which lasts for `seconds`."""
        if self.labels is not None:
            return list(self.labels)
        symbols = self.symbols
        step = seconds / max(1, len(symbols))
        return [(symbol, i * step, (i + 1) * step) for i, symbol in enumerate(symbols)]


def clips_by_file(clips: list[Clip]) -> dict[Path, list[int]]:
    """Places of the clips of each file, so that it need be read but once."""
    places: dict[Path, list[int]] = {}
    for i, clip in enumerate(clips):
        places.setdefault(clip.path, []).append(i)
    return places


def read_clips(data: Path, note: Note | None = None) -> list[Clip]:
    """Clips of a folder (all audio files below it) or of a manifest (CSV or JSON lines).

    `note` is called with a sentence on what was passed over in a folder, if anything was.

    Columns of a manifest: `path` (relative to the manifest), and where wanted `speaker`, `text`
    (symbols separated by spaces) or `labels` ("symbol:start:end ..." in seconds from `start`),
    `start` and `end` in seconds, `split` ("train" or "validation").

    Raises
    ------
    FileNotFoundError
        There is no such folder or manifest, or no sound file in the folder.
    ValueError
        An empty manifest, an unknown column, a value that cannot be read; the sentence
        names the file and the row.
    """
    if data.is_dir():
        return [Clip(path) for path in find_audio(data, note, deep=True)]
    if not data.is_file():
        raise FileNotFoundError(f"no folder or manifest at {data}")
    rows = read_rows(data)
    if not rows:
        raise ValueError(f"{data} lists no clip")
    return [_clip(data, number, row) for number, row in rows]


def read_rows(data: Path) -> list[tuple[int, Any]]:
    """Rows of a manifest with their line numbers."""
    suffix = data.suffix.lower()
    if suffix == ".jsonl":
        return list(json_rows(data))
    if suffix != ".csv":
        raise ValueError(f"{data} is neither a folder nor a .csv or .jsonl manifest")
    rows = csv_rows(data)
    _, header = next(rows, (1, []))
    names = [name.strip() for name in header]
    if len(set(names)) != len(names):
        raise ValueError(f"{data} has two columns of one name: {', '.join(names)}")
    found = []
    for number, cells in rows:
        if len(cells) > len(names):
            raise ValueError(
                f"{data} line {number} has {len(cells)} cells for {len(names)} columns"
            )
        found.append((number, dict(zip(names, cells, strict=False))))
    return found


def _clip(data: Path, number: int, row: Any) -> Clip:
    where = f"{data} line {number}"
    if not isinstance(row, dict) or not row.get("path"):
        raise ValueError(f"{where} has no path")
    unknown = sorted(str(name) for name in set(row) - _COLUMNS)
    if unknown:
        raise ValueError(
            f"{where} has the unknown column {unknown[0]!r}; known: {', '.join(sorted(_COLUMNS))}"
        )
    start = _seconds(where, "start", row.get("start")) or 0.0
    end = _seconds(where, "end", row.get("end"))
    if end is not None and end <= start:
        raise ValueError(f"{where} ends at {end} s, not after its start {start} s")
    split = str(row.get("split") or "")
    if split not in ("", "train", "validation"):
        raise ValueError(f"{where} has the split {split!r}, not train or validation")
    labels = _labels(where, str(row["labels"])) if row.get("labels") else None
    return Clip(
        path=data.parent / str(row["path"]),
        start=start,
        end=end,
        speaker=str(row.get("speaker") or ""),
        text=str(row["text"]) if row.get("text") not in (None, "") else None,
        labels=labels,
        split=split,
    )


def _seconds(where: str, name: str, value: Any) -> float | None:
    if value in (None, ""):
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{where} has the {name} {value!r}, not a time in seconds")
    return seconds


def _labels(where: str, text: str) -> tuple[Span, ...]:
    spans = []
    for label in text.split():
        symbol, *times = label.rsplit(":", 2)
        try:
            start, end = (float(time) for time in times)
        except ValueError:
            raise ValueError(f"{where} has the label {label!r}, not symbol:start:end") from None
        if not symbol or not 0 <= start < end < math.inf:
            raise ValueError(f"{where} has the label {label!r}, which does not end after its start")
        spans.append((symbol, start, end))
    return tuple(spans)

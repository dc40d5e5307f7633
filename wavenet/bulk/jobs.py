"""The manifest of a bulk synthesis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from wavenet.io.audio import audio_format
from wavenet.io.manifest import read_rows

_COLUMNS = ("output", "text", "condition", "speaker", "seconds", "seed")


@dataclass(frozen=True)
class Job:
    """A recording to be made.

    Attributes
    ----------
    output
        Its path below the output folder.
    condition
        Path of feature frames (.npy) or of a recording to be copied, or None.
    text, speaker, seconds, seed
        As for `wavenet synthesize`.
    """

    output: str
    seed: int
    condition: str | None = None
    text: str | None = None
    speaker: str | None = None
    seconds: float | None = None


def read_jobs(manifest: Path, seed: int) -> list[Job]:
    """Rows of a manifest, CSV or JSON lines.

    Columns: `output` (relative to the output folder; by default the name of the condition, else the
    number of the row), and where wanted `text`, `condition` (relative to the manifest), `speaker`,
    `seconds`, `seed`.

    Raises
    ------
    FileNotFoundError, ValueError
        There is no such file, or a row makes no sense; the sentence names it.
    """
    if not manifest.is_file():
        raise FileNotFoundError(f"no manifest at {manifest}")
    rows = read_rows(manifest)
    if not rows:
        raise ValueError(f"{manifest} lists nothing")
    jobs = [
        _job(manifest, f"{manifest} line {number}", i, row, seed + i)
        for i, (number, row) in enumerate(rows)
    ]
    lines: dict[str, int] = {}
    for (number, _), job in zip(rows, jobs, strict=True):
        if job.output in lines:
            raise ValueError(
                f"{manifest} lines {lines[job.output]} and {number} both write {job.output}"
            )
        lines[job.output] = number
    return jobs


def _job(manifest: Path, where: str, index: int, row: Any, seed: int) -> Job:
    if not isinstance(row, dict):
        raise ValueError(f"{where} is not an object")
    unknown = sorted(str(name) for name in set(row) - set(_COLUMNS))
    if unknown:
        raise ValueError(
            f"{where} has the unknown column {unknown[0]!r}; known: {', '.join(_COLUMNS)}"
        )
    values = {name: row.get(name) for name in _COLUMNS}
    values = {name: None if value == "" else value for name, value in values.items()}
    for name in ("output", "text", "condition", "speaker"):
        if values[name] is not None:
            values[name] = str(values[name])
    if values["text"] is not None and values["condition"] is not None:
        raise ValueError(f"{where} has a text and a condition; they exclude each other")
    condition = values["condition"]
    stem = Path(condition).stem if condition else f"{index:06d}"
    return Job(
        output=_output(where, values["output"] or f"{stem}.wav"),
        seed=seed if values["seed"] is None else _seed(where, values["seed"]),
        condition=str((manifest.parent / condition).absolute()) if condition else None,
        text=values["text"],
        speaker=values["speaker"],
        seconds=None
        if values["seconds"] is None
        else _number(where, "seconds", values["seconds"], low=1e-6, high=1e6),
    )


def _output(where: str, name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{where} has the output {name!r}, which is not below the output folder")
    try:
        audio_format(name)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    return str(path)


def _seed(where: str, value: Any) -> int:
    try:
        seed = int(value)
    except (TypeError, ValueError, OverflowError):
        seed = -1
    if not 0 <= seed < 2**63 or (isinstance(value, float) and value != seed):
        raise ValueError(f"{where} has the seed {value!r}, not a whole number from 0 to 2^63 - 1")
    return seed


def _number(where: str, name: str, value: Any, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not low <= number <= high:
        raise ValueError(f"{where} has the {name} {value!r}, not a number from {low:g} to {high:g}")
    return number

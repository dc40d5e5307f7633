"""Rows of CSV and JSON lines files, each with the line of the file that it starts on."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_DEEPEST = 100  # levels of JSON; what walks or prints a value may recurse once for each


def csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row of a `.csv` or `.csv.gz` file; blank lines are left out.

    Raises
    ------
    ValueError
        The file is not UTF-8 text, or a row is not CSV; the sentence names its line.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    line = 1
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                if row:
                    yield line, row
                line = reader.line_num + 1
    except csv.Error as error:
        is_open = str(error) == "unexpected end of data"
        reason = "a quote is opened here and never closed" if is_open else error
        raise ValueError(f"{path} line {line} cannot be read as CSV: {reason}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error}") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a CSV file: {error}") from error


def json_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Line number and value of each line that is not blank.

    Raises
    ------
    ValueError
        The file is not UTF-8 text, or a line is not JSON; the sentence names it.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, parse_json(line, f"{path} line {number}")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error}") from error


def parse_json(text: str | bytes, name: object) -> Any:
    """A JSON value; a ValueError that begins with `name` if it is none, or nested too deeply."""
    try:
        value = json.loads(text)
        level = [value]
        for _ in range(_DEEPEST):
            level = [part for whole in level for part in _parts(whole)]
        if level:
            raise RecursionError
    except RecursionError as error:
        raise ValueError(f"{name} is JSON nested more than {_DEEPEST} levels deep") from error
    except ValueError as error:
        raise ValueError(f"{name} is not valid JSON: {error}") from error
    return value


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []

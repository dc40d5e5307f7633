"""The models that are shipped with the package."""

from __future__ import annotations

import os
import re
from pathlib import Path

_FOLDER = Path(__file__).parent


def shipped_models() -> list[str]:
    """Names of the shipped models, each of which `wavenet.load` takes."""
    return sorted(path.parent.name for path in _FOLDER.glob("*/config.json"))


def model_card(name: str) -> dict[str, str]:
    """The `licence` of a shipped model and an `example` command, from its README."""
    text = (_FOLDER / name / "README.md").read_text(encoding="utf-8")
    licence = re.search(r"\*\*Licence\*\*: ([^(,;:.]+(?:\.\d)?)", text)
    example = re.search(r"^    (wavenet .*)$", text, re.MULTILINE)
    return {
        "licence": licence[1].strip() if licence else "",
        "example": example[1] if example else "",
    }


def find_model(path: str | os.PathLike) -> Path:
    """The path of a model given by path or by the name of a shipped one.

    A file or folder that is no model does not hide the shipped one of its name.

    Raises
    ------
    FileNotFoundError
        There is neither; the sentence lists the shipped models.
    """
    place = Path(path)
    is_model = place.suffix == ".safetensors" or (place / "config.json").is_file()
    if str(path) in shipped_models() and not is_model:
        return _FOLDER / place
    if place.exists():
        return place
    raise FileNotFoundError(
        f"no model at {path}; shipped models: {', '.join(shipped_models()) or 'none'}"
    )

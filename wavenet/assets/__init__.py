"""The models that are shipped with the package."""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = Path(__file__).parent


def shipped_models() -> list[str]:
    """Names of the shipped models, each of which `wavenet.load` takes."""
    return sorted(path.parent.name for path in _FOLDER.glob("*/config.json"))


def shipped_folder(name: str) -> Path:
    """Folder of a shipped model."""
    return _FOLDER / name


def model_card(name: str) -> dict[str, str]:
    """The `licence` of a shipped model and an `example` command, from its README."""
    text = (_FOLDER / name / "README.md").read_text(encoding="utf-8")
    licence = re.search(r"\*\*Licence\*\*: ([^(,;:.]+(?:\.\d)?)", text)
    example = re.search(r"^    (wavenet .*)$", text, re.MULTILINE)
    return {
        "licence": licence[1].strip() if licence else "",
        "example": example[1] if example else "",
    }

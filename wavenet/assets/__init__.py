"""The models that are shipped with the package."""

from __future__ import annotations

import os
from pathlib import Path

_FOLDER = Path(__file__).parent


def shipped_models() -> list[str]:
    """Names of the shipped models, each of which `wavenet.load` takes."""
    return sorted(path.parent.name for path in _FOLDER.glob("*/config.json"))


def find_model(path: str | os.PathLike) -> Path:
    """The path of a model given by path or by the name of a shipped one.

    Raises
    ------
    FileNotFoundError
        There is neither; the sentence lists the shipped models.
    """
    if Path(path).exists():
        return Path(path)
    if str(path) in shipped_models():
        return _FOLDER / str(path)
    raise FileNotFoundError(
        f"no model at {path}; shipped models: {', '.join(shipped_models()) or 'none'}"
    )

"""Small recordings made in code."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 8000


def tone(frequency: float, seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    return 0.5 * np.sin(2 * np.pi * frequency * time)


@pytest.fixture
def recordings(tmp_path) -> Path:
    """Six files of a second, and a manifest of words of two speakers in them."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    rows = ["path,speaker,text,start,end"]
    for i in range(6):
        soundfile.write(folder / f"{i}.wav", tone(200 + 50 * i, 1.0), RATE)
        speaker = "ann" if i % 2 else "bob"
        rows += [f"{i}.wav,{speaker},x,0,0.3", f"{i}.wav,{speaker},y,0.35,0.8"]
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def hold_out() -> Callable[[Path, int], Path]:
    """`hold_out(recordings, i)`: a manifest of `recordings`, the i-th alone for validation."""

    def write(folder: Path, held: int) -> Path:
        rows = [f"{i}.wav,{'validation' if i == held else 'train'}" for i in range(6)]
        (folder / "split.csv").write_text("\n".join(["path,split", *rows]) + "\n")
        return folder / "split.csv"

    return write


@pytest.fixture
def small_model() -> dict:
    return {
        "sample_rate": RATE,
        "dilations": [1, 2, 4, 8],
        "residual_channels": 8,
        "gate_channels": 16,
        "skip_channels": 8,
    }


@pytest.fixture
def small_run() -> dict:
    return {
        "steps": 4, "batch_size": 2, "window": 800, "warmup_steps": 2, "validate_every": 2,
        "save_every": 2,
    }  # fmt: skip

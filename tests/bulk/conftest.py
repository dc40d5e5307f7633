"""A small model and a manifest for it."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.models import WaveNet

CHANNELS, HOP, RATE = 3, 8, 8000


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """A folder with a conditioned model of two speakers."""
    torch.manual_seed(0)
    config = WaveNetConfig(
        sample_rate=RATE, dilations=(1, 2), residual_channels=8, gate_channels=8, skip_channels=8,
        speakers=("a", "b"), local=LocalConditioning(CHANNELS, HOP, layers=1, hidden_channels=4),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("model")
    WaveNet(config).save_pretrained(path)
    return path


@pytest.fixture
def frames():
    """`frames(n)` feature frames."""
    return lambda n: np.random.default_rng(n).standard_normal((n, CHANNELS)).astype(np.float32)


@pytest.fixture
def write_manifest(tmp_path, frames):
    """Writes a manifest of rows, whose conditions `{n}.npy` are n frames long."""

    def write(rows: list[dict]) -> Path:
        for row in rows:
            stem = Path(str(row.get("condition", ""))).stem
            if stem.isdigit():
                np.save(tmp_path / f"{stem}.npy", frames(int(stem)))
        path = tmp_path / "manifest.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


@contextmanager
def _killing(out: Path, workers: Callable[[], list[int]]) -> Iterator[list[int]]:
    killed: list[int] = []

    def kill():
        while not killed:
            time.sleep(0.01)
            if list(out.glob(".*.wav")):  # a recording is being written
                for process in workers()[:1]:
                    os.kill(process, signal.SIGKILL)
                    killed.append(process)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    yield killed
    thread.join(10)


@pytest.fixture
def killing():
    """`with killing(out, workers) as killed`: the first of `workers()` is killed amid its work."""
    return _killing

"""What a process or a machine does: load the model once, make one recording after the other."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from wavenet.base.validation import sampling_options
from wavenet.bulk.jobs import Job
from wavenet.inference.load import load
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.atomic import explain, remove_temporary
from wavenet.io.audio import audio_writer, read_audio
from wavenet.io.frames import blocks_of_file
from wavenet.io.hub import find_model

_BLOCK = 4096
_SECONDS = 2.0  # where nothing says how long


@dataclass(frozen=True)
class Result:
    """What became of a row: a line of `results.jsonl`.

    Attributes
    ----------
    output
        As in the manifest.
    error
        Why it failed, or None.
    retry
        Whether it may go better another time.
    seconds, elapsed
        Length of the sound and time that it took [s].
    attempts
        How often it was tried.
    worker
        Machine and process.
    """

    output: str
    error: str | None = None
    retry: bool = False
    seconds: float = 0.0
    elapsed: float = 0.0
    attempts: int = 1
    worker: str = ""


@dataclass(frozen=True)
class Setup:
    """What all rows have in common: the model, the output folder, the options of sampling."""

    model: str
    folder: str
    options: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Finds what is wrong with the model or the options before any worker starts."""
        sampling_options(self.load().config, **self.options)

    def load(self) -> WaveNetGenerator:
        """The model on one thread."""
        path = find_model(self.model)
        generator = load(path, threads=1)
        if not isinstance(generator, WaveNetGenerator) or generator.config.series:
            raise ValueError(f"{self.model} is not a WaveNet of audio, which a manifest needs")
        return generator


class Worker:
    """Makes recordings with a model that it loads once."""

    def __init__(self, setup: Setup):
        self.setup = setup
        self.generator = setup.load()
        self.name = f"{platform.node()}/{os.getpid()}"

    def ready(self) -> str:
        """The name, once the model is loaded."""
        return self.name

    def run(self, job: Job) -> Result:
        """Makes one recording; what is wrong with it is said in the result."""
        start = time.monotonic()
        try:
            seconds = self._write(job)
        except Exception as error:  # whatever a row brings, the others continue
            text = " ".join(explain(error).split()) or type(error).__name__
            retry = isinstance(error, OSError) and not isinstance(error, FileNotFoundError)
            return Result(job.output, text, retry, worker=self.name)
        elapsed = round(time.monotonic() - start, 3)
        return Result(job.output, seconds=seconds, elapsed=elapsed, worker=self.name)

    def _write(self, job: Job) -> float:
        path = Path(self.setup.folder) / job.output
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_temporary(path)  # of a worker that died
        n_samples, condition = self._condition(job)
        done = 0
        blocks = self.generator.stream(
            n_samples, _BLOCK, seed=job.seed, speaker=job.speaker, condition=condition,
            **self.setup.options,
        )  # fmt: skip
        with audio_writer(path, self.generator.sample_rate) as write:
            for block in blocks:
                write(block)
                done += len(block)
        return round(done / self.generator.sample_rate, 6)

    def _condition(self, job: Job) -> tuple[int | None, np.ndarray | Iterator | None]:
        """Length in samples, and feature frames."""
        generator, n_samples = self.generator, None
        if job.seconds is not None:
            n_samples = max(1, round(job.seconds * generator.sample_rate))
        if job.text is not None:
            return n_samples, generator.condition_from_text(job.text, job.speaker, job.seed)
        if job.condition is None:
            if generator.config.local is not None:
                raise ValueError("the model needs a text or a condition, and the row has none")
            return n_samples or round(_SECONDS * generator.sample_rate), None
        if generator.config.local is None:
            raise ValueError("this model takes no condition")
        if job.condition.endswith(".npy"):
            _, blocks = blocks_of_file(Path(job.condition), generator.config.local.channels)
            return n_samples, blocks
        y, _ = read_audio(job.condition, generator.sample_rate)
        return n_samples or len(y), generator.condition_from_sound(y)

"""What a training shows and logs: settings, a progress line, a JSON lines log, TensorBoard."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from wavenet.io.atomic import naming
from wavenet.training.config import TrainingConfig

LOG_NAME = "log.jsonl"
_LOG_EVERY = 20  # steps
_SHOW_EVERY = 30.0  # [s], where there is no terminal
_TIMED_STEPS = 2  # after the first one, which is slower
_LONG = 2 * 3600.0  # [s]: a training whose end is worth advice


class Reporter:
    """Shows and logs the loss.

    Parameters
    ----------
    output
        Folder of `log.jsonl` and of TensorBoard's event files.
    first_step
        Where the run starts.
    settings
        The run.
    samples_per_step
        Samples of one step, over all processes.
    console
        Where it shows; where that is quiet, all methods do nothing.
    """

    def __init__(
        self,
        output: Path,
        first_step: int,
        settings: TrainingConfig,
        samples_per_step: int,
        console: Console,
    ):
        self.enabled = not console.quiet
        if not self.enabled:
            return
        self._console, self._settings, self._samples = console, settings, samples_per_step
        self._output, self._first_step = output, first_step
        self._log = open(output / LOG_NAME, "a", encoding="utf-8")
        self._board = _tensorboard(output)
        self._progress = Progress(
            BarColumn(),
            TextColumn("{task.completed}/{task.total} steps"),
            TextColumn("{task.fields[status]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task(
            "train", total=settings.steps, completed=first_step, status=""
        )
        if console.is_terminal:
            self._progress.start()
        self._recent: list[float] = []
        self._loss = self._validation = ""
        self._step = first_step
        self._since = self._last = self._shown = time.monotonic()

    def step(self, step: int, loss: float) -> None:
        """After each step, with its loss [bits per sample]."""
        if not self.enabled:
            return
        self._recent.append(loss)
        self._step, self._last = step, time.monotonic()
        self._progress.update(self._task, completed=step)
        if step == self._first_step + 1:
            self._timed_from = self._last
        if step == self._first_step + 1 + _TIMED_STEPS:
            seconds = (self._last - self._timed_from) / _TIMED_STEPS
            say(self._console, estimate(step, seconds, self._settings))
        if len(self._recent) == _LOG_EVERY:
            self._log_recent()
        if not self._console.is_terminal and self._last - self._shown >= _SHOW_EVERY:
            self._shown = self._last
            self._log_recent()
            say(self._console, f"step {step:,} of {self._settings.steps:,}: {self._loss}")

    def validated(self, step: int, loss: float) -> None:
        """After a validation, with its loss [bits per sample]."""
        if not self.enabled:
            return
        self._validation = f" (validation {loss:.3f})"
        self._log_recent()
        self._since = time.monotonic()
        self._write(step, validation_loss=loss)

    def close(self) -> None:
        """Ends the display, says what is written, and closes the log."""
        if not self.enabled:
            return
        self._log_recent()
        if self._progress.live.is_started:
            self._progress.stop()
        if self._loss:
            say(self._console, f"{self._output}: step {self._step:,}, {self._loss}")
        self._log.close()
        if self._board:
            self._board.close()

    def _log_recent(self) -> None:
        """Logs and shows the mean loss since the last time."""
        if not self._recent:
            return
        mean = sum(self._recent) / len(self._recent)
        speed = len(self._recent) * self._samples / (self._last - self._since)
        self._recent, self._since = [], self._last
        self._write(self._step, loss=mean, samples_per_second=speed)
        self._loss = f"{mean:.3f} bits per sample{self._validation}, {speed:,.0f} samples/s"
        self._progress.update(self._task, status=self._loss)

    def _write(self, step: int, **values: float) -> None:
        with naming(self._log.name):
            self._log.write(json.dumps({"step": step, "time": time.time(), **values}) + "\n")
            self._log.flush()
        if self._board:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)


def say(console: Console, sentence: str) -> None:
    """Shows a sentence as it is; what stands in brackets, as in names of files, too."""
    console.print(sentence, highlight=False, soft_wrap=True, markup=False)


def estimate(step: int, seconds: float, settings: TrainingConfig) -> str:
    """When a run ends whose steps take so many seconds, and what to do if that is late."""
    left = seconds * (settings.steps - step)
    speed = f"{settings.steps:,} steps at {1 / seconds:.3g} steps/s"
    if settings.minutes:
        steps = round(60 * settings.minutes / seconds)
        return f"{min(steps, settings.steps):,} steps in {settings.minutes:g} minutes: {speed}"
    advice = "; try --minutes 60 or --preset small" if left > _LONG else ""
    return f"{speed}: ends in {duration(left)}{advice}"


def duration(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def settings_in_words(title: str, settings: Any) -> str:
    """All settings of a dataclass that are plain values, and the kinds of those that are not."""
    parts = []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, tuple):
            value = " ".join(map(str, value))
        elif dataclasses.is_dataclass(value):
            value = getattr(value, "kind", "given")
        if value not in (None, "") and field.name != "kind":
            parts.append(f"{field.name} {value}")
    return f"{title}: {', '.join(parts)}"


def baselines_in_words(bits: dict[str, float]) -> str:
    """What simple codes need, as a scale for the losses to come."""
    parts = [f"{name} {value:.2f}" for name, value in bits.items()]
    return f"bits per sample without a model: {', '.join(parts)}" if parts else ""


def _tensorboard(output: Path) -> Any:
    """A TensorBoard writer, or None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(output / "tensorboard"))

"""What a training run shows and logs: a progress line, a JSON lines log, TensorBoard."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LOG_NAME = "log.jsonl"
_LOG_EVERY = 20  # steps


class Reporter:
    """Shows and logs the loss; silent (all methods do nothing) with `enabled=False`.

    Parameters
    ----------
    output
        Folder of `log.jsonl` and of TensorBoard's event files.
    first_step, steps
        Where the run starts, and its last step.
    samples_per_step
        Samples of one step, over all processes.
    """

    def __init__(
        self,
        output: Path,
        first_step: int,
        steps: int,
        samples_per_step: int,
        enabled: bool = True,
    ):
        self.enabled = enabled
        if not enabled:
            return
        self._samples = samples_per_step
        self._log = open(output / LOG_NAME, "a", encoding="utf-8")
        self._board = _tensorboard(output)
        self._progress = Progress(
            BarColumn(),
            TextColumn("{task.completed}/{task.total} steps"),
            TextColumn("{task.fields[status]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task("train", total=steps, completed=first_step, status="")
        self._progress.start()
        self._recent: list[float] = []
        self._validation = ""
        self._since = self._last = time.monotonic()

    def step(self, step: int, loss: float) -> None:
        """After each step, with its loss [bits per sample]."""
        if not self.enabled:
            return
        self._recent.append(loss)
        self._step, self._last = step, time.monotonic()
        self._progress.update(self._task, completed=step)
        if len(self._recent) == _LOG_EVERY:
            self._log_recent()

    def validated(self, step: int, loss: float) -> None:
        """After a validation, with its loss [bits per sample]."""
        if not self.enabled:
            return
        self._validation = f" (validation {loss:.3f})"
        self._log_recent()
        self._since = time.monotonic()
        self._write(step, validation_loss=loss)

    def close(self) -> None:
        """Ends the display and closes the log."""
        if not self.enabled:
            return
        self._log_recent()
        self._progress.stop()
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
        status = f"{mean:.3f} bits per sample{self._validation}, {speed:,.0f} samples/s"
        self._progress.update(self._task, status=status)

    def _write(self, step: int, **values: float) -> None:
        self._log.write(json.dumps({"step": step, "time": time.time(), **values}) + "\n")
        self._log.flush()
        if self._board:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)


def _tensorboard(output: Path) -> Any:
    """A TensorBoard writer, or None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(output / "tensorboard"))

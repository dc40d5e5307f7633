"""The training loop: plain torch, on a CPU, a GPU, or several processes under torchrun."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed
from torch.nn.parallel import DistributedDataParallel

from wavenet.io.model_file import save_model
from wavenet.training.checkpoint import load_checkpoint, save_checkpoint
from wavenet.training.config import TrainingConfig
from wavenet.training.progress import Reporter
from wavenet.training.task import Task

_WARMUP_SHARE = 0.1  # of a run of limited time


class Trainer:
    """Trains a model and keeps a checkpoint and a usable model in the output folder.

    Parameters
    ----------
    task
        The model, the sequences and the loss.
    settings
        The run.
    output
        Folder of the checkpoint, the log and the exported model.

    Notes
    -----
    Under torchrun every process takes its part of each batch, so that the run follows that of one
    process with the same settings.
    """

    def __init__(self, task: Task, settings: TrainingConfig, output: Path):
        self.task = task
        self.settings = settings
        self.output = output
        self.rank = distributed.get_rank() if distributed.is_initialized() else 0
        self.processes = distributed.get_world_size() if distributed.is_initialized() else 1
        if settings.batch_size % self.processes:
            raise ValueError(
                f"batch_size {settings.batch_size} is not a multiple of {self.processes} processes"
            )
        self.device = _device(settings.device)
        with self._own_randomness():
            torch.manual_seed(settings.seed)
            self.model = task.make_model().to(self.device)
        self.average = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.forward = torch.compile(self.model) if settings.compile else self.model
        if distributed.is_initialized():
            self.forward = DistributedDataParallel(self.forward)
        self.step, self.seconds = 0, 0.0

    def resume(self) -> None:
        """Goes on from the checkpoint in the output folder."""
        self.step, self.seconds = load_checkpoint(
            self.output, self.model, self.average, self.optimizer
        )

    @property
    def budget_spent(self) -> float:
        """Share of the run's time that is over; 0 where the time is not limited."""
        minutes = self.settings.minutes
        return self.seconds / (60 * minutes) if minutes else 0.0

    def run(self, reporter: Reporter) -> bool:
        """Trains to the last step; False if a signal stopped it before. Saves either way."""
        if self.budget_spent >= 1:
            return True
        started = time.monotonic() - self.seconds
        with _stop_signals(self.rank == 0) as stopped, self._own_randomness():
            for batch in self._batches():
                loss, stop = self._train_step(batch, bool(stopped), time.monotonic() - started)
                self.step += 1
                reporter.step(self.step, loss)
                last = self.step == self.settings.steps or self.budget_spent >= 1
                if last or (self.step % self.settings.validate_every == 0 and not stop):
                    self._validate(reporter, stopped)
                if last or stop or self.step % self.settings.save_every == 0:
                    self.save()
                if stop or last:
                    return last
        return True

    def save(self) -> None:
        """Writes the checkpoint, and the averaged weights as a model."""
        if self.rank == 0:
            save_checkpoint(
                self.output, self.step, self.seconds,
                self.model, self.average, self.optimizer, self.settings,
            )  # fmt: skip
            weights = {name: value.cpu().numpy() for name, value in self.average.items()}
            save_model(self.output, self.model.config, weights)

    def _own_randomness(self) -> AbstractContextManager[None]:
        """Gives the caller's state of torch's random numbers back at the end."""
        return torch.random.fork_rng([self.device] if self.device.type == "cuda" else [])

    def _batches(self) -> Iterator[Any]:
        """The batches of the steps to come, each made while the one before it is trained on."""
        count = self.settings.batch_size // self.processes
        places = range(self.rank * count, (self.rank + 1) * count)
        with ThreadPoolExecutor(1) as pool:
            following = pool.submit(self.task.sampler.batch, self.step, places)
            for step in range(self.step, self.settings.steps):
                batch = following.result()
                following = pool.submit(self.task.sampler.batch, step + 1, places)
                yield batch

    def _train_step(self, batch: Any, stopped: bool, seconds: float) -> tuple[float, bool]:
        """One optimizer step; returns the loss [bits per sample], and if any process is stopped.

        That all of them know it, and the time, at the same step keeps them from waiting for each
        other, and their rates equal.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.settings, self.step, self.budget_spent)
        # Dropout too is a function of the step, so that a resumed run is the same.
        torch.manual_seed((self.settings.seed * 1_000_003 + self.step) * 1_009 + self.rank)
        self.optimizer.zero_grad(set_to_none=True)
        nats, count = self._nats(self.forward, batch)
        # Gradients are averaged over processes: weigh each by its share of the counted samples.
        total = self._sum_over_processes(count)
        (nats * (self.processes / total)).backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.gradient_clip)
        if not torch.isfinite(norm):
            raise RuntimeError(
                f"the gradient is not finite at step {self.step}; the last checkpoint is kept: "
                "resume with a lower learning rate or float32 precision"
            )
        self.optimizer.step()
        self._update_average()
        sums = torch.stack([nats.detach(), *nats.new_tensor([stopped, seconds])])
        nats_of_all, stopped_processes, all_seconds = self._sum_over_processes(sums).tolist()
        self.seconds = all_seconds / self.processes
        return nats_of_all / float(total) / math.log(2), stopped_processes > 0

    def _nats(self, model: Callable[..., Any], batch: Any) -> tuple[Tensor, Tensor]:
        """Summed negative log-likelihood of the counted samples, and their number."""

        def forward(*inputs: Tensor | None) -> Any:
            with self._autocast():
                return model(*inputs)

        losses, counted = self.task.losses(forward, batch, self.device)
        return (losses * counted).sum(), counted.sum()

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.settings.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def _update_average(self) -> None:
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        weights = self.model.state_dict()
        names = list(self.average)
        with torch.no_grad():
            torch._foreach_lerp_(
                [self.average[name] for name in names], [weights[name] for name in names], 1 - decay
            )

    def _validate(self, reporter: Reporter, stopped: list[int]) -> None:
        """Bits per sample of the averaged weights on the validation data; a signal ends it."""
        if not self.task.validation:
            return
        nats = count = 0.0
        with torch.no_grad(), self._averaged_weights():
            for batch in self.task.validation[self.rank :: self.processes]:
                if stopped:
                    break
                batch_nats, batch_count = self._nats(self.model, batch)
                nats += float(batch_nats)
                count += float(batch_count)
        sums = torch.tensor([nats, count, len(stopped)], dtype=torch.float64, device=self.device)
        nats, count, signals = self._sum_over_processes(sums).tolist()
        if not signals:
            reporter.validated(self.step, nats / count / math.log(2))

    @contextmanager
    def _averaged_weights(self) -> Iterator[None]:
        present = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.model.load_state_dict(self.average)
        self.model.eval()
        yield
        self.model.train()
        self.model.load_state_dict(present)

    def _sum_over_processes(self, value: Tensor) -> Tensor:
        if distributed.is_initialized():
            value = value.clone()
            distributed.all_reduce(value)
        return value


def learning_rate(settings: TrainingConfig, step: int, budget_spent: float = 0.0) -> float:
    """Linear warm-up, then half a cosine down to a fraction; by steps or by time, what is further.

    `budget_spent` is the share of `settings.minutes` that is over.
    """
    warmup = settings.warmup_steps
    risen = max((step + 1) / warmup if warmup else 1.0, budget_spent / _WARMUP_SHARE)
    done = (step - warmup) / max(1, settings.steps - warmup)
    done = max(done, (budget_spent - _WARMUP_SHARE) / (1 - _WARMUP_SHARE))
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, done))))
    final = settings.final_learning_rate
    return settings.learning_rate * min(1.0, risen) * (final + (1 - final) * cosine)


def _device(name: str) -> torch.device:
    if name != "auto":
        return torch.device(name)
    if not torch.cuda.is_available():
        return torch.device("cpu")
    if distributed.is_initialized():
        return torch.device("cuda", distributed.get_node_local_rank())
    return torch.device("cuda")


@contextmanager
def _stop_signals(announced: bool) -> Iterator[list[int]]:
    """A list that receives the interrupt and termination signals which come meanwhile.

    The second Ctrl-C is a KeyboardInterrupt. In other threads than the main one there are none.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    signals = (signal.SIGINT, signal.SIGTERM)

    def receive(number: int, frame: object) -> None:
        if number == signal.SIGINT and number in received:
            raise KeyboardInterrupt
        received.append(number)
        if announced and number == signal.SIGINT:
            os.write(2, b"\nwavenet: stopping after this step; again to stop now\n")

    before = [signal.signal(number, receive) for number in signals]
    try:
        yield received
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)

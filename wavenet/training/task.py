"""What a training run is about: the model, the sequences, the loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from wavenet.models import RecurrentModel, WaveNet
from wavenet.models.losses import recurrent_nll, wavenet_nll
from wavenet.training.data.sequences import Batch
from wavenet.training.data.windows import Windows


class Sampler(Protocol):
    """Draws the sequences of every step from (seed, step, place in the batch) alone."""

    @property
    def length(self) -> int:
        """Samples of a sequence."""

    def batch(self, step: int, places: range) -> Any:
        """The sequences at these places of the batch of a step."""


@dataclass
class Task(ABC):
    """A model and the data that it learns.

    Parameters
    ----------
    config
        The model's configuration, completed by what the data say.
    sampler
        Sampler of the training sequences.
    validation
        Batches, or none.
    data
        What there is to train on, in words.
    baselines
        Bits per sample of simple codes for the data held out; none for vectors.
    tensors
        Those of the model that do not start at random.
    """

    config: Any
    sampler: Sampler
    validation: list[Any]
    data: str
    baselines: dict[str, float] = field(default_factory=dict)
    tensors: dict[str, np.ndarray] = field(default_factory=dict)

    module: ClassVar[type[nn.Module]]

    def make_model(self) -> nn.Module:
        """The model as the run starts."""
        model = self.module(self.config)
        tensors = {name: torch.from_numpy(value) for name, value in self.tensors.items()}
        model.load_state_dict(tensors, strict=False)
        return model

    @abstractmethod
    def losses(
        self, forward: Callable[..., Any], batch: Any, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood `(B, T)` of the samples of a batch [nats], and their weights.

        `forward` is the model in the precision of the run.
        """

    def describe(self, model: nn.Module) -> str:
        """The model and the data, in a sentence."""
        parameters = sum(p.numel() for p in model.parameters())
        return f"{parameters:,} parameters, {self._memory()}; {self.data}"

    @abstractmethod
    def _memory(self) -> str:
        """What the model remembers, in words."""


class WaveNetTask(Task):
    """Sequences for a WaveNet."""

    module = WaveNet

    def losses(
        self, forward: Callable[..., Tensor], batch: Batch, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """As of `Task`."""
        inputs, targets = to_device(batch.inputs, device), to_device(batch.targets, device)
        speakers = to_device(batch.speakers, device) if self.config.speakers else None
        outputs = forward(inputs, speakers, None, to_device(batch.frames, device))
        losses = wavenet_nll(outputs.float(), targets, self.config)
        return losses, to_device(batch.weights, device)

    def _memory(self) -> str:
        field = self.config.receptive_field
        if self.config.series:
            return f"receptive field {field // len(self.config.series.targets)} rows"
        return f"receptive field {field} samples ({1000 * field / self.config.sample_rate:.0f} ms)"


class RecurrentTask(Task):
    """Windows for a recurrent model."""

    module = RecurrentModel

    def losses(
        self, forward: Callable[..., Any], batch: Windows, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """As of `Task`."""
        inputs = to_device(batch.inputs, device) if self.config.feedback else None
        outputs, _ = forward(inputs, to_device(batch.covariates, device))
        losses = recurrent_nll(outputs.float(), to_device(batch.targets, device), self.config)
        return losses, to_device(batch.counted, device)

    def _memory(self) -> str:
        return f"{self.config.layers} x {self.config.hidden_size} units ({self.config.cell})"


def to_device(array: np.ndarray | None, device: torch.device) -> Tensor | None:
    """An array as a tensor on a device."""
    if array is None:
        return None
    return torch.from_numpy(np.ascontiguousarray(array)).to(device, non_blocking=True)

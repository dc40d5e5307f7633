"""What a training run is about: the model, the sequences, the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn


class Sampler(Protocol):
    """Draws the sequences of every step from (seed, step, place in the batch) alone."""

    @property
    def length(self) -> int:
        """Samples of a sequence."""

    def batch(self, step: int, places: range) -> Any:
        """The sequences at these places of the batch of a step."""


class Task(Protocol):
    """A model and the data that it learns.

    Attributes
    ----------
    config
        The model's configuration, completed by what the data say.
    sampler
        Sampler of the training sequences.
    validation
        Batches, or none.
    """

    @property
    def config(self) -> Any: ...

    @property
    def sampler(self) -> Sampler: ...

    @property
    def validation(self) -> list[Any]: ...

    def make_model(self) -> nn.Module:
        """The untrained model; it has `config`."""

    def losses(
        self, forward: Callable[..., Any], batch: Any, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood `(B, T)` of the samples of a batch [nats], and which count.

        `forward` is the model in the precision of the run.
        """

    def baselines(self) -> dict[str, float]:
        """Bits per sample of simple codes for the data held out; none for vectors."""

    def describe(self, model: nn.Module) -> str:
        """The model and the data, in a sentence."""


def to_device(array: np.ndarray | None, device: torch.device) -> Tensor | None:
    """An array as a tensor on a device."""
    if array is None:
        return None
    return torch.from_numpy(np.ascontiguousarray(array)).to(device, non_blocking=True)

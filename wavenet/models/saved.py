"""What torch modules of a model file have in common: saving, loading, their tensors as arrays."""

from __future__ import annotations

import os
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import nn

from wavenet.io.hub import HubMixin, find_model
from wavenet.io.model_file import load_model, save_model


class SavedModule(HubMixin, nn.Module):
    """A module whose `config`, of the class `config_type`, the model file holds."""

    config_type: ClassVar[Any]
    config: Any

    def save_pretrained(self, directory: str | os.PathLike) -> None:
        """Writes the model file."""
        save_model(directory, self.config, self.arrays())

    @classmethod
    def from_pretrained(cls, path: str | os.PathLike) -> Self:
        """Reads a model file: any `path` that `wavenet.load` takes, of a model of this kind."""
        config, arrays = load_model(find_model(path))
        if not isinstance(config, cls.config_type):
            raise ValueError(
                f"{path} holds a {config.kind} model, not a {cls.config_type.kind} one"
            )
        model = cls(config)
        model.load_arrays(arrays)
        return model

    def load_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Takes weights as `load_model` returns them.

        Ranges of activations too only where the precision is "int8": others would not fit the
        weights any more once these are trained.
        """
        names = self.config.tensor_shapes()
        self.load_state_dict({name: torch.from_numpy(arrays[name]) for name in names})

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights as `save_model` and the generators take them."""
        return {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}

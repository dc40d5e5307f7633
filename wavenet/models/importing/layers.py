"""What the mappings of other projects' checkpoints share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wavenet.config import WaveNetConfig

Array = NDArray[np.floating]
_LARGE = 1e300


@dataclass(frozen=True)
class Imported:
    """A model of another project in our terms.

    Attributes
    ----------
    project
        Where it comes from.
    config, tensors
        As for `wavenet.io.model_file.save_model`.
    notes
        Sentences on what the model file does not hold.
    """

    project: str
    config: WaveNetConfig
    tensors: dict[str, np.ndarray]
    notes: tuple[str, ...] = ()


class PeerTensors:
    """The weights of a checkpoint, each of which must be asked for.

    A tensor that no mapping knows would change the model's output: it is refused.
    """

    def __init__(self, tensors: dict[str, np.ndarray], where: str):
        self._tensors = tensors
        self._where = where
        self._used: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def take(self, name: str, shape: tuple[int | None, ...]) -> Array:
        """A tensor in double precision; None stands for any length of an axis."""
        if name not in self._tensors:
            raise ValueError(f"{self._where} lacks the tensor {name!r}")
        value = self._tensors[name]
        fits = value.ndim == len(shape) and all(
            wanted in (None, found) for wanted, found in zip(shape, value.shape, strict=True)
        )
        if not fits:
            raise ValueError(
                f"{self._where}: tensor {name!r} has shape {value.shape}; the settings ask for "
                f"{tuple('any' if n is None else n for n in shape)}"
            )
        self._used.add(name)
        return value.astype(np.float64)

    def bias(self, name: str, size: int) -> Array:
        """A bias, zeros where the layer has none."""
        return self.take(name, (size,)) if name in self else np.zeros(size)

    def refuse_unused(self, project: str) -> None:
        """Refuses a checkpoint with more in it than was taken."""
        surplus = sorted(set(self._tensors) - self._used)
        if surplus:
            raise ValueError(
                f"{self._where} has the tensor {surplus[0]!r}, which a model of {project} with "
                "these settings has not"
            )


class Settings:
    """Hyper-parameters by their names, with their types checked."""

    def __init__(self, values: dict[str, Any], defaults: dict[str, Any]):
        self._values = values
        self._defaults = defaults

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def integer(self, name: str) -> int:
        """A whole number; true and false are none."""
        value = self._get(name)
        if type(value) is not int and not (type(value) is float and value.is_integer()):
            raise ValueError(f"the setting {name} must be a whole number, got {value!r}")
        return int(value)

    def number(self, name: str) -> float:
        """A number."""
        value = self._get(name)
        if type(value) not in (int, float) or not abs(value) < _LARGE:
            raise ValueError(f"the setting {name} must be a number, got {value!r}")
        return float(value)

    def number_or_none(self, name: str) -> float | None:
        """A number, or null."""
        return None if self._get(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        """True or false, also as 1 or 0."""
        value = self._get(name)
        if value not in (True, False):
            raise ValueError(f"the setting {name} must be true or false, got {value!r}")
        return bool(value)

    def text(self, name: str) -> str:
        """A string; null is an empty one."""
        value = self._get(name)
        if value is not None and not isinstance(value, str):
            raise ValueError(f"the setting {name} must be a string, got {value!r}")
        return value or ""

    def factors(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        value = self._get(name)
        if not isinstance(value, list) or not all(type(v) is int for v in value):
            raise ValueError(f"the setting {name} must be a list of whole numbers, got {value!r}")
        return tuple(value)

    def group(self, name: str) -> dict[str, Any]:
        """Settings by their names."""
        value = self._get(name)
        if not isinstance(value, dict):
            raise ValueError(f"the setting {name} must hold settings by names, got {value!r}")
        return value

    def _get(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        if name not in self._defaults:
            raise ValueError(f"the settings lack {name!r}")
        return self._defaults[name]


def dilations_of(layers: int, stacks: int) -> tuple[int, ...]:
    """1, 2, 4, ... in each of the stacks."""
    if not 1 <= stacks <= layers <= 1024 or layers % stacks:
        raise ValueError(f"{layers} layers cannot be divided in {stacks} stacks")
    if layers // stacks > 17:
        raise ValueError(f"{layers // stacks} doubled dilations in a stack; 17 are the most")
    return tuple(2**i for i in range(layers // stacks)) * stacks

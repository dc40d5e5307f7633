"""Checkpoints and settings as other projects write them, read without executing anything."""

from __future__ import annotations

import pickle
import threading
from argparse import Namespace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wavenet.io.atomic import explain
from wavenet.io.rows import parse_json

_SETTINGS_BYTES = 2**20
_LOADING = threading.Lock()
_arrays = import_module("numpy._core.multiarray")  # private to NumPy's own type stubs
# Plain values beside the weights: numbers of NumPy in the state of an optimizer.
_HARMLESS = [
    np.dtype, np.ndarray, _arrays.scalar, _arrays._reconstruct,
    *(type(np.dtype(name)) for name in ("float64", "float32", "int64", "int32")),
]  # fmt: skip


def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """Weights by their names, float32, with the weight normalization folded.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It holds anything but tensors and plain values, no weights, or values that are not finite.
    """
    values = _load(path, _HARMLESS)
    weights = values
    for key in ("state_dict", "model"):
        if isinstance(values, dict) and isinstance(values.get(key), dict):
            weights = values[key]
            break
    if not isinstance(weights, dict) or not weights:
        raise ValueError(f"{path} holds no weights (a state_dict)")
    tensors = {}
    for name, value in weights.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise ValueError(f"{path}: {name!r} is not a tensor but {type(value).__name__}")
        if value.layout != torch.strided or value.is_complex():
            raise ValueError(f"{path}: {name!r} is not a plain tensor of real numbers")
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise ValueError(f"{path}: {name!r} claims more numbers than the file has")
        if not torch.isfinite(value).all():
            raise ValueError(f"{path}: {name!r} has values that are not finite")
        tensors[name.removeprefix("module.")] = value.detach().double().numpy()
    return {name: value.astype(np.float32) for name, value in _fold(tensors, path).items()}


def read_settings(path: Path) -> dict[str, Any]:
    """Hyper-parameters from a JSON object, or from the `model.conf` of PytorchWaveNetVocoder."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    if path.suffix == ".conf":
        values = _load(path, [Namespace])
        values = vars(values) if isinstance(values, Namespace) else values
    else:
        if path.stat().st_size > _SETTINGS_BYTES:
            raise ValueError(f"{path} is larger than settings can be ({_SETTINGS_BYTES} bytes)")
        values = parse_json(path.read_bytes(), path)
    if not isinstance(values, dict):
        raise ValueError(f"{path} is not an object with settings by their names")
    return values


def _load(path: Path, harmless: list[Any]) -> Any:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        with _LOADING:  # torch has one list of what is harmless for the whole process
            known = set(torch.serialization.get_safe_globals())
            with torch.serialization.safe_globals([one for one in harmless if one not in known]):
                return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} is refused: it is damaged, or holds more than tensors and plain values, which "
            f"could run code ({_cause(error)})"
        ) from None
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, TypeError, AttributeError,
            IndexError, AssertionError) as error:  # fmt: skip
        raise ValueError(
            f"{path} is not a file of torch.save, or is cut off: {_cause(error)}"
        ) from None


def _cause(error: Exception) -> str:
    """The line of torch's message that names what was found, or its first sentence."""
    lines = [line.strip() for line in explain(error).splitlines() if line.strip()]
    named = next((line for line in lines if "GLOBAL" in line or "Unsupported" in line), None)
    return (named or (lines[0].split(". ")[0] if lines else "it ends too early"))[:200]


def _fold(tensors: dict[str, np.ndarray], path: Path) -> dict[str, np.ndarray]:
    """weight = g v / |v| over all axes but the first, in its old and its present spelling."""
    spellings = (
        (".weight_g", ".weight_v"),
        (".parametrizations.weight.original0", ".parametrizations.weight.original1"),
    )
    folded = dict(tensors)
    for magnitude, direction in spellings:
        for name in [name for name in tensors if name.endswith(direction)]:
            layer = name.removesuffix(direction)
            v = folded.pop(name)
            g = folded.pop(layer + magnitude, None)
            if g is None or g.shape != (len(v), *(1,) * (v.ndim - 1)):
                raise ValueError(f"{path}: the weight normalization of {layer} is not complete")
            norm = np.sqrt((v * v).sum(axis=tuple(range(1, v.ndim)), keepdims=True))
            if not norm.all():
                raise ValueError(f"{path}: a weight of {layer} has no direction (all zeros)")
            folded[layer + ".weight"] = g * v / norm
    return folded

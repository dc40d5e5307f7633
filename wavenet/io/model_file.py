"""The model file: a folder with `config.json` and `model.safetensors`, or one `.safetensors` file.

The configuration also lies in the metadata of the safetensors file, so that this file alone is a
whole model. Nothing here unpickles, and no tensor is read before its shape is found to be the one
that the configuration asks for.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize, safe_open

from wavenet.config import serialization
from wavenet.io.atomic import atomic_path
from wavenet.io.reduced_precision import from_bfloat16, from_int8, to_bfloat16, to_int8
from wavenet.io.rows import parse_json

FORMAT_VERSION = 1
_CONFIG_BYTES = 16 * 2**20
# Names of types in the file; an array of uint16 holds bfloat16 (`wavenet.io.reduced_precision`).
_DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "uint16": "BF16", "int8": "I8"}


def save_model(directory: str | os.PathLike, config: Any, tensors: dict[str, np.ndarray]) -> None:
    """Writes a model folder; each of its files appears whole or not at all.

    Parameters
    ----------
    directory
        The folder, made if it is not there.
    config
        A configuration dataclass, as `wavenet.config.WaveNetConfig`.
    tensors
        Weights under the names, and of the shapes, of `config.tensor_shapes()`; and where a WaveNet
        is calibrated for 8 bits, those of `config.range_shapes()`.

    Raises
    ------
    ValueError
        A missing, surplus, misshapen or non-finite tensor, or one that is no float.
    """
    _check_finite(tensors, str(directory))
    tensors = _reduced(tensors, config)
    directory = Path(directory)
    _check_shapes({name: value.shape for name, value in tensors.items()}, config, str(directory))
    dtypes = {n: _DTYPES.get(v.dtype.name, v.dtype.name) for n, v in tensors.items()}
    _check_dtypes(dtypes, config, directory)
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format_version": FORMAT_VERSION, **serialization.to_dict(config)}, indent=1)
    content = _serialize(tensors, {"config": text})
    with atomic_path(directory / "model.safetensors") as path:
        path.write_bytes(content)
    with atomic_path(directory / "config.json") as path:
        path.write_text(text + "\n", encoding="utf-8")


def load_config(path: str | os.PathLike) -> Any:
    """The configuration of a model folder alone; raises as `load_model` does."""
    return _parse_config(_read_config(Path(path) / "config.json"), Path(path))


def load_model(path: str | os.PathLike) -> tuple[Any, dict[str, np.ndarray]]:
    """Reads a model folder or a single `.safetensors` file.

    Returns
    -------
    config, tensors
        The configuration dataclass and the weights, float32.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is not a model of this format, or its parts do not match; the sentence says what.
    """
    path = Path(path)
    weights = path / "model.safetensors" if path.is_dir() else path
    if not weights.is_file():
        raise FileNotFoundError(f"no model at {path}: {weights} does not exist")
    try:
        with safe_open(weights, framework="numpy") as file:
            text = _read_config(path / "config.json") if path.is_dir() else _metadata(file, path)
            config = _parse_config(text, path)
            slices = {name: file.get_slice(name) for name in file.keys()}
            _check_shapes({n: tuple(s.get_shape()) for n, s in slices.items()}, config, str(path))
            _check_dtypes({n: s.get_dtype() for n, s in slices.items()}, config, path)
            whole = [n for n, s in slices.items() if s.get_dtype() != "BF16"]
            with np.errstate(over="ignore"):
                tensors = {n: np.asarray(slices[n][:], dtype=np.float32) for n in whole}
        if len(whole) < len(slices):
            tensors |= _read_bfloat16(weights)
    except SafetensorError as error:
        raise ValueError(f"{weights} is not a valid safetensors file: {error}") from error
    _restore(tensors, config)
    _check_finite(tensors, str(path))
    return config, tensors


def _read_config(path: Path) -> str:
    if not path.is_file():
        raise FileNotFoundError(f"no model at {path.parent}: {path} does not exist")
    if path.stat().st_size > _CONFIG_BYTES:
        raise ValueError(f"{path} is larger than a configuration can be ({_CONFIG_BYTES} bytes)")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error}") from error


def _metadata(file: Any, path: Path) -> str:
    text = (file.metadata() or {}).get("config")
    if text is None:
        raise ValueError(f"{path} has no configuration in its metadata; give the model's folder")
    return text


def _parse_config(text: str, path: Path) -> Any:
    values = parse_json(text, f"the configuration of {path}")
    if not isinstance(values, dict):
        raise ValueError(f"the configuration of {path} is not a JSON object")
    version = values.pop("format_version", None)
    if version != FORMAT_VERSION:
        raise ValueError(
            f"{path} has format version {version!r}; this version of wavenet reads "
            f"{FORMAT_VERSION}: update wavenet, or save the model again with the present one"
        )
    try:
        return serialization.from_dict(values)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"the configuration of {path} is not usable: {error}") from error


def _serialize(tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    """A safetensors file; written here because its interface for NumPy has no bfloat16."""
    header: dict[str, Any] = {"__metadata__": metadata}
    parts: list[bytes] = []
    end = 0
    for name, value in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        parts.append(value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes())
        start, end = end, end + value.nbytes
        dtype = _DTYPES[value.dtype.name]
        header[name] = {"dtype": dtype, "shape": value.shape, "data_offsets": (start, end)}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the tensors are aligned
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def _read_bfloat16(path: Path) -> dict[str, np.ndarray]:
    """The tensors of bfloat16 of a file, as float32."""
    return {
        name: from_bfloat16(np.frombuffer(part["data"], "<u2").reshape(part["shape"]))
        for name, part in deserialize(path.read_bytes())
        if part["dtype"] == "BF16"
    }


def _reduced_weights(config: Any) -> dict[str, str | None]:
    return config.reduced_weights() if hasattr(config, "reduced_weights") else {}


def _reduced(tensors: dict[str, np.ndarray], config: Any) -> dict[str, np.ndarray]:
    """The tensors as the file has them, for `config.precision`."""
    stored = dict(tensors)
    for name, ranges in _reduced_weights(config).items():
        if name not in tensors or (ranges and ranges not in tensors):
            continue
        if ranges is None:
            stored[name] = to_bfloat16(tensors[name])
        else:
            stored[name], stored[f"{name}.scale"] = to_int8(tensors[name], tensors[ranges])
    return stored


def _restore(tensors: dict[str, np.ndarray], config: Any) -> None:
    """Weights of 8 bits back to float32."""
    for name, ranges in _reduced_weights(config).items():
        if ranges:
            tensors[name] = from_int8(tensors[name], tensors.pop(f"{name}.scale"), tensors[ranges])


def _check_shapes(found: dict[str, tuple[int, ...]], config: Any, where: str) -> None:
    expected = config.tensor_shapes()
    for name, ranges in _reduced_weights(config).items():
        if ranges:
            outputs, _, taps = expected[name]
            expected[f"{name}.scale"] = (outputs, taps)
    optional = config.range_shapes() if hasattr(config, "range_shapes") else {}
    if found.keys() & optional:
        expected |= optional
    for name, shape in expected.items():
        if name not in found:
            raise ValueError(f"{where} lacks the tensor {name!r}")
        if found[name] != shape:
            raise ValueError(
                f"{where}: tensor {name!r} has shape {found[name]}; its configuration asks for "
                f"{shape}"
            )
    surplus = sorted(set(found) - set(expected))
    if surplus:
        raise ValueError(f"{where} has the unknown tensor {surplus[0]!r}")


def _check_dtypes(found: dict[str, str], config: Any, path: Path) -> None:
    """Weights in fewer bits as the precision of the configuration has them, all others floats."""
    reduced = _reduced_weights(config)
    for name, dtype in found.items():
        known = ("I8" if reduced[name] else "BF16",) if name in reduced else ("F32", "F16", "F64")
        if dtype not in known:
            raise ValueError(
                f"{path}: tensor {name!r} has the dtype {dtype}; its configuration asks for "
                f"{' or '.join(known)}"
            )


def _check_finite(tensors: dict[str, np.ndarray], where: str) -> None:
    for name, value in tensors.items():
        if not np.isfinite(value).all():
            raise ValueError(f"{where}: tensor {name!r} has values that are not finite")

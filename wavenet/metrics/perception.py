"""Quality and intelligibility as models of hearing predict them; needs the extra `evaluate`."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import soxr

from wavenet.base.sound import as_samples

PESQ_RATE = 16000


def pesq(reference: np.ndarray, other: np.ndarray, sample_rate: int) -> float:
    """Wide-band PESQ (ITU-T P.862.2), a prediction of the mean opinion score from 1.04 to 4.64.

    Both sounds (n_samples,) are brought to 16 kHz. NaN where it finds no speech.

    Raises
    ------
    ImportError
        The package `pesq` is not installed.
    ValueError
        What is not sound; see `wavenet.base.sound.as_samples`.
    """
    module = _module("pesq")
    a, b = (_resample(y, sample_rate, PESQ_RATE) for y in (reference, other))
    if not (a.any() and b.any()):
        return float("nan")
    try:
        return float(module.pesq(PESQ_RATE, a, b, "wb"))
    except module.PesqError:
        return float("nan")


def stoi(reference: np.ndarray, other: np.ndarray, sample_rate: int) -> float:
    """Short-time objective intelligibility (Taal et al. 2011), from 0 to 1.

    NaN where fewer than 30 frames speak.

    Raises
    ------
    ImportError
        The package `pystoi` is not installed.
    ValueError
        What is not sound; see `wavenet.base.sound.as_samples`.
    """
    _module("pystoi")
    module = importlib.import_module("pystoi.stoi")  # the package hides it behind its function
    size, hop = module.N_FRAME, module.N_FRAME // 2
    a, b = as_samples(reference), as_samples(other)
    if sample_rate != module.FS:
        a, b = (module.utils.resample_oct(y, module.FS, sample_rate) for y in (a, b))
    # Counted here, since pystoi would warn, and filters of warnings are the whole process's.
    spoken = a
    if len(a) > size:
        spoken, _ = module.utils.remove_silent_frames(a, b, module.DYN_RANGE, size, hop)
    if len(range(0, len(spoken) - size, hop)) < module.N:
        return float("nan")
    return float(module.stoi(a, b, module.FS))


def is_available(name: str) -> bool:
    """Whether the package of a measure is installed: "pesq" or "stoi"."""
    try:
        _module({"stoi": "pystoi"}.get(name, name))
    except ImportError:
        return False
    return True


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f'{name} is not installed: pip install "wavenet-engine[evaluate]"'
        ) from error


def _resample(y: np.ndarray, old: int, new: int) -> np.ndarray:
    y = as_samples(y)
    return y if old == new else soxr.resample(y, old, new)

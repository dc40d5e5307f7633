"""Sizes of models that a CPU trains; docs/training.md says how fast."""

from __future__ import annotations

from typing import Any

Preset = dict[str, dict[str, Any]]  # "model" and "training" to settings

_STACK = [2**i for i in range(10)]
WAVENET: dict[str, Preset] = {
    "small": {
        "model": {"dilations": _STACK, "residual_channels": 16, "gate_channels": 32,
                  "skip_channels": 32},
        "training": {"batch_size": 4, "window": 4000},
    },
    "medium": {
        "model": {"dilations": 2 * _STACK, "residual_channels": 32, "gate_channels": 64,
                  "skip_channels": 64},
        "training": {"batch_size": 4, "window": 4000},
    },
    "large": {"model": {}, "training": {"batch_size": 4, "window": 8000}},
}  # fmt: skip
RECURRENT: dict[str, Preset] = {
    "small": {"model": {"layers": 1, "hidden_size": 128}, "training": {"window": 128}},
    "medium": {"model": {"layers": 2, "hidden_size": 256}, "training": {}},
    "large": {"model": {"layers": 2, "hidden_size": 512, "dropout": 0.2}, "training": {}},
}

"""Checkpoints of kan-bayashi/PytorchWaveNetVocoder."""

from __future__ import annotations

from typing import Any

import numpy as np

from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.models.importing.layers import Array, Imported, PeerTensors, Settings, dilations_of

_DEFAULTS = {
    "n_quantize": 256, "n_aux": 28, "n_resch": 512, "n_skipch": 256, "dilation_depth": 10,
    "dilation_repeat": 3, "kernel_size": 2, "upsampling_factor": 80, "use_upsampling_layer": True,
    "fs": 16000,
}  # fmt: skip


def convert(
    tensors: PeerTensors, values: dict[str, Any], statistics: Array | None = None
) -> Imported:
    """The model of a checkpoint with the arguments of its `train.py`, and the sample rate `fs`."""
    if statistics is not None:
        raise ValueError("statistics are of use for mel spectrograms of wavenet_vocoder alone")
    settings = Settings(values, _DEFAULTS)
    residual, skip = settings.integer("n_resch"), settings.integer("n_skipch")
    taps, codes = settings.integer("kernel_size"), settings.integer("n_quantize")
    auxiliary, hop = settings.integer("n_aux"), settings.integer("upsampling_factor")
    repeat, depth = settings.integer("dilation_repeat"), settings.integer("dilation_depth")
    # Older versions pass True and False as 1 and 0.
    learned = settings.flag("use_upsampling_layer")
    local = LocalConditioning(
        auxiliary, hop, layers=0, activation="none",
        upsampling="spread" if learned else "repeat",
        upsampling_factors=(hop,) if learned else (),
    )  # fmt: skip
    config = WaveNetConfig(
        sample_rate=settings.integer("fs"),
        dilations=dilations_of(repeat * depth, repeat),
        kernel_size=taps,
        residual_channels=residual,
        gate_channels=2 * residual,
        skip_channels=skip,
        input_kernel_size=taps,
        quantization_channels=codes,
        local=local,
    )
    weights: dict[str, Array] = {}

    def layer(ours: str, theirs: str, shape: tuple[int, ...]) -> None:
        weights[f"{ours}.weight"] = tensors.take(f"{theirs}.weight", shape)
        weights[f"{ours}.bias"] = tensors.bias(f"{theirs}.bias", shape[0])

    layer("input", "causal.conv", (residual, codes, taps))
    if learned:
        layer("condition.upsamplers.0", "upsampling.conv", (1, 1, 1, hop))
    for i in range(len(config.dilations)):
        halves: list[dict[str, Array]] = []
        for half in ("tanh", "sigmoid"):
            shape = (residual, residual, taps)
            halves.append({
                "dilated": tensors.take(f"dil_{half}.{i}.conv.weight", shape),
                "bias": tensors.bias(f"dil_{half}.{i}.conv.bias", residual)
                + tensors.bias(f"aux_1x1_{half}.{i}.bias", residual),
                "local": tensors.take(f"aux_1x1_{half}.{i}.weight", (residual, auxiliary, 1)),
            })  # fmt: skip
        joined = {name: np.concatenate([part[name] for part in halves]) for name in halves[0]}
        weights[f"blocks.{i}.dilated.weight"] = joined["dilated"]
        weights[f"blocks.{i}.dilated.bias"] = joined["bias"]
        weights[f"blocks.{i}.local_projection.weight"] = joined["local"]
        layer(f"blocks.{i}.skip", f"skip_1x1.{i}", (skip, residual, 1))
        layer(f"blocks.{i}.residual", f"res_1x1.{i}", (residual, residual, 1))
    for name in ("weight", "bias"):  # the last residual leads nowhere
        del weights[f"blocks.{len(config.dilations) - 1}.residual.{name}"]
    layer("hidden", "conv_post_1", (skip, skip, 1))
    layer("output", "conv_post_2", (codes, skip, 1))
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    return Imported("PytorchWaveNetVocoder", config, weights, _notes(settings, config))


def _notes(settings: Settings, config: WaveNetConfig) -> tuple[str, ...]:
    notes = [
        f"Feature frames are those of the project's {config.local.channels} channels, one for "
        f"{config.local.hop_length} samples, standardized by its stats.h5."
    ]
    if "fs" not in settings:
        notes.append(f"The settings have no sample rate (fs); it is taken as {config.sample_rate}.")
    return tuple(notes)

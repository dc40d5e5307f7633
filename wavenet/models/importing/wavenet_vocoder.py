"""Checkpoints of r9y9/wavenet_vocoder, the present form and 0.1.x.

Its blocks scale by sqrt(1/2) behind each residual sum, and its skip sums are scaled too. Both are
folded into the weights: with x_l = s^l h_l, x_(l+1) = s (x_l + r_l) is h_(l+1) = h_l + r_l / s^l.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.features.mel import MEL_PRESETS, MelFeatures
from wavenet.features.statistics import FrameStatistics
from wavenet.models.importing.layers import Array, Imported, PeerTensors, Settings, dilations_of

_SCALE = math.sqrt(0.5)  # s
_LEAST_LOG_SCALE = -30.0  # that a configuration takes; 0.1.x has -32, beyond any audio
_DEFAULTS = {
    "legacy": True,
    "upsample_conditional_features": False,
    "upsample_net": "ConvInUpsampleNetwork",
    "freq_axis_kernel_size": 3,
    "cin_channels": -1,
    "cin_pad": 0,
    "gin_channels": -1,
    "log_scale_min": -16.0,
    "global_gain_scale": 1.0,
    "preprocess": "",
    "window": "hann",
    "win_length": 1024,
    "fft_size": 1024,
    "fmin": 125.0,
    "fmax": 7600.0,
}
_PRE_EMPHASIS = 0.85
_RANGE = 10  # deviations that frames may lie from the mean without a warning


def convert(
    tensors: PeerTensors, values: dict[str, Any], statistics: Array | None = None
) -> Imported:
    """The model of a checkpoint with the settings of its `hparams.json`.

    `statistics` `(2, channels)` are means and deviations of its mel spectrograms.
    """
    settings = Settings(values, _DEFAULTS)
    present = "output_distribution" in settings or "upsample_net.conv_in.weight" in tensors
    layers = settings.integer("layers")
    dilations = dilations_of(layers, settings.integer("stacks"))
    gate = settings.integer("gate_channels")
    global_size = max(0, settings.integer("gin_channels"))
    speakers = _speakers(tensors, global_size)
    local, weights = _local(tensors, settings, present, global_size)
    config = WaveNetConfig(
        sample_rate=settings.integer("sample_rate"),
        dilations=dilations,
        kernel_size=settings.integer("kernel_size"),
        residual_channels=settings.integer("residual_channels"),
        gate_channels=gate,
        skip_channels=settings.integer("skip_out_channels"),
        input_kernel_size=1,
        speakers=tuple(map(str, range(speakers))),
        speaker_channels=global_size or 1,
        global_channels=0 if speakers else global_size,
        local=local,
        features=_features(settings, present, local, statistics),
        noise_shaping=_filter(settings),
        **_output(settings, present),
    )
    if speakers:
        weights["speaker_embedding.weight"] = tensors.take(
            "embed_speakers.weight", (speakers, global_size)
        )
    inputs = 1 if config.input == "scalar" else config.quantization_channels
    _layer(tensors, "first_conv", "input", (config.residual_channels, inputs, 1), weights)
    for i, skip_scale in enumerate(_skip_scales(settings, present, layers)):
        _block(tensors, config, i, skip_scale, weights)
    size = config.skip_channels
    _layer(tensors, "last_conv_layers.1", "hidden", (size, size, 1), weights)
    _layer(tensors, "last_conv_layers.3", "output", (config.output_channels, size, 1), weights)
    weights = {name: value.astype(np.float32) for name, value in weights.items()}
    return Imported("wavenet_vocoder", config, weights, _notes(settings, present, config))


def _speakers(tensors: PeerTensors, global_size: int) -> int:
    if "embed_speakers.weight" not in tensors:
        return 0
    return len(tensors.take("embed_speakers.weight", (None, global_size)))


def _output(settings: Settings, present: bool) -> dict[str, Any]:
    """Fields of the configuration for the input and the output distribution."""
    channels = settings.integer("out_channels")
    kind = settings.text("input_type")
    if kind == "mulaw-quantize":
        # 0.1.x quantized with mu = 256: at most half a code beside "wavenet"
        convention = "nnmnkwii" if present else "wavenet"
        return {"quantization_channels": channels, "mulaw_convention": convention}
    if kind != "raw":
        raise ValueError(f"input_type {kind!r} has no equal here; only raw and mulaw-quantize have")
    distribution = settings.text("output_distribution") if present else "Logistic"
    if distribution not in ("Logistic", "Normal"):
        raise ValueError(f"output_distribution must be Logistic or Normal, got {distribution!r}")
    single = distribution == "Normal" and channels == 2
    if not single and channels % 3:
        raise ValueError(f"out_channels {channels} of a mixture must be a multiple of 3")
    output = "logistic-mixture" if distribution == "Logistic" else "gaussian-mixture"
    return {
        "input": "scalar",
        "output": "gaussian" if single else output,
        "mixtures": 1 if single else channels // 3,
        "log_scale_min": max(_LEAST_LOG_SCALE, settings.number("log_scale_min")),
    }


def _skip_scales(settings: Settings, present: bool, layers: int) -> list[float]:
    """What the skip output of each block is scaled by in their sum."""
    if present:
        return [math.sqrt(1 / layers)] * layers
    if not settings.flag("legacy"):
        return [1.0] * layers
    return [_SCALE ** (layers - max(1, i)) for i in range(layers)]


def _block(
    tensors: PeerTensors,
    config: WaveNetConfig,
    i: int,
    skip_scale: float,
    weights: dict[str, Array],
) -> None:
    gate, half = config.gate_channels, config.gate_channels // 2
    theirs, ours = f"conv_layers.{i}", f"blocks.{i}"
    shape = (gate, config.residual_channels, config.kernel_size)
    weights[f"{ours}.dilated.weight"] = tensors.take(f"{theirs}.conv.weight", shape) * _SCALE**i
    bias = tensors.bias(f"{theirs}.conv.bias", gate)
    if config.global_size:
        projection = tensors.take(f"{theirs}.conv1x1g.weight", (gate, config.global_size, 1))
        weights[f"{ours}.global_projection.weight"] = projection[:, :, 0]
        bias = bias + tensors.bias(f"{theirs}.conv1x1g.bias", gate)
    if config.local:
        name = f"{ours}.local_projection.weight"
        shape = (gate, config.local.output_channels, 1)
        weights[name] = tensors.take(f"{theirs}.conv1x1c.weight", shape)
        bias = bias + tensors.bias(f"{theirs}.conv1x1c.bias", gate)
    weights[f"{ours}.dilated.bias"] = bias
    outputs = {"conv1x1_skip": ("skip", config.skip_channels, skip_scale)}
    outputs["conv1x1_out"] = ("residual", config.residual_channels, _SCALE**-i)
    for name, (layer, size, scale) in outputs.items():
        weight = tensors.take(f"{theirs}.{name}.weight", (size, half, 1)) * scale
        bias = tensors.bias(f"{theirs}.{name}.bias", size) * scale
        if layer == "skip" or i < len(config.dilations) - 1:  # the last residual leads nowhere
            weights[f"{ours}.{layer}.weight"] = weight
            weights[f"{ours}.{layer}.bias"] = bias


def _layer(
    tensors: PeerTensors, theirs: str, ours: str, shape: tuple[int, ...], weights: dict[str, Array]
) -> None:
    weights[f"{ours}.weight"] = tensors.take(f"{theirs}.weight", shape)
    weights[f"{ours}.bias"] = tensors.bias(f"{theirs}.bias", shape[0])


def _local(
    tensors: PeerTensors, settings: Settings, present: bool, global_size: int
) -> tuple[LocalConditioning | None, dict[str, Array]]:
    """Local conditioning and the weights of its network."""
    channels = settings.integer("cin_channels")
    if channels <= 0:
        return None, {}
    hop = _hop(settings)
    if not settings.flag("upsample_conditional_features"):
        return LocalConditioning(channels, hop, layers=0), {}
    if present:
        return _stretched(tensors, settings, channels, hop, global_size)
    taps = settings.integer("freq_axis_kernel_size")
    local = LocalConditioning(
        channels, hop, layers=0, upsampling="spread",
        upsampling_factors=settings.factors("upsample_scales"), frequency_kernel_size=taps,
    )  # fmt: skip
    weights: dict[str, Array] = {}
    for i, factor in enumerate(local.upsampling_factors):
        layer = f"upsample_conv.{2 * i}"  # a ReLU comes behind each
        _layer(tensors, layer, f"condition.upsamplers.{i}", (1, 1, taps, factor), weights)
    return local, weights


def _stretched(
    tensors: PeerTensors, settings: Settings, channels: int, hop: int, global_size: int
) -> tuple[LocalConditioning, dict[str, Array]]:
    """ConvInUpsampleNetwork, and UpsampleNetwork where it needs no frames beyond the ends."""
    options = Settings(
        settings.group("upsample_params"),
        {"upsample_activation": "none", "mode": "nearest", "freq_axis_kernel_size": 1},
    )
    for name, only in (("upsample_activation", "none"), ("mode", "nearest")):
        if options.text(name) != only:
            raise ValueError(f"{name} {options.text(name)!r} has no equal here; {only!r} has")
    network = settings.text("upsample_net")
    if network not in ("ConvInUpsampleNetwork", "UpsampleNetwork"):
        raise ValueError(f"upsample_net {network!r} is not known")
    pad = settings.integer("cin_pad")
    has_convolution = network == "ConvInUpsampleNetwork"
    if pad and not has_convolution:
        raise ValueError("UpsampleNetwork with cin_pad has no equal here; cin_pad 0 has")
    taps = options.integer("freq_axis_kernel_size")
    local = LocalConditioning(
        channels, hop, layers=int(has_convolution), hidden_channels=channels,
        kernel_size=2 * pad + 1, activation="none", padding="edge", upsampling="stretch",
        upsampling_factors=options.factors("upsample_scales"), frequency_kernel_size=taps,
    )  # fmt: skip
    weights = {}
    if has_convolution:
        shape = (channels, channels, 2 * pad + 1)
        weight = tensors.take("upsample_net.conv_in.weight", shape)
        unused = np.zeros((channels, global_size, 2 * pad + 1))  # ours also sees the speaker
        weights["condition.layers.0.weight"] = np.concatenate([weight, unused], axis=1)
        weights["condition.layers.0.bias"] = np.zeros(channels)
    prefix = "upsample_net.upsample.up_layers" if has_convolution else "upsample_net.up_layers"
    for i, factor in enumerate(local.upsampling_factors):
        name = f"{prefix}.{2 * i + 1}.weight"  # a repetition comes before each
        weight = tensors.take(name, (1, 1, taps, 2 * factor + 1))
        weights[f"condition.upsamplers.{i}.weight"] = weight
    return local, weights


def _features(
    settings: Settings, present: bool, local: LocalConditioning | None, statistics: Array | None
) -> MelFeatures | None:
    """Its mel spectrogram, where it is known what the frames are normalized by."""
    if statistics is None:
        return None
    if local is None or not present:
        raise ValueError("statistics are those of the mel spectrograms of the present form alone")
    if statistics.shape != (2, local.channels) or not np.isfinite(statistics).all():
        raise ValueError(
            f"the statistics have the shape {statistics.shape}; they must be finite means and "
            f"deviations, (2, {local.channels})"
        )
    mean, deviation = statistics
    if settings.text("window") != "hann":
        raise ValueError(f"window {settings.text('window')!r} has no equal here; 'hann' has")
    return dataclasses.replace(
        MEL_PRESETS["r9y9"],
        sample_rate=settings.integer("sample_rate"),
        fft_length=settings.integer("fft_size"),
        window_length=settings.integer("win_length"),
        hop_length=local.hop_length,
        mel_channels=local.channels,
        f_min=settings.number("fmin"),
        f_max=settings.number_or_none("fmax"),
        statistics=FrameStatistics(
            mean=tuple(map(float, mean)),
            deviation=tuple(map(float, deviation)),
            lowest=tuple(map(float, mean - _RANGE * deviation)),
            highest=tuple(map(float, mean + _RANGE * deviation)),
        ),
    )  # fmt: skip


def _filter(settings: Settings) -> tuple[float, ...]:
    """What the sound passes before it is quantized: a gain and a pre-emphasis."""
    gain = settings.number("global_gain_scale")
    preprocess = settings.text("preprocess")
    if preprocess not in ("", "none", "preemphasis"):
        raise ValueError(f"preprocess {preprocess!r} has no equal here; 'preemphasis' has")
    gain = gain if gain > 0 else 1.0
    if preprocess == "preemphasis":
        return gain, -_PRE_EMPHASIS * gain
    return () if gain == 1 else (gain,)


def _hop(settings: Settings) -> int:
    if "hop_size" in settings:
        return settings.integer("hop_size")
    return int(settings.number("frame_shift_ms") / 1000 * settings.integer("sample_rate"))


def _notes(settings: Settings, present: bool, config: WaveNetConfig) -> tuple[str, ...]:
    notes = []
    if config.local and config.features is None:
        notes.append(
            f"Feature frames are those of the project's preprocessing ({config.local.channels} "
            f"channels, one for {config.local.hop_length} samples, normalized as it does)."
        )
        if present:
            notes.append("With --statistics the model makes them itself, from a recording.")
    if config.local and present and settings.integer("cin_pad"):
        notes.append("Frames are not to be padded: cin_pad is done inside the model.")
    if not present and config.output == "categorical":
        notes.append(
            "Codes are mapped by the nearest mu-law convention, at most half a code beside that of "
            "0.1.x."
        )
    return tuple(notes)

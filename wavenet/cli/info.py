"""`wavenet info`: what a model is, and what this machine has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wavenet.config import SeriesColumns, WaveNetConfig
    from wavenet.config.conversion import VoiceConverterConfig
    from wavenet.config.recurrent import RecurrentConfig


def info(
    model: Annotated[
        str | None, typer.Argument(help="Model folder, file, or name of a shipped model.")
    ] = None,
) -> None:
    """Describe a model; without one, this installation and the shipped models."""
    import wavenet

    if model is None:
        cpu = wavenet.cpu_info()
        print(f"wavenet {wavenet.__version__}")
        print(f"instruction sets: {', '.join(cpu['available'])}; in use: {cpu['chosen']}")
        _print_shipped_models()
        return
    from wavenet.inference.wavenet import WaveNetGenerator
    from wavenet.io.hub import find_model
    from wavenet.io.model_file import load_model

    config, tensors = load_model(find_model(model))
    print(f"kind: {config.kind}")
    print(f"parameters: {sum(tensors[name].size for name in config.tensor_shapes()):,}")
    if getattr(config, "series", None):
        _print_series(config.series)
    elif config.sample_rate:
        print(f"sample rate: {config.sample_rate} Hz")
    if config.kind == "wavenet":
        _print_wavenet(config)
        if config.local and not config.series:
            _print_latency(config, WaveNetGenerator(config, tensors).lookahead_frames)
    elif config.kind == "recurrent":
        _print_recurrent(config)
    elif config.kind == "voice-converter":
        _print_converter(config)
    if hasattr(config, "temperature"):
        print(f"temperature: {config.temperature:g}")


def _print_shipped_models() -> None:
    from wavenet.assets import model_card, shipped_models
    from wavenet.io.hub import find_model
    from wavenet.io.model_file import load_config

    row = "{:<12}{:<17}{:>7}  {:<32}{:>8}  {}"
    print("\n" + row.format("model", "kind", "Hz", "voices", "size", "licence"))
    examples = []
    for name in shipped_models():
        config, card = load_config(find_model(name)), model_card(name)
        if config.kind == "wavenet":
            kind = "speech from text" if config.label_features else "vocoder"
            rate, voices = config.sample_rate, ", ".join(config.speakers) or "one"
        else:
            kind, rate, voices = "voice converter", config.world.sample_rate, "one into another"
        size = (find_model(name) / "model.safetensors").stat().st_size
        print(row.format(name, kind, rate, voices, f"{size / 1e6:.1f} MB", card["licence"]))
        examples.append(card["example"])
    print("\nfor example:")
    for example in examples:
        print(f"    {example}")


def _print_series(series: SeriesColumns) -> None:
    from wavenet.forecasting.time_axis import step_text

    step = step_text(series.step, series.step_unit)
    print(f"time series: {', '.join(series.targets)}; a row every {step}")
    known = [*series.covariates, *series.calendar]
    print(f"covariates: {', '.join(known) or 'none'}")
    print(f"horizon: {series.horizon} rows, from {series.context + series.lags}")


def _print_recurrent(config: RecurrentConfig) -> None:
    notes = [name for name in ("peepholes", "residual") if getattr(config, name)]
    notes += [f"leak {config.leak:g}"] if config.leak < 1 else []
    print(
        f"layers: {config.layers} x {config.hidden_size} units, {' '.join([config.cell, *notes])}"
    )
    if config.text:
        level = "characters" if config.text.level == "char" else "words and marks"
        print(f"output: text of {config.class_count} {level}")
    elif config.audio:
        print(f"output: {config.class_count} mu-law codes ({config.audio.convention})")
    else:
        size = config.class_count if config.output == "categorical" else config.dimensions
        print(f"output: {config.output}, {size}")
    for name in ("covariates", "global_channels"):
        if getattr(config, name):
            print(f"{name.replace('_', ' ')}: {getattr(config, name)}")


def _print_converter(config: VoiceConverterConfig) -> None:
    print(f"components: {config.n_components}; method {config.method}, F0 {config.f0}")
    for name, speaker in (("source", config.source), ("target", config.target)):
        print(f"{name}: F0 from {speaker.f0_low:.0f} to {speaker.f0_high:.0f} Hz")


def _print_latency(config: WaveNetConfig, frames: int) -> None:
    samples = (frames + 1) * config.local.hop_length
    print(
        f"latency of streaming: a frame and {frames} after it, "
        f"{1000 * samples / config.sample_rate:.1f} ms"
    )


def _print_wavenet(config: WaveNetConfig) -> None:
    field = config.receptive_field
    seconds = "" if config.series else f", {1000 * field / config.sample_rate:.1f} ms"
    print(f"receptive field: {field} samples{seconds}")
    print(f"dilations: {' '.join(map(str, config.dilations))}; kernel {config.kernel_size}")
    print(
        f"channels: residual {config.residual_channels}, gate {config.gate_channels}, skip "
        f"{config.skip_channels}"
    )
    if config.output == "categorical":
        bits = math.log2(config.quantization_channels)
        print(f"output: categorical, {bits:.0f}-bit mu-law ({config.mulaw_convention})")
    else:
        components = f" of {config.components} components" if "mixture" in config.output else ""
        print(f"output: {config.output}{components}, 16 bits")
    if config.speakers:
        print(f"speakers: {', '.join(config.speakers)}")
    if config.local and not config.series:
        rate = config.sample_rate / config.local.hop_length
        print(f"conditioning: {config.local.channels} channels, {rate:.1f} frames per second")
    if config.label_features:
        print(f"symbols: {' '.join(config.label_features.symbols)}")
    elif config.features:
        print(f"features: {config.features}")
    if config.adaptive_noise_shaping:
        print(f"noise shaping: a filter for each frame, strength {config.adaptive_noise_shaping:g}")
    elif config.noise_shaping:
        print(f"noise shaping: filter of {len(config.noise_shaping)} taps")

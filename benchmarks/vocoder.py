"""Copy synthesis of held-out sentences: a vocoder beside WORLD and the mu-law round trip.

    python benchmarks/vocoder.py DATA/speech_arctic/slt --model slt16k -o vocoder.json

takes the last --files recordings of the folder, which must be those that the model was not trained
on, and prints the mean of every figure of `wavenet evaluate` with its 95 % interval, and levels in
dB over the recording's (`sound_levels.py`), for:

    MODEL         the recording from its features, through the model
    codes         the recording behind the model's own codes (mu-law behind its noise shaping):
                  what a perfect model of these codes would reach
    mu-law-256    after 8-bit mu-law codes
    WORLD         WORLD analysis and synthesis, full spectral envelope
    WORLD, 24     the same with a mel-cepstrum of order 24, as voice conversion uses
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sound_levels import levels

from wavenet import load
from wavenet.evaluation.vocoder import (
    CopyComparison,
    CopyMetrics,
    copy_settings,
    find_f0_range_of,
    mulaw_round_trip,
    table,
)
from wavenet.features import world
from wavenet.inference.noise_shaping import filters_of_frames, noise_shaping_of
from wavenet.inference.samples import decode_samples
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.audio import read_audio, write_audio
from wavenet.io.audio_files import find_audio
from wavenet.metrics.summary import mean_interval


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="slt16k")
    parser.add_argument("--precision", help="by default that of the model file")
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--temperature", type=float, help="by default that of the model")
    parser.add_argument("--model-only", action="store_true", help="without the other systems")
    parser.add_argument("--sounds", type=Path, help="folder for the model's sounds")
    parser.add_argument("--output", "-o", type=Path)
    options = parser.parse_args()
    generator = load(options.model, options.precision, threads=1)
    rate = generator.sample_rate
    speed = Speed()
    systems: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        str(options.model): lambda y: speed.copy(generator, y, options.temperature),
        "codes": lambda y: through_codes(generator, y),
        "mu-law-256": mulaw_round_trip,
        "WORLD": lambda y: world_copy(y, rate, f0_range, full=True),
        "WORLD, 24": lambda y: world_copy(y, rate, f0_range, full=False),
    }
    if options.model_only:
        systems = {str(options.model): systems[str(options.model)]}
    figures: dict[str, list[CopyMetrics]] = {name: [] for name in systems}
    plain: dict[str, list[dict[str, float]]] = {name: [] for name in systems}
    paths = find_audio(options.folder)[-options.files :]
    f0_range = find_f0_range_of(paths)
    for path in paths:
        y, _ = read_audio(path, rate)
        measure = CopyComparison(y, rate, f0_range)
        for name, system in systems.items():
            sound = system(y)
            figures[name].append(measure(sound))
            plain[name].append(levels(y, sound, rate))
            if options.sounds and name == str(options.model):
                write_audio(options.sounds / f"{path.stem}.wav", sound, rate)
        bits = generator.score(y, condition=generator.condition_of(y)).bits_per_sample
        model_figures = figures[str(options.model)]
        model_figures[-1] = dataclasses.replace(model_figures[-1], bits_per_sample=bits)
        print(f"{path.stem}: {model_figures[-1]}", flush=True)
    means = {
        name: {
            field.name: mean_interval([getattr(f, field.name) for f in rows])
            for field in dataclasses.fields(CopyMetrics)
        }
        for name, rows in figures.items()
    }
    print(table(means.items()))
    plain_means = {
        name: {key: float(np.nanmean([row[key] for row in rows])) for key in rows[0]}
        for name, rows in plain.items()
    }
    for name, values in plain_means.items():
        print(f"{name}: " + ", ".join(f"{key} {value:.2f}" for key, value in values.items()))
    factor = speed.real_time_factor(rate)
    print(f"{factor:.2f} times real time on one thread, {generator.precision}")
    if options.output:
        values = {
            "model": str(options.model), "precision": generator.precision,
            "temperature": options.temperature, "files": options.files, "levels": plain_means,
            "settings": copy_settings(f0_range), "real_time_factor": factor,
            "means": {n: {k: list(v) for k, v in by_name.items()} for n, by_name in means.items()},
        }  # fmt: skip
        options.output.write_text(json.dumps(values, indent=1) + "\n")


class Speed:
    """Copies by a vocoder, and the processor time that they take."""

    def __init__(self) -> None:
        self.seconds, self.samples = 0.0, 0

    def copy(
        self, generator: WaveNetGenerator, y: np.ndarray, temperature: float | None
    ) -> np.ndarray:
        condition = generator.condition_of(y)
        started = time.process_time()
        sound = generator.generate(len(y), condition=condition, temperature=temperature)
        self.seconds += time.process_time() - started
        self.samples += len(y)
        return sound

    def real_time_factor(self, rate: int) -> float:
        return self.samples / rate / self.seconds


def through_codes(generator: WaveNetGenerator, y: np.ndarray) -> np.ndarray:
    """The sound behind the model's quantization, without a model of it."""
    condition = generator.condition_of(y)
    values = decode_samples(generator.codes(y, condition), generator.config)[None]
    shaping = noise_shaping_of(generator.config, 1)
    if generator.config.adaptive_noise_shaping:
        shaping.append([filters_of_frames(generator.config, condition)])
    return shaping.undo(values)[0] if shaping else values[0]


def world_copy(y: np.ndarray, rate: int, f0_range: tuple[float, float], full: bool) -> np.ndarray:
    """WORLD analysis and synthesis; not `full`: of the mel-cepstrum."""
    parameters = world.WorldSettings(sample_rate=rate)
    analysis = world.analyze(y, parameters, f0_range)
    if full:
        pyworld, y = world.pyworld(), y.astype(np.float64)
        times = np.arange(len(analysis.f0)) * parameters.frame_period / 1000
        spectrum = pyworld.cheaptrick(y, analysis.f0, times, rate, fft_size=parameters.fft_size)
        sound = pyworld.synthesize(
            analysis.f0, spectrum, analysis.aperiodicity, rate, parameters.frame_period
        )
    else:
        sound = world.synthesize(
            analysis.f0, analysis.mel_cepstrum, analysis.aperiodicity, parameters
        )
    return np.pad(sound, (0, max(0, len(y) - len(sound))))[: len(y)]


if __name__ == "__main__":
    main()

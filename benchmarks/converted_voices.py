"""Converted voices behind a WaveNet vocoder and behind WORLD, on held-out sentences.

    python benchmarks/converted_voices.py DATA/speech_arctic --vocoder slt16k -o converted.json

converts the last --files pairs, which neither the converter nor the vocoder was trained on, and
analyses the sounds like recordings: mel-cepstral distortion and F0 against the target's recording
along the path of dynamic time warping, the variance of the mel-cepstra over the target's, and how
far the sound's features lie from those that the vocoder was asked for.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np

import wavenet
from wavenet.conversion.pipeline.recordings import cached_analysis, find_pairs, read_recording
from wavenet.features import world
from wavenet.features.world import Analysis
from wavenet.io.audio import write_audio
from wavenet.metrics.f0 import compare_f0
from wavenet.metrics.mel_cepstral_distortion import path_distortion
from wavenet.metrics.summary import global_variance_ratio, mean_interval

THRESHOLD = -20.0  # frames below, relative to the recording's mean, count as silence [dB]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with one folder for each speaker")
    parser.add_argument("--source", default="bdl")
    parser.add_argument("--target", default="slt")
    parser.add_argument("--converter", default="bdl-to-slt")
    parser.add_argument("--vocoder", default="slt16k")
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--cache", type=Path, default=Path("benchmarks/.cache"))
    parser.add_argument("--sounds", type=Path, help="folder for the sounds")
    parser.add_argument("--output", "-o", type=Path)
    options = parser.parse_args()
    found = find_pairs(options.data / options.source, options.data / options.target)
    converter = wavenet.VoiceConverter.load(options.converter)
    vocoder = wavenet.load(options.vocoder, threads=1)
    vocoder_name = Path(options.vocoder).name
    systems = {
        "WORLD": {"method": "mlpg"},
        "WORLD, global variance": {"method": "mlpg+gv"},
        vocoder_name: {"method": "mlpg", "vocoder": vocoder},
        f"{vocoder_name}, global variance": {"method": "mlpg+gv", "vocoder": vocoder},
    }
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in systems}
    speech: dict[str, list[np.ndarray]] = {name: [] for name in [*systems, "target"]}
    config = converter.config_
    settings, f0_range = config.world, config.target.f0_range
    for source, target in list(zip(found.source, found.target, strict=True))[-options.files :]:
        y = read_recording(source, settings.sample_rate)
        given = cached_analysis(source, settings, config.source.f0_range, options.cache)
        aim = cached_analysis(target, settings, f0_range, options.cache)
        speech["target"].append(active(aim))
        for name, choices in systems.items():
            sound = converter.convert(y, settings.sample_rate, **choices)
            result = world.analyze(sound, settings, f0_range, False)
            asked = dataclasses.replace(
                given, mel_cepstrum=converter.convert_features(given, choices["method"]),
                f0=converter.convert_f0(given.f0),
            )  # fmt: skip
            rows[name].append(compare(result, aim, asked))
            speech[name].append(active(result))
            if options.sounds:
                path = options.sounds / name / f"{source.stem}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_audio(path, sound, settings.sample_rate)
        print(source.stem, flush=True)
    report(rows, speech, options.output)


def active(analysis: Analysis) -> np.ndarray:
    """Coefficients 1 to order of the frames that speak."""
    return analysis.mel_cepstrum[analysis.power > THRESHOLD, 1:]


def compare(result: Analysis, aim: Analysis, asked: Analysis) -> dict[str, float]:
    """Distances of a sound's analysis to the target's, and to the features that it is made of."""
    frames, answers = result.power > THRESHOLD, aim.power > THRESHOLD
    a, b = active(result), active(aim)
    _, path = wavenet.dtw(a, b)
    f0 = compare_f0(aim.f0[answers][path[:, 1]], result.f0[frames][path[:, 0]])
    count = min(len(result.f0), len(asked.f0))
    same = np.flatnonzero(frames[:count])
    asked_f0 = compare_f0(asked.f0[same], result.f0[same])
    return {
        "MCD to target [dB]": path_distortion(a, b, path),
        "F0 to target [cents]": 1200 / np.log(2) * f0.log_rmse,
        "voicing error to target": f0.voicing_error,
        "MCD to features asked for [dB]": path_distortion(
            result.mel_cepstrum[:, 1:], asked.mel_cepstrum[:, 1:], np.stack([same, same], axis=1)
        ),
        "F0 to F0 asked for [cents]": 1200 / np.log(2) * asked_f0.log_rmse,
    }


def report(
    rows: dict[str, list[dict[str, float]]],
    speech: dict[str, list[np.ndarray]],
    output: Path | None,
) -> None:
    """Prints means with 95 % intervals; writes them if asked to."""
    means = {}
    for name, files in rows.items():
        means[name] = {key: mean_interval([f[key] for f in files]) for key in files[0]}
        ratio = float(global_variance_ratio(speech["target"], speech[name]).mean())
        print(f"{name}: variance over the target's {ratio:.2f}")
        for key, (mean, half_width) in means[name].items():
            print(f"  {key}: {mean:.3f} ± {half_width:.3f}")
        means[name]["variance ratio"] = ratio
    if output:
        output.write_text(json.dumps(means, indent=1) + "\n")


if __name__ == "__main__":
    main()

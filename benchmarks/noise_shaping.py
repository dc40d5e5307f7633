"""What filters before quantization leave of speech, behind 8-bit codes and behind a noise of codes.

    python benchmarks/noise_shaping.py DATA/speech_arctic/slt

takes every tenth of the last 50 recordings of the folder, puts them behind mu-law-256 codes, to
which normal noise of --noise codes is added as the draws of a model would, and prints PESQ and
mel-cepstral distortion for filters from the average spectrum of other recordings and for those of
each frame of WORLD features, at several strengths.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from wavenet import mulaw_decode, mulaw_encode
from wavenet.dsp.noise_shaping import (
    NoiseShaping,
    average_log_spectrum,
    frame_taps,
    shape_by_frames,
    shaping_scale,
    unlimited,
    whitening_taps,
)
from wavenet.evaluation.vocoder import CopyComparison, find_f0_range_of
from wavenet.features.world_frames import WorldFeatures
from wavenet.io.audio import read_audio
from wavenet.io.audio_files import find_audio
from wavenet.metrics.summary import mean_interval

RATE = 16000
HELD_OUT = 50
WHOLE = 1 << 40  # samples: one filter for all of a sound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--noise", type=float, default=3.0, help="deviation [codes]")
    options = parser.parse_args()
    paths = find_audio(options.folder)
    others = [read_audio(path, RATE)[0] for path in paths[:-HELD_OUT:20]]
    f0_range = find_f0_range_of(paths[-HELD_OUT:])
    features = WorldFeatures(sample_rate=RATE, f0_min=f0_range[0], f0_max=f0_range[1])
    spectrum = average_log_spectrum(others)
    filters: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "none": lambda y: np.ones((1, 1)),
        "pre-emphasis 0.85": lambda y: np.array([[1.0, -0.85]]),
    }
    for strength in (0.3, 0.5, 0.7, 1.0):
        average = whitening_taps(spectrum, strength)[None]
        filters[f"average, {strength:g}"] = lambda y, taps=average: taps
        filters[f"frames, {strength:g}"] = lambda y, strength=strength: frame_taps(
            features.log_spectrum(features.track(y)), strength
        )
    held_out = [read_audio(path, RATE)[0] for path in paths[-HELD_OUT::10]]
    measures = [CopyComparison(y, RATE, f0_range) for y in held_out]
    print(f"{len(held_out)} sentences; PESQ and MCD [dB] of the codes | with noise")
    for name, filter_of in filters.items():
        hop = features.hop_length if name.startswith("frames") else WHOLE
        scale = shaping_scale(((y, filter_of(y)) for y in others), hop)[0]
        cells = []
        for noise in (0.0, options.noise):
            figures = [
                measure(through_codes(y, scale * filter_of(y), hop, noise))
                for y, measure in zip(held_out, measures, strict=True)
            ]
            pesq = mean_interval([f.pesq for f in figures])[0]
            distortion = mean_interval([f.mcd_db for f in figures])[0]
            cells.append(f"{pesq:.2f} {distortion:.2f}")
        print(f"{name:20s} {' | '.join(cells)}", flush=True)


def through_codes(y: np.ndarray, taps: np.ndarray, hop: int, noise: float) -> np.ndarray:
    """The sound behind its codes under these filters, with noise in the codes."""
    codes = mulaw_encode(shape_by_frames(y, taps, hop)).astype(np.int64)
    codes += np.rint(noise * np.random.default_rng(0).standard_normal(len(codes))).astype(np.int64)
    values = mulaw_decode(np.clip(codes, 0, 255).astype(np.uint8))
    return np.clip(NoiseShaping(1, hop, unlimited(taps)).undo(values[None])[0], -1, 1)


if __name__ == "__main__":
    main()

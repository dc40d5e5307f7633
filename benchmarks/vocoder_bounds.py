"""Whether a vocoder's draws stay within bounds: clipped samples, peaks, and the level of pauses.

    python benchmarks/vocoder_bounds.py DATA/speech_arctic/slt --model slt16k --seeds 10

takes the last --files recordings of the folder, which the model was not trained on, draws --seeds
copies of each at every temperature, and prints how many samples are at full scale, the largest peak
over that of the recording, and how much louder than the recording the copies are as a whole and in
its pauses (frames of 5 ms, smoothed over five, 40 dB below the loudest). Then the same recordings,
and those of the folders named by --others, are held against the features that the model knows.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
from sound_levels import frame_powers, pause_frames

from wavenet.base.sound import ClippingWarning
from wavenet.features.statistics import FeatureRangeWarning, FrameWatch
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.audio import read_audio
from wavenet.io.audio_files import find_audio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="slt16k")
    parser.add_argument("--files", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--temperatures", type=float, nargs="*", default=[0.7, 0.85, 1.0])
    parser.add_argument("--others", type=Path, nargs="*", default=[], help="folders of strangers")
    options = parser.parse_args()
    generator = WaveNetGenerator.load(options.model, threads=1)
    sounds = read(options.folder, options.files, generator)
    tracks = [generator.condition_from_sound(y) for y in sounds]
    for temperature in options.temperatures:
        rows = [
            bounds(generator, y, track, options.seeds, temperature)
            for y, track in zip(sounds, tracks, strict=True)
        ]
        clipped, peaks, powers, pauses = (np.array(column) for column in zip(*rows, strict=True))
        print(
            f"temperature {temperature}: {len(rows)} recordings x {options.seeds} seeds, "
            f"{clipped.sum():,} clipped samples, peak up to {peaks.max():.2f} of the recording's, "
            f"level {decibels(powers):+.2f} dB, pauses {decibels(pauses):+.2f} dB",
            flush=True,
        )
    print(f"{options.folder}: {noticed(generator, tracks)} of {len(tracks)} are unlike")
    for folder in options.others:
        others = read(folder, options.files, generator)
        tracks = [generator.condition_from_sound(y) for y in others]
        print(f"{folder}: {noticed(generator, tracks)} of {len(tracks)} are unlike", flush=True)


def read(folder: Path, count: int, generator: WaveNetGenerator) -> list[np.ndarray]:
    paths = find_audio(folder)[-count:]
    return [read_audio(path, generator.sample_rate)[0] for path in paths]


def bounds(
    generator: WaveNetGenerator, y: np.ndarray, track: np.ndarray, seeds: int, temperature: float
) -> tuple[int, float, list[float], list[float]]:
    """Clipped samples, peak over the recording's; power of recording and copies, and in pauses."""
    with warnings.catch_warnings():
        for category in (ClippingWarning, FeatureRangeWarning):
            warnings.simplefilter("ignore", category)
        copies = generator.generate(
            len(y), condition=track, batch=seeds, temperature=temperature
        ).reshape(seeds, -1)
    frame = generator.sample_rate // 200
    recorded, copied = frame_powers(y[None], frame)[0], frame_powers(copies, frame).mean(axis=0)
    pause = pause_frames(recorded)
    return (
        int((np.abs(copies) >= 1).sum()),
        float(np.abs(copies).max() / np.abs(y).max()),
        [recorded.sum(), copied.sum()],
        [recorded[pause].sum(), copied[pause].sum()],
    )


def decibels(powers: np.ndarray) -> float:
    """How much more power the copies have than the recordings, over all of them."""
    recorded, copied = powers.sum(axis=0)
    return float(10 * np.log10(copied / recorded))


def noticed(generator: WaveNetGenerator, tracks: list[np.ndarray]) -> int:
    """Tracks that the model warns of."""
    count = 0
    for track in tracks:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", FeatureRangeWarning)
            FrameWatch(generator.config.features.statistics, 1).see([track], last=True)
        count += bool(caught)
    return count


if __name__ == "__main__":
    main()

"""Prepares the Free Spoken Digit Dataset for `wavenet train`: normalised audio and a manifest.

    python examples/digits_manifest.py DIGITS_FOLDER OUTPUT_FOLDER [SPEED ...]

DIGITS_FOLDER holds `index.csv` (file, speaker, digit, take, start_sample, end_sample) and the
recordings. Every take is cut to the word and what is faint around it, brought to the same level and
faded at both ends; takes 23 and 24 of each speaker and digit are for validation. Every other take
is there once more at each SPEED (0.95 is slower and deeper), which delays overfitting (Ko et al.
2015, "Audio augmentation for speech recognition").
"""

import csv
import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr

from wavenet.io.audio import write_audio

FRAME = 0.01  # [s]
ACTIVE = 0.06  # of the loudest frame, the level [RMS] from which a frame counts as speech
GAP = 0.3  # [s] of less level that ends the word
MARGIN = 0.25  # [s] kept on both sides: an "s" is 30 to 45 dB below its vowel in some voices
LEVEL = 0.1  # RMS of the frames of speech
PEAK = 0.95
FADE = 0.005  # [s]
VALIDATION_TAKES = {"23", "24"}


def frame_levels(sound: np.ndarray, rate: int) -> np.ndarray:
    """RMS of each whole frame."""
    size = int(FRAME * rate)
    return np.sqrt(np.mean(sound[: len(sound) // size * size].reshape(-1, size) ** 2, axis=1))


def word_bounds(take: np.ndarray, rate: int) -> tuple[int, int]:
    """First and last sample of the word in a take, with the margin."""
    size, level = int(FRAME * rate), frame_levels(take, rate)
    active = np.flatnonzero(level >= ACTIVE * level.max())
    # A click or breath far from the word is not part of it: keep the loudest stretch.
    stretches = np.split(active, np.flatnonzero(np.diff(active) > GAP / FRAME) + 1)
    word = max(stretches, key=lambda stretch: np.sum(level[stretch] ** 2))
    margin = int(MARGIN * rate)
    start = max(0, word[0] * size - margin)
    return start, min(len(take), (word[-1] + 1) * size + margin)


def normalise(word: np.ndarray, rate: int) -> np.ndarray:
    """The word at the common level, faded in and out."""
    level = frame_levels(word, rate)
    speech = level[level >= ACTIVE * level.max()]
    gain = min(LEVEL / np.sqrt(np.mean(speech**2)), PEAK / np.abs(word).max())
    ramp = np.linspace(0, 1, int(FADE * rate))
    word = word * gain
    word[: len(ramp)] *= ramp
    word[-len(ramp) :] *= ramp[::-1]
    return word


def main(source: Path, target: Path, speeds: tuple[float, ...] = ()) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with open(source / "index.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    manifest = []
    for name in sorted({row["file"] for row in rows}):
        audio, rate = soundfile.read(source / name, dtype="float64")
        words, position = [], 0
        for row in (row for row in rows if row["file"] == name):
            take = audio[int(row["start_sample"]) : int(row["end_sample"])]
            start, end = word_bounds(take, rate)
            split = "validation" if row["take"] in VALIDATION_TAKES else "train"
            for speed in (1, *speeds) if split == "train" else (1,):
                words.append(normalise(soxr.resample(take[start:end], speed, 1), rate))
                manifest.append(
                    {
                        "path": name,
                        "start": position / rate,
                        "end": (position + len(words[-1])) / rate,
                        "speaker": row["speaker"],
                        "text": row["digit"],
                        "split": split,
                    }
                )
                position += len(words[-1])
        write_audio(target / name, np.concatenate(words), rate)
    with open(target / "manifest.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, manifest[0].keys())
        writer.writeheader()
        writer.writerows(manifest)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), tuple(map(float, sys.argv[3:])))

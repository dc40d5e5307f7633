"""How well the model "digits" speaks: words and speakers recognised, levels, bits per sample.

    python benchmarks/digits.py DIGITS_FOLDER [--model digits] [--seeds 12] [--first-seed 0]

DIGITS_FOLDER holds the Free Spoken Digit Dataset with its `index.csv` (see
examples/digits_manifest.py). The judges (see digits_judges.py) learn from the real training takes
alone and are tested on the real validation takes; then they judge synthesized words.
"""

import argparse
import csv
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from digits_judges import JUDGES, RATE, TARGETS, confusion
from machine import report

import wavenet
import wavenet.features.labels
import wavenet.metrics.baselines

DIGITS = "0123456789"
BANDS = (0, 1000, 2000, 3000, 4000)  # [Hz]
CLIPPED = 0.999


def published_takes(source: Path, words: list[dict]) -> list[dict]:
    """The same words as they were published, whole; in the order of `words`."""
    with open(source / "index.csv", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["file"])  # stable: as prepared
    audio = {
        name: soundfile.read(source / name, dtype="float32")[0]
        for name in {r["file"] for r in rows}
    }
    return [
        word | {"audio": audio[row["file"]][int(row["start_sample"]) : int(row["end_sample"])]}
        for word, row in zip(words, rows, strict=True)
    ]


def prepared_words(source: Path) -> list[dict]:
    """Words as `examples/digits_manifest.py` prepares them, each with its audio."""
    script = Path(__file__).parent.parent / "examples" / "digits_manifest.py"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, script, source, folder], check=True)
        with open(Path(folder) / "manifest.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        audio = {
            name: soundfile.read(Path(folder) / name, dtype="float32")[0]
            for name in {row["path"] for row in rows}
        }
    for row in rows:
        start, end = round(float(row["start"]) * RATE), round(float(row["end"]) * RATE)
        row["audio"] = audio[row["path"]][start:end]
    return rows


def synthesize(generator, seeds: range, temperature: float | None) -> list[dict]:
    """Every digit in every voice, once a seed, each sequence in an order of its own."""
    words = []
    for speaker in generator.config.speakers:
        conditions, spans = [], []
        for seed in seeds:
            order = np.random.default_rng(seed).permutation(list(DIGITS))
            found, seconds = wavenet.features.labels.spans_from_text(
                generator.config.features, " ".join(order), speaker, seed
            )
            spans.append(found)
            conditions.append(generator.condition_from_spans(found, int(np.ceil(seconds * RATE))))
        frames = max(map(len, conditions))
        padded = [np.pad(c, ((0, frames - len(c)), (0, 0))) for c in conditions]
        audio = generator.generate(
            condition=padded, speaker=speaker, batch=len(seeds), seed=seeds.start + 1,
            temperature=temperature,
        ).reshape(len(seeds), -1)  # fmt: skip
        for y, found in zip(audio, spans, strict=True):
            for digit, start, end in found:
                word = y[round(start * RATE) : round(end * RATE)]
                words.append({"text": digit, "speaker": speaker, "audio": word})
    return words


def bits_per_sample(generator, words: list[dict]) -> float:
    """Of the model on real words, each from its start."""
    nats = samples = 0
    for word in words:
        y = word["audio"]
        condition = generator.condition_from_spans([(word["text"], 0.0, len(y) / RATE)], len(y))
        score = generator.score(y, speaker=word["speaker"], condition=condition)
        nats -= float(score.log_likelihood.sum())
        samples += len(y)
    return nats / samples / np.log(2)


def entropy_of_codes(training: list[dict], words: list[dict]) -> float:
    """Bits per sample of independent codes with the frequencies of the training words."""
    counts = np.ones(256)
    for word in training:
        counts += np.bincount(wavenet.mulaw_encode(word["audio"]), minlength=256)
    codes = np.concatenate([wavenet.mulaw_encode(word["audio"]) for word in words])
    return float(-np.mean(np.log2(counts / counts.sum())[codes]))


def linear_prediction(words: list[dict]) -> float:
    """Bits per sample of backward-adaptive linear prediction; see `wavenet.metrics.baselines`."""
    sounds = [wavenet.mulaw_encode(word["audio"]) for word in words]
    values = wavenet.mulaw_decode(np.arange(256), dtype="float64")
    return wavenet.metrics.baselines.baselines(sounds, 256, values)["linear prediction"]


def judge(judge, words: list[dict]) -> tuple[dict[str, float], str]:
    """Fractions recognised, over all and of each word and voice, and what was taken for what."""
    predicted = judge.predict(words)
    found, tables = {}, []
    for target, name in zip(TARGETS, ("words", "speakers"), strict=True):
        right = np.array([word[target] for word in words])
        hits = predicted[target] == right
        found[name] = float(hits.mean())
        for group in TARGETS:
            labels = np.array([word[group] for word in words])
            found |= {f"{name} of {c}": float(hits[labels == c].mean()) for c in np.unique(labels)}
        tables.append(confusion(predicted[target], right))
    return found, "\n".join(tables)


def plain_numbers(words: list[dict]) -> dict[str, float]:
    """Level, peaks and power per band [dB of full scale] over all samples, clipped samples."""
    y = np.concatenate([word["audio"] for word in words])
    frames = np.lib.stride_tricks.sliding_window_view(y, 256)[::128] * np.hanning(256)
    power = np.mean(np.abs(np.fft.rfft(frames)) ** 2, axis=0)
    power *= 2 / (256 * np.sum(np.hanning(256) ** 2))  # one-sided: its sum is the mean square
    places = np.fft.rfftfreq(256, 1 / RATE)
    peaks = [np.abs(word["audio"]).max() for word in words]
    numbers = {
        "level [dB]": decibels(np.mean(y**2)),
        "median peak": float(np.median(peaks)),
        "highest peak": float(np.max(peaks)),
        "clipped samples": int(np.sum(np.abs(y) >= CLIPPED)),
    }
    for low, high in itertools.pairwise(BANDS):
        inside = (places >= low) & (places < high)
        numbers[f"{low} to {high} Hz [dB]"] = decibels(np.sum(power[inside]))
    return numbers


def decibels(power: float) -> float:
    return float(10 * np.log10(power))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="digits")
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--temperature", type=float, help="By default the model's own.")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    words = prepared_words(arguments.data)
    takes = published_takes(arguments.data, words)
    training, unseen = ([w for w in words if w["split"] == s] for s in ("train", "validation"))
    generator = wavenet.load(arguments.model)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    synthesized = synthesize(generator, seeds, arguments.temperature)
    results = {
        "training_words": len(training),
        "unseen_words": len(unseen),
        "synthesized_words": len(synthesized),
    }
    for name, make in JUDGES.items():
        judging = make([take for take in takes if take["split"] == "train"])
        real, _ = judge(judging, [take for take in takes if take["split"] == "validation"])
        found, tables = judge(judging, synthesized)
        print(f"{name}, synthesized words: a row for what was asked for\n{tables}")
        for key, value in found.items():
            results[f"{name}: {key}, real and synthesized"] = f"{real[key]:.3f} {value:.3f}"
    real, found = plain_numbers(words), plain_numbers(synthesized)
    for key, value in found.items():
        results[f"{key}, real and synthesized"] = f"{real[key]:.4g} {value:.4g}"
    results["bits_per_sample"] = bits_per_sample(generator, unseen)
    results["bits_per_sample_of_linear_prediction"] = linear_prediction(unseen)
    results["bits_per_sample_of_independent_codes"] = entropy_of_codes(training, unseen)
    report(results, arguments.json)


if __name__ == "__main__":
    main()

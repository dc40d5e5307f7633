"""How well the model "digits" speaks: recognised words and speakers, and bits per sample.

    python benchmarks/digits.py DIGITS_FOLDER [--model digits] [--seeds 12] [--json OUT]

DIGITS_FOLDER holds the Free Spoken Digit Dataset with its `index.csv` (see
examples/digits_manifest.py). Two classifiers, of the word and of the speaker, learn from the real
training takes alone and are tested on the real validation takes; then they judge synthesized words.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import librosa
import numpy as np
import soundfile
from machine import report
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import wavenet
import wavenet.baselines
import wavenet.features.labels

RATE = 8000
FRAMES = 24  # every word is stretched to this many frames
DIGITS = "0123456789"


def features(word: np.ndarray) -> np.ndarray:
    """Log-mel frames of a word, its time normalised, without its overall level."""
    mel = librosa.feature.melspectrogram(
        y=word, sr=RATE, n_fft=256, hop_length=80, n_mels=32, fmin=60, fmax=3800
    )
    log_mel = np.log(mel + 1e-4 * mel.max())
    places = np.linspace(0, log_mel.shape[1] - 1, FRAMES)
    frames = np.stack([np.interp(places, np.arange(log_mel.shape[1]), row) for row in log_mel])
    return (frames - frames.mean()).ravel()


def variations(word: np.ndarray) -> list[np.ndarray]:
    """A word as it is, cut closer at both ends, and with noise: the classifiers must not mind."""
    cut = len(word) // 20
    noise = np.random.default_rng(len(word)).standard_normal(len(word)).astype(np.float32)
    return [
        word,
        word[cut:],
        word[:-cut],
        word + 0.004 * noise,
        word[cut:-cut] - 0.008 * noise[cut:-cut],
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


def train_classifier(words: list[dict], target: str):
    """A support vector machine on the log-mel frames of the words and their variations."""
    examples = [(features(v), word[target]) for word in words for v in variations(word["audio"])]
    inputs, labels = zip(*examples, strict=True)
    return make_pipeline(StandardScaler(), SVC(C=10, gamma="scale")).fit(inputs, labels)


def accuracy(classifier, words: list[dict], target: str) -> float:
    predicted = classifier.predict([features(word["audio"]) for word in words])
    return float(np.mean(predicted == [word[target] for word in words]))


def synthesize(generator, seeds: int, temperature: float) -> list[dict]:
    """Every digit in every voice, once a seed, each sequence in an order of its own."""
    words = []
    for speaker in generator.config.speakers:
        conditions, spans = [], []
        for seed in range(seeds):
            order = np.random.default_rng(seed).permutation(list(DIGITS))
            found, seconds = wavenet.features.labels.spans_from_text(
                generator.config.features, " ".join(order), speaker, seed
            )
            spans.append(found)
            conditions.append(generator.condition_from_spans(found, int(np.ceil(seconds * RATE))))
        frames = max(map(len, conditions))
        padded = [np.pad(c, ((0, frames - len(c)), (0, 0))) for c in conditions]
        audio = generator.generate(
            condition=padded, speaker=speaker, batch=seeds, seed=1, temperature=temperature
        ).reshape(seeds, -1)
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
    """Bits per sample of backward-adaptive linear prediction; see `wavenet.baselines`."""
    sounds = [wavenet.mulaw_encode(word["audio"]) for word in words]
    values = wavenet.mulaw_decode(np.arange(256), dtype="float64")
    return wavenet.baselines.baselines(sounds, 256, values)["linear prediction"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="digits")
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    words = prepared_words(arguments.data)
    training = [word for word in words if word["split"] == "train"]
    unseen = [word for word in words if word["split"] == "validation"]
    generator = wavenet.load(arguments.model)
    synthesized = synthesize(generator, arguments.seeds, arguments.temperature)
    results = {
        "temperature": arguments.temperature,
        "training_words": len(training),
        "unseen_words": len(unseen),
        "synthesized_words": len(synthesized),
    }
    for target, name in (("text", "words"), ("speaker", "speakers")):
        classifier = train_classifier(training, target)
        results[f"{name}_recognised_in_unseen_takes"] = accuracy(classifier, unseen, target)
        results[f"{name}_recognised_in_synthesis"] = accuracy(classifier, synthesized, target)
        for group in sorted({word[target] for word in words}):
            part = [word for word in synthesized if word[target] == group]
            results[f"{name}_recognised: {group}"] = accuracy(classifier, part, target)
    results["bits_per_sample"] = bits_per_sample(generator, unseen)
    results["bits_per_sample_of_linear_prediction"] = linear_prediction(unseen)
    results["bits_per_sample_of_independent_codes"] = entropy_of_codes(training, unseen)
    report(results, arguments.json)


if __name__ == "__main__":
    main()

"""Judges of synthesized digits: two classifiers of different kind that know real takes alone.

One is a support vector machine on log-mel frames whose time is normalised, the other takes the
nearest of all real takes by dynamic time warping of mel-frequency cepstra and their slopes. Both
hear takes as they were published, whole, so that they miss what a synthesized word lacks.
"""

import librosa
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import wavenet

RATE = 8000
HOP = 80
FRAMES = 24  # to which the support vector machine has every word stretched
NEAREST = 3  # templates whose mean distance counts


TARGETS = ("text", "speaker")


class SupportVectors:
    """Log-mel frames of a word, its time normalised, and a support vector machine on them."""

    def __init__(self, words: list[dict]):
        examples = [(log_mel_frames(v), word) for word in words for v in variations(word["audio"])]
        inputs = [frames for frames, _ in examples]
        self._machines = {
            target: make_pipeline(StandardScaler(), SVC(C=10, gamma="scale")).fit(
                inputs, [word[target] for _, word in examples]
            )
            for target in TARGETS
        }

    def predict(self, words: list[dict]) -> dict[str, np.ndarray]:
        """The word and the speaker that are heard, `(n_words,)` each."""
        inputs = [log_mel_frames(word["audio"]) for word in words]
        return {target: machine.predict(inputs) for target, machine in self._machines.items()}


class NearestTakes:
    """The class whose nearest real takes are the least away, time warped."""

    def __init__(self, words: list[dict]):
        takes = [cepstra_with_slopes(word["audio"]) for word in words]
        frames = np.concatenate(takes)
        self._mean, self._scale = frames.mean(axis=0), frames.std(axis=0)
        self._takes = [self._scaled(take) for take in takes]
        self._labels = {target: np.array([word[target] for word in words]) for target in TARGETS}

    def predict(self, words: list[dict]) -> dict[str, np.ndarray]:
        """The word and the speaker that are heard, `(n_words,)` each."""
        costs = np.array([self._costs(word["audio"]) for word in words])
        predicted = {}
        for target, labels in self._labels.items():
            classes = np.unique(labels)
            nearest = [np.sort(costs[:, labels == c])[:, :NEAREST].mean(axis=1) for c in classes]
            predicted[target] = classes[np.argmin(nearest, axis=0)]
        return predicted

    def _costs(self, word: np.ndarray) -> list[float]:
        frames = self._scaled(cepstra_with_slopes(word))
        return [wavenet.dtw(take, frames)[0] / (len(take) + len(frames)) for take in self._takes]

    def _scaled(self, frames: np.ndarray) -> np.ndarray:
        return (frames - self._mean) / self._scale


JUDGES = {"support vectors": SupportVectors, "nearest takes": NearestTakes}


def log_mel_frames(word: np.ndarray) -> np.ndarray:
    """Log-mel frames of a word, its time normalised, without its overall level."""
    mel = librosa.feature.melspectrogram(
        y=word, sr=RATE, n_fft=256, hop_length=HOP, n_mels=32, fmin=60, fmax=3800
    )
    log_mel = np.log(mel + 1e-4 * mel.max())
    places = np.linspace(0, log_mel.shape[1] - 1, FRAMES)
    frames = np.stack([np.interp(places, np.arange(log_mel.shape[1]), row) for row in log_mel])
    return (frames - frames.mean()).ravel()


def cepstra_with_slopes(word: np.ndarray) -> np.ndarray:
    """13 mel-frequency cepstra and their slopes over 5 frames, `(frames, 26)`."""
    cepstra = librosa.feature.mfcc(
        y=librosa.effects.preemphasis(word), sr=RATE, n_mfcc=13, n_fft=256, win_length=200,
        hop_length=HOP, n_mels=26,
    )  # fmt: skip
    cepstra[0] -= cepstra[0].max()
    slopes = librosa.feature.delta(cepstra, width=5, mode="nearest")
    return np.concatenate([cepstra, slopes]).T


def variations(word: np.ndarray) -> list[np.ndarray]:
    """A word as it is, cut closer at both ends, and with noise: the machine must not mind."""
    cut = len(word) // 20
    noise = np.random.default_rng(len(word)).standard_normal(len(word)).astype(np.float32)
    return [
        word,
        word[cut:],
        word[:-cut],
        word + 0.004 * noise,
        word[cut:-cut] - 0.008 * noise[cut:-cut],
    ]


def confusion(predicted: np.ndarray, right: np.ndarray) -> str:
    """A table: a row for each class, in it how often each class was heard."""
    classes = np.unique(right)
    width = max(4, *map(len, classes)) + 1
    rows = ["".join(f"{c:>{width}}" for c in ("", *classes))]
    for c in classes:
        counts = [np.sum(predicted[right == c] == heard) for heard in classes]
        rows.append("".join(f"{v:>{width}}" for v in (c, *counts)))
    return "\n".join(rows)

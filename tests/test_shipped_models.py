"""The shipped models: whole, verified, and doing what they are for."""

import csv
import runpy
import warnings
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

import wavenet
from wavenet.evaluation.verification import verify
from wavenet.evaluation.vocoder import CopyComparison
from wavenet.features.labels import spans_from_text
from wavenet.features.statistics import FeatureRangeWarning
from wavenet.io.audio import read_audio, resample
from wavenet.io.hub import find_model


@pytest.mark.parametrize("name", wavenet.shipped_models())
def test_shipped_model(name):
    folder = find_model(name)
    assert "licence" in (folder / "README.md").read_text(encoding="utf-8").lower()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 4 * 2**20
    checks = verify(name)
    assert all(check.passed for check in checks), checks


def test_other_files_do_not_hide_shipped_models(tmp_path, monkeypatch, plain_model):
    shipped = find_model("digits")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    assert find_model("digits") == shipped
    (tmp_path / "digits" / "0.wav").touch()
    assert find_model("digits") == shipped
    assert find_model("./digits") == Path("digits")
    (tmp_path / "digits" / "config.json").touch()
    assert find_model("digits") == Path("digits")
    (tmp_path / "slt-to-bdl").touch()
    assert find_model("slt-to-bdl").is_dir()


def test_digits_speak_and_pause():
    generator = wavenet.load("digits")
    assert generator.config.speakers == ("george", "jackson", "nicolas", "theo")
    condition = generator.condition_from_text("3 1 4", "jackson")
    audio = generator.generate(condition=condition, speaker="jackson")
    spoken = condition.any(axis=1).repeat(80)
    level = np.sqrt(np.mean(audio[spoken] ** 2))
    assert level > 0.03 and np.median(np.abs(audio[~spoken])) < 0.01


def test_digits_are_cut_with_their_faint_ends():
    """The word has its "s", 40 dB below the vowel, and its "t" behind a closure."""
    script = Path(__file__).parent.parent / "examples" / "digits_manifest.py"
    bounds = runpy.run_path(str(script))["word_bounds"]
    random = np.random.default_rng(0)
    levels = [
        (0.002, 0.15),
        (0.3, 0.2),
        (0.001, 0.2),
        (0.03, 0.03),
        (0.002, 0.2),
        (0, 1),
        (0.1, 0.01),
    ]
    take = np.concatenate([s * random.standard_normal(int(d * 8000)) for s, d in levels])
    start, end = bounds(take, 8000)
    assert start == 0 and 0.78 <= end / 8000 < 1


def test_digits_are_recognised(data):
    """By the nearest of real takes, heard whole; in the voice whose "s" is the faintest."""
    generator = wavenet.load("digits")
    templates = [
        (row["digit"], cepstra(take))
        for row, take in digit_takes(data, "jackson")
        if 5 <= int(row["take"]) < 11
    ]
    hits = []
    for seed in range(4):
        spans, _ = spans_from_text(generator.config.features, "0123456789", "jackson", seed)
        condition = generator.condition_from_text("0123456789", "jackson", seed)
        y = generator.generate(condition=condition, speaker="jackson", seed=seed)
        for digit, start, end in spans:
            word = cepstra(y[round(start * 8000) : round(end * 8000)])
            costs = [wavenet.dtw(t, word)[0] / (len(t) + len(word)) for _, t in templates]
            hits.append(templates[np.argmin(costs)][0] == digit)
    assert np.mean(hits) >= 0.9
    assert np.mean(hits[6::10]) >= 0.75


def cepstra(y):
    y = librosa.effects.preemphasis(y / np.abs(y).max())
    return librosa.feature.mfcc(y=y, sr=8000, n_mfcc=13, n_fft=256, hop_length=80, n_mels=26).T


def digit_takes(data, speaker):
    """Rows of the index of one speaker, each with its sound."""
    with open(data / "digits_fsdd" / "index.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["speaker"] == speaker]
    audio, _ = soundfile.read(data / "digits_fsdd" / rows[0]["file"], dtype="float32")
    return [(row, audio[int(row["start_sample"]) : int(row["end_sample"])]) for row in rows]


def test_digits_predict_real_words(data):
    generator = wavenet.load("digits")
    row, y = next((r, y) for r, y in digit_takes(data, "jackson") if r["take"] == "24")
    spans = [(row["digit"], 0.0, len(y) / 8000)]
    condition = generator.condition_from_spans(spans, len(y))
    right = generator.score(y, speaker="jackson", condition=condition).bits_per_sample
    others = []
    for digit in set("0123456789") - {row["digit"]}:
        spans = [(digit, 0.0, len(y) / 8000)]
        condition = generator.condition_from_spans(spans, len(y))
        others.append(generator.score(y, speaker="jackson", condition=condition).bits_per_sample)
    assert right < 5.5 and right < np.mean(others)


def test_slt16k_copies_an_unseen_sentence(data):
    """As near as WORLD's copies are, give or take, and far nearer with the right features."""
    vocoder = wavenet.load("slt16k")
    y, _ = read_audio(data / "speech_arctic" / "slt" / "arctic_b0530.flac", 16000)
    frames = vocoder.condition_from_sound(y)
    measure = CopyComparison(y, 16000, (100.0, 300.0))
    copy = measure(vocoder.generate(len(y), condition=frames))
    other = measure(vocoder.generate(len(y), condition=frames[::-1]))
    assert copy.mcd_db < 4
    assert other.mcd_db > 8
    assert copy.voicing_error < 0.2
    assert copy.lsd_db < 8


@pytest.mark.parametrize("name", ["digits", "slt16k"])
def test_every_network_loads_in_8_bits(name):
    assert wavenet.load(name, precision="int8").precision == "int8"


def test_the_vocoder_loads_in_8_bits(data):
    """With the ranges in its file; the scale is what a sentence needs in its own precision."""
    path = sorted((data / "speech_arctic" / "slt").glob("*.flac"))[-1]
    y = read_audio(path, 16000)[0][8000:20000]
    exact, small = wavenet.load("slt16k"), wavenet.load("slt16k", precision="int8")
    assert small.precision == "int8" and exact.precision == "bf16"
    condition = exact.condition_from_sound(y)
    bits = [g.score(y, condition=condition).bits_per_sample for g in (exact, small)]
    assert bits[1] - bits[0] < 0.05, bits


@pytest.mark.parametrize(
    ("path", "rate", "unlike"),
    [
        ("speech_arctic/slt/arctic_b0500.flac", 16000, False),
        ("speech_arctic/slt/arctic_b0515.flac", 22050, False),
        ("speech_arctic/slt/arctic_b0532.flac", 44100, False),
        ("speech_arctic/slt/arctic_b0532.flac", 48000, False),
        ("speech_arctic/bdl/arctic_b0532.flac", 16000, True),
        ("speech_arctic/bdl/arctic_b0532.flac", 48000, True),
        ("speech_pjs/pjs042.flac", 24000, True),
        ("digits_fsdd/theo.flac", 8000, True),
    ],
)
def test_slt16k_tells_other_speakers(data, path, rate, unlike):
    """Whatever the rate of the recording, which the vocoder's features are not of."""
    vocoder = wavenet.load("slt16k")
    y = resample(read_audio(data / path, rate)[0][: 4 * rate], rate, 16000)
    frames = vocoder.condition_from_sound(y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        vocoder.streams(condition=frames)
    assert [w.category for w in caught] == [FeatureRangeWarning] * unlike

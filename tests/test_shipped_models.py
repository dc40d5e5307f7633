"""The shipped models: whole, verified, and doing what they are for."""

import warnings
from pathlib import Path

import numpy as np
import pytest

import wavenet
from wavenet.assets import find_model
from wavenet.audio import read_audio
from wavenet.evaluation import Measure
from wavenet.features.statistics import FeatureRangeWarning
from wavenet.verification import verify


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


def test_digits_predict_real_words(data):
    import csv

    import soundfile

    generator = wavenet.load("digits")
    with open(data / "digits_fsdd" / "index.csv", newline="") as file:
        row = next(
            r for r in csv.DictReader(file) if r["speaker"] == "jackson" and r["take"] == "24"
        )
    audio, rate = soundfile.read(data / "digits_fsdd" / row["file"], dtype="float32")
    y = audio[int(row["start_sample"]) : int(row["end_sample"])]
    spans = [(row["digit"], 0.0, len(y) / rate)]
    condition = generator.condition_from_spans(spans, len(y))
    right = generator.score(y, speaker="jackson", condition=condition).bits_per_sample
    others = []
    for digit in set("0123456789") - {row["digit"]}:
        spans = [(digit, 0.0, len(y) / rate)]
        condition = generator.condition_from_spans(spans, len(y))
        others.append(generator.score(y, speaker="jackson", condition=condition).bits_per_sample)
    assert right < 5.5 and right < np.mean(others)


def test_slt16k_copies_an_unseen_sentence(data):
    """As near as WORLD's copies are, give or take, and far nearer with the right features."""
    vocoder = wavenet.load("slt16k")
    y, _ = read_audio(data / "speech_arctic" / "slt" / "arctic_b0530.flac", 16000)
    frames = vocoder.condition_from_sound(y)
    measure = Measure(y, 16000, (100.0, 300.0))
    copy = measure(vocoder.generate(len(y), condition=frames))
    other = measure(vocoder.generate(len(y), condition=frames[::-1]))
    assert copy.mcd_db < 4
    assert other.mcd_db > 8
    assert copy.voicing_error < 0.2
    assert copy.lsd_db < 8


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
    ("path", "unlike"),
    [
        ("speech_arctic/slt/arctic_b0500.flac", False),
        ("speech_arctic/slt/arctic_b0515.flac", False),
        ("speech_arctic/slt/arctic_b0532.flac", False),
        ("speech_arctic/bdl/arctic_b0532.flac", True),
        ("speech_pjs/pjs042.flac", True),
        ("digits_fsdd/theo.flac", True),
    ],
)
def test_slt16k_tells_other_speakers(data, path, unlike):
    vocoder = wavenet.load("slt16k")
    y, rate = read_audio(data / path, 16000)
    frames = vocoder.condition_from_sound(y[: 4 * rate])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        vocoder.streams(condition=frames)
    assert [w.category for w in caught] == [FeatureRangeWarning] * unlike

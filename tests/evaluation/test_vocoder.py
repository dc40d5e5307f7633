"""Figures of copies: zero for the same sound, rising with noise; folders; missing packages."""

import csv
import json
import math
import sys

import librosa
import numpy as np
import pytest
import soundfile

from wavenet.evaluation.vocoder import (
    COPY_METRICS,
    CopyComparison,
    evaluate_copies,
    mulaw_round_trip,
)
from wavenet.io.audio import read_audio
from wavenet.metrics import perception
from wavenet.metrics.log_spectral_distance import log_spectral_distance


@pytest.fixture(scope="module")
def speech(data):
    return read_audio(data / "speech_arctic" / "slt" / "arctic_a0001.flac")[0][4000:36000]


def test_log_spectral_distance_against_librosa(speech):
    other = speech + 0.01 * np.random.default_rng(0).standard_normal(len(speech))
    spectra = [
        np.abs(librosa.stft(y.astype(float), n_fft=1024, hop_length=256, center=False))
        for y in (speech, other)
    ]
    floor = 10 ** (-80 / 20) * spectra[0].max()
    a, b = (20 * np.log10(np.maximum(s, floor)) for s in spectra)
    expected = np.mean(np.sqrt(np.mean((a - b) ** 2, axis=0)))
    assert log_spectral_distance(speech, other) == pytest.approx(expected, rel=1e-6)


def test_figures_rise_with_the_noise(speech):
    measure = CopyComparison(speech, 16000)
    random = np.random.default_rng(0)
    same, *noisy = (measure(speech + d * random.standard_normal(32000)) for d in (0, 1e-3, 1e-2))
    assert (same.mcd_db, same.lsd_db, same.f0_rmse_cents, same.voicing_error) == (0, 0, 0, 0)
    for name in ("mcd_db", "lsd_db", "f0_rmse_cents"):
        assert 0 < getattr(noisy[0], name) < getattr(noisy[1], name), name
    assert math.isnan(same.bits_per_sample)


@pytest.mark.skipif(not perception.is_available("pesq"), reason="needs the extra evaluate")
def test_pesq(speech):
    noisy = speech + 0.01 * np.random.default_rng(0).standard_normal(len(speech))
    assert perception.pesq(speech, speech, 16000) == pytest.approx(4.644, abs=1e-3)
    assert 1 < perception.pesq(speech, noisy, 16000) < 2
    assert math.isnan(perception.pesq(np.zeros(16000), np.zeros(16000), 16000))


@pytest.mark.skipif(not perception.is_available("stoi"), reason="needs the extra evaluate")
def test_stoi(speech):
    noisy = speech + 0.05 * np.random.default_rng(0).standard_normal(len(speech))
    assert perception.stoi(speech, speech, 16000) == pytest.approx(1, abs=1e-6)
    assert 0.2 < perception.stoi(speech, noisy, 16000) < 0.95
    assert math.isnan(perception.stoi(speech[:2000], speech[:2000], 16000))


def test_missing_packages(speech, monkeypatch):
    for name in ("pesq", "pystoi"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"pesq is not installed: pip install .*\[evaluate\]"):
        perception.pesq(speech, speech, 16000)
    figures = CopyComparison(speech, 16000)(speech)
    assert math.isnan(figures.pesq) and math.isnan(figures.stoi) and figures.mcd_db == 0


@pytest.fixture
def folders(speech, tmp_path):
    """Two recordings, and outputs: a round trip, a noisy copy, one too short, one alone."""
    for folder in ("references", "outputs"):
        (tmp_path / folder).mkdir()
    noise = 0.005 * np.random.default_rng(0).standard_normal(len(speech))
    outputs = {
        "a": mulaw_round_trip(speech), "b": speech + noise, "c": speech[:9000], "d": speech
    }  # fmt: skip
    for name, y in outputs.items():
        soundfile.write(tmp_path / "outputs" / f"{name}.wav", y, 16000, subtype="FLOAT")
        if name != "d":
            soundfile.write(tmp_path / "references" / f"{name}.flac", speech, 16000)
    return tmp_path


def test_folders(folders, wavenet_command):
    result = evaluate_copies(folders / "references", folders / "outputs")
    assert list(result.files) == ["a", "b"]
    assert result.files["a"].mcd_db == pytest.approx(result.mulaw_bound["a"].mcd_db, abs=1e-3)
    assert result.files["b"].mcd_db > result.mulaw_bound["b"].mcd_db
    assert len(result.failed) == 2
    assert "d.wav has no counterpart" in result.failed[0]
    assert "the output has 9000 samples and its reference 32000" in result.failed[1]
    command = ["evaluate", folders / "references", folders / "outputs"]
    options = ["-o", folders / "figures.csv", "--plot", folders / "figures.png"]
    code, out, err = wavenet_command(*command, *options)
    assert code == 1 and err.count("left out") == 2
    assert "2 files" in out and "mu-law-256" in out and "lsd_db: root mean square" in out
    rows = list(csv.DictReader((folders / "figures.csv").read_text().splitlines()))
    assert float(rows[1]["mcd_db"]) == pytest.approx(result.files["b"].mcd_db, rel=1e-5)
    stored = json.loads((folders / "figures.json").read_text())
    assert set(stored["means"]["files"]) == set(COPY_METRICS) and "world" in stored["settings"]
    assert (folders / "figures.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.filterwarnings("ignore:.*range of the training data")
def test_bits_per_sample(folders, vocoder_model, wavenet_command):
    (folders / "outputs" / "c.wav").unlink()
    (folders / "outputs" / "d.wav").unlink()
    (folders / "references" / "c.flac").unlink()
    command = ["evaluate", folders / "references", folders / "outputs", "--model", vocoder_model]
    code, _, _ = wavenet_command(*command, "-o", folders / "f.csv")
    assert code == 0
    rows = list(csv.DictReader((folders / "f.csv").read_text().splitlines()))
    assert float(rows[0]["bits_per_sample"]) > 1


@pytest.mark.parametrize(
    ("reference", "output", "message"),
    [
        (np.zeros(8000), np.zeros(8000), "silent"),
        (np.ones(500), np.ones(500), "at least 1600"),
        (np.full(8000, np.nan), np.zeros(8000), "not finite"),
    ],
)
def test_bad_sounds(reference, output, message):
    with pytest.raises(ValueError, match=message):
        CopyComparison(reference, 16000)(output)


def test_other_rate(speech, tmp_path):
    for folder, rate in (("a", 16000), ("b", 8000)):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "x.wav", speech, rate)
    with pytest.raises(ValueError, match=r"x\.wav: it has 8000 Hz and its reference 16000"):
        evaluate_copies(tmp_path / "a", tmp_path / "b")


@pytest.fixture
def wavenet_command(monkeypatch, capsys):
    """The command in this process: exit code and output."""
    from wavenet.cli import main

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["wavenet", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        return stopped.value.code or 0, *capsys.readouterr()

    return run

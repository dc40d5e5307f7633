"""Recurrent models of recordings: mu-law codes, sample by sample."""

import json

import numpy as np
import pytest
import soundfile

import wavenet
from wavenet.training import train
from wavenet.training.data.recordings import RecordingsData
from wavenet.training.settings import setting

MODEL = {"kind": "recurrent", "cell": "gru", "layers": 1, "hidden_size": 16, "sample_rate": 8000}


def test_learns_recordings(recordings, hold_out, tmp_path, small_run):
    """The loss falls, and what training reports is what the engine measures."""
    run = small_run | {"steps": 60, "learning_rate": 1e-2, "window": 200, "ema_decay": 0.5}
    assert train(hold_out(recordings, 3), tmp_path / "out", MODEL, run)
    log = [json.loads(line) for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    validation = [row["validation_loss"] for row in log if "validation_loss" in row]
    assert validation[-1] < validation[0] - 1
    generator = wavenet.load(tmp_path / "out")
    assert generator.sample_rate == 8000 and generator.config.cell == "gru"
    y = generator.generate(1000, seed=1)
    assert y.shape == (1000,) and np.abs(y).max() <= 1
    score = generator.score(soundfile.read(recordings / "3.wav")[0]).bits_per_sample
    assert score == pytest.approx(validation[-1], abs=0.05)


def test_settings(recordings, tmp_path, small_run):
    assert setting("sample_rate", "8000", RecordingsData, "recurrent") == ("model", 8000)
    assert setting("hidden_size", "8", RecordingsData, "recurrent") == ("model", 8)
    with pytest.raises(ValueError, match="no setting 'hidden_size'"):
        setting("hidden_size", "8", RecordingsData)
    with pytest.raises(ValueError, match="channels must be a power of two"):
        train(recordings, tmp_path / "out", MODEL | {"quantization_channels": 100}, small_run)
    with pytest.raises(ValueError, match="kind must be wavenet or recurrent for audio, got 'x'"):
        train(recordings, tmp_path / "out", {"kind": "x"}, small_run)

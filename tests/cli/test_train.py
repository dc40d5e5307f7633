"""`wavenet train`: its help, presets, and what it says without torch."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from wavenet.config import WaveNetConfig
from wavenet.config.recurrent import RecurrentConfig
from wavenet.training import TrainingConfig
from wavenet.training.data import KINDS, kind_of
from wavenet.training.data.series import SeriesOptions
from wavenet.training.presets import WAVENET


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "recordings"
    folder.mkdir()
    for i in range(2):
        soundfile.write(folder / f"{i}.wav", np.sin(np.arange(8000) / (5 + i)) / 2, 8000)
    return folder


def test_help_lists_every_setting(wavenet):
    outcome = wavenet("train", "--help")
    assert outcome.code == 0
    text = " ".join(outcome.out.split())
    assert "--learning-rate FLOAT The highest one, from which the rate falls" in text
    assert "[0.001; text 0.003; series 0.002]" in text
    assert "--residual-channels INT Channels between the blocks" in text and "[64]" in text
    shaped = {"noise_shaping", "precision"}  # of a WaveNet: they are those of the training
    nested = {"kind", "local", "features", "series", "text", "audio", "output"}
    for cls in (TrainingConfig, WaveNetConfig, RecurrentConfig, SeriesOptions):
        for field in dataclasses.fields(cls):
            if field.name not in nested | shaped:
                assert f"--{field.name.replace('_', '-')} " in text, field.name
    assert "--cell rnn|lstm|gru " in text and "--device STR " in text
    assert f"--preset {'|'.join(WAVENET)} " in text
    for title in ("Training:", "WaveNet:", "Recurrent model:", "Time series:", "Echo state"):
        assert title in text


def test_the_distribution_is_a_setting(wavenet, recordings, tmp_path):
    """`--output` is the folder."""
    options = ["--output-distribution", "gaussian", "--input", "scalar", "--steps", 1,
               "--dilations", "1,2", "--sample-rate", 8000, "--window", 400]  # fmt: skip
    outcome = wavenet("train", recordings, "-o", tmp_path / "out", *options)
    assert outcome.code == 0, outcome.err
    assert "is written; `wavenet info" in outcome.err
    assert "output: gaussian" in wavenet("info", tmp_path / "out").out


def test_presets(wavenet, recordings, tmp_path):
    options = ["--preset", "small", "--steps", 1, "--skip-channels", 8, "--window", 400]
    outcome = wavenet("train", recordings, "-o", tmp_path / "out", *options)
    assert outcome.code == 0, outcome.err
    assert "residual_channels 16, gate_channels 32, skip_channels 8" in outcome.err
    assert wavenet("train", recordings, "-o", tmp_path / "out", *options, "--resume").code == 0
    outcome = wavenet("train", recordings, "-o", tmp_path / "x", "--preset", "tiny")
    assert outcome.code == 2 and "preset must be one of small, medium, large" in outcome.err


@pytest.mark.parametrize(("model", "presets"), [k for kind in KINDS for k in kind.presets.items()])
def test_presets_are_settings(model, presets):
    for preset in presets.values():
        TrainingConfig(**preset["training"])
        config = WaveNetConfig if model == "wavenet" else RecurrentConfig
        assert set(preset["model"]) <= {field.name for field in dataclasses.fields(config)}


@pytest.mark.parametrize(
    "code",
    [
        "import wavenet.models",
        "from wavenet.training import train",
        "sys.argv = ['wavenet', 'train', 'x', '-o', 'y']; from wavenet.cli import main; main()",
        "sys.argv = ['wavenet', 'import-model', 'x', '--config', 'z', '-o', 'y']\n"
        "from wavenet.cli import main; main()",
    ],
)
def test_without_torch(code):
    block = "import sys; sys.modules['torch'] = None\n"
    result = subprocess.run(
        [sys.executable, "-c", block + code], capture_output=True, text=True, check=False
    )
    last = result.stderr.strip().splitlines()[-1]
    needs = "wavenet.models and wavenet.training need torch, which is not installed"
    assert f'{needs}: pip install "wavenet-engine[train]"' in last
    if "main" in code:
        assert result.returncode == 2 and result.stderr.count("\n") == 1


def test_without_scikit_learn(wavenet, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    days = np.datetime64("2020-01-01") + np.arange(200)
    rows = "".join(f"{day},{i % 7}\n" for i, day in enumerate(days))
    (tmp_path / "a.csv").write_text("day,a\n" + rows)
    options = ["--kind", "echo-state", "--target", "a", "--horizon", 5]
    outcome = wavenet("train", tmp_path / "a.csv", "-o", tmp_path / "out", *options)
    assert outcome.code == 2 and 'pip install "wavenet-engine[train]"' in outcome.err


def test_settings_need_no_torch(tmp_path):
    code = "import sys, wavenet.training.settings as s; s.described_settings(); print('torch' in "
    command = [sys.executable, "-c", code + "sys.modules)"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"False\n"
    assert kind_of(tmp_path).name == "audio"

"""Whole runs: the loss falls, runs resume exactly, processes share the work, Ctrl-C saves."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import wavenet
import wavenet.io.audio
from wavenet.config import from_dict, to_dict
from wavenet.training import TrainingConfig, train
from wavenet.training.settings import setting
from wavenet.training.trainer import _stop_signals, learning_rate


def log_of(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def assert_same_weights(one, other, **tolerance):
    one, other = (load_file(folder / "checkpoint.safetensors") for folder in (one, other))
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_allclose(value, other[name], err_msg=name, **tolerance)


def test_loss_falls_and_the_model_speaks(recordings, tmp_path, small_model, small_run):
    run = small_run | {"steps": 60, "learning_rate": 1e-2, "validate_every": 30, "ema_decay": 0.9}
    header, *rows = (recordings / "manifest.csv").read_text().splitlines()
    rows = [f"{header},split", *(f"{row},train" for row in rows[1:]), f"{rows[0]},validation"]
    (recordings / "split.csv").write_text("\n".join(rows))
    assert train(recordings / "split.csv", tmp_path / "out", small_model, run)
    losses = [row["loss"] for row in log_of(tmp_path / "out") if "loss" in row]
    validation = [row["validation_loss"] for row in log_of(tmp_path / "out") if "loss" not in row]
    assert losses[-1] < losses[0] - 1 and validation[-1] < validation[0]
    generator = wavenet.load(tmp_path / "out")
    condition = generator.condition_from_text("x y, x", speaker="ann")
    assert generator.generate(condition=condition, speaker="ann").shape == (len(condition) * 80,)


@pytest.mark.parametrize("output", ["logistic-mixture", "gaussian", "gaussian-mixture"])
def test_continuous_outputs_learn(recordings, tmp_path, small_model, small_run, output):
    model = small_model | {"input": "scalar", "output": output, "mixtures": 3}
    run = small_run | {"steps": 80, "learning_rate": 1e-2, "validate_every": 40, "ema_decay": 0.9}
    assert train(recordings, tmp_path / "out", model, run)
    losses = [row["loss"] for row in log_of(tmp_path / "out") if "loss" in row]
    validation = [row["validation_loss"] for row in log_of(tmp_path / "out") if "loss" not in row]
    assert losses[-1] < losses[0] - 1 and validation[-1] < validation[0]
    y = wavenet.load(tmp_path / "out").generate(2000, seed=1)
    assert 1e-3 < np.abs(y).max() <= 1


@pytest.mark.parametrize("output", ["categorical", "logistic-mixture", "gaussian"])
def test_vocoder(recordings, tmp_path, small_model, small_run, output):
    """Mel conditioning from the sound itself: it learns more than a model without, and resumes."""
    mel = {"kind": "mel", "sample_rate": 8000, "fft_length": 256, "window_length": 256,
           "hop_length": 40, "mel_channels": 20}  # fmt: skip
    local = {"channels": 20, "hop_length": 40, "hidden_channels": 8, "upsampling": "stretch",
             "upsampling_factors": [5, 8]}  # fmt: skip
    model = small_model | {"features": mel, "local": local, "output": output}
    if output != "categorical":
        model["input"] = "scalar"
    run = small_run | {"steps": 60, "learning_rate": 1e-2, "validate_every": 30, "ema_decay": 0.9,
                       "noise_shaping": 0.5}  # fmt: skip
    (recordings / "manifest.csv").unlink()
    assert train(recordings, tmp_path / "out", model, run)
    losses = [row["loss"] for row in log_of(tmp_path / "out") if "loss" in row]
    assert losses[-1] < losses[0] - 1
    generator = wavenet.load(tmp_path / "out")
    config = generator.config
    assert len(config.noise_shaping) == 25 and len(config.features.statistics.mean) == 20
    y, _ = wavenet.io.audio.read_audio(recordings / "0.wav")
    frames = generator.condition_from_sound(y)
    assert frames.shape == (200, 20)
    assert generator.generate(condition=frames, seed=1).shape == (8000,)
    assert train(recordings, tmp_path / "out", None, {"steps": 61}, resume=True)
    assert wavenet.load(tmp_path / "out").config == config


@pytest.mark.filterwarnings("ignore:.*range of the training data")
@pytest.mark.parametrize("shaping", [{}, {"adaptive_noise_shaping": 0.5}])
def test_vocoder_validation_is_the_score(
    recordings, hold_out, tmp_path, small_model, small_run, shaping
):
    """The trainer conditions on the frames that copy synthesis makes, and filters by them."""
    mel = {"kind": "mel", "sample_rate": 8000, "fft_length": 256, "window_length": 256,
           "hop_length": 40, "mel_channels": 20}  # fmt: skip
    local = {"channels": 20, "hop_length": 40, "hidden_channels": 8}
    model = small_model | {"features": mel, "local": local}
    assert train(hold_out(recordings, 0), tmp_path / "out", model, small_run | shaping)
    generator = wavenet.load(tmp_path / "out")
    assert generator.config.adaptive_noise_shaping == shaping.get("adaptive_noise_shaping", 0)
    y, _ = wavenet.io.audio.read_audio(recordings / "0.wav")
    score = generator.score(y, condition=generator.condition_from_sound(y))
    last = [row for row in log_of(tmp_path / "out") if "validation_loss" in row][-1]
    # Unlike the score, a window sees no frames beyond its ends.
    assert score.bits_per_sample == pytest.approx(last["validation_loss"], rel=5e-3)


@pytest.mark.parametrize("output", ["categorical", "logistic-mixture", "gaussian-mixture"])
def test_validation_is_the_score(recordings, hold_out, tmp_path, small_model, small_run, output):
    """The loss that training reports is what the engine measures on the exported model."""
    kind = "one-hot" if output == "categorical" else "scalar"
    model = small_model | {"output": output, "input": kind}
    train(hold_out(recordings, 3), tmp_path / "out", model, small_run | {"window": 2000})
    reported = log_of(tmp_path / "out")[-1]["validation_loss"]
    y, _ = wavenet.io.audio.read_audio(recordings / "3.wav")
    score = wavenet.load(tmp_path / "out").score(y).bits_per_sample
    assert score == pytest.approx(reported, abs=1e-4)


@pytest.mark.parametrize("data", ["manifest.csv", "."])
def test_resumed_run_is_the_same(recordings, tmp_path, small_model, small_run, data):
    run = small_run | {"steps": 20}
    train(recordings / data, tmp_path / "whole", small_model, run)
    stop_after(10, recordings / data, tmp_path / "parts", small_model, run)
    train(recordings / data, tmp_path / "parts", resume=True)
    assert_same_weights(tmp_path / "whole", tmp_path / "parts", rtol=1e-5, atol=1e-7)


def stop_after(steps, data, output, model, run):
    """Trains and sends this process Ctrl-C at a step."""
    from wavenet.training.progress import Reporter

    original = Reporter.step

    def step(self, number, loss):
        original(self, number, loss)
        if number == steps:
            os.kill(os.getpid(), signal.SIGINT)

    Reporter.step = step
    try:
        assert train(data, output, model, run) is False
    finally:
        Reporter.step = original


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_precisions(recordings, tmp_path, small_model, small_run, precision):
    train(recordings, tmp_path / "out", small_model, small_run | {"precision": precision})
    assert np.isfinite(log_of(tmp_path / "out")[-1]["validation_loss"])


def test_two_processes_follow_one(recordings, tmp_path, small_model, small_run):
    run = small_run | {"steps": 6, "batch_size": 4}
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"model": small_model, "training": run}))
    data = str(recordings / "manifest.csv")
    train(data, tmp_path / "one", small_model, run)
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone",
         "-m", "wavenet", "train", data, "-o", str(tmp_path / "two"), "--config",
         str(config)],
        check=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert_same_weights(tmp_path / "one", tmp_path / "two", rtol=1e-3, atol=1e-5)
    one, two = log_of(tmp_path / "one"), log_of(tmp_path / "two")
    assert one[-1]["validation_loss"] == pytest.approx(two[-1]["validation_loss"], abs=1e-4)


def test_ctrl_c_saves_and_resumes(recordings, tmp_path):
    command = [
        sys.executable, "-m", "wavenet", "train", str(recordings), "-o", str(tmp_path / "out"),
    ]  # fmt: skip
    options = ["--steps", "100000", "--batch-size", "1", "--window", "200", "--dilations", "1,2",
               "--sample-rate", "8000", "--save-every", "1"]  # fmt: skip
    process = subprocess.Popen(command + options, stderr=subprocess.PIPE, text=True)
    checkpoint = tmp_path / "out" / "checkpoint.safetensors"
    for _ in range(600):
        if checkpoint.exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in errors and "Traceback" not in errors
    assert wavenet.load(tmp_path / "out").generate(10).shape == (10,)
    steps = int(log_of(tmp_path / "out")[-1]["step"]) if log_of(tmp_path / "out") else 0
    subprocess.run([*command, "--resume", "--steps", str(steps + 50)], check=True)


def test_second_ctrl_c_stops_at_once():
    with _stop_signals(True) as received:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert received == [signal.SIGINT, signal.SIGTERM]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


STOP_ONE_OF_TWO = """
import json, os, signal, sys
from wavenet.training import train
from wavenet.training.progress import Reporter

def step(self, number, loss):
    if number == 3 and os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGINT)

Reporter.step = step
assert train(*json.loads(sys.argv[1])) is False
"""


def test_a_signal_to_one_process_stops_all(recordings, tmp_path, small_model, small_run):
    (tmp_path / "script.py").write_text(STOP_ONE_OF_TWO)
    run = small_run | {"steps": 100_000, "validate_every": 100_000, "save_every": 100_000}
    arguments = [str(recordings), str(tmp_path / "out"), small_model, run]
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone",
         str(tmp_path / "script.py"), json.dumps(arguments)],
        check=True, timeout=300, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    with safe_open(tmp_path / "out" / "checkpoint.safetensors", framework="numpy") as file:
        assert file.metadata()["step"] == "4"


@pytest.mark.parametrize("validate_every", [2, 100])
def test_the_loss_of_short_runs_is_logged(
    recordings, tmp_path, small_model, small_run, validate_every
):
    train(recordings, tmp_path / "out", small_model, small_run | {"validate_every": validate_every})
    log = log_of(tmp_path / "out")
    steps = [row["step"] for row in log if "loss" in row]
    assert steps == list(range(validate_every, 5, validate_every)) or steps == [4]
    assert all(row["samples_per_second"] > 0 for row in log if "loss" in row)


def test_a_model_is_not_overwritten(recordings, tmp_path, small_model, small_run):
    train(recordings, tmp_path / "out", small_model, small_run)
    before = (tmp_path / "out" / "checkpoint.safetensors").read_bytes()
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors is there already.*--resume"):
        train(recordings, tmp_path / "out", small_model, small_run)
    (tmp_path / "out" / "checkpoint.safetensors").unlink()
    with pytest.raises(ValueError, match=r"model\.safetensors is there already"):
        train(recordings, tmp_path / "out", small_model, small_run)
    (tmp_path / "out" / "checkpoint.safetensors").write_bytes(before)
    assert train(recordings, tmp_path / "out", resume=True)


@pytest.mark.parametrize(
    ("tensors", "metadata", "message"),
    [
        ({"x": np.zeros(1)}, None, "not a checkpoint of a training: it has no 'step'"),
        ({"x": np.zeros(1)}, {"step": "1", "model": "{}"}, "it has no 'training'"),
        ({"x": np.zeros(1)}, "good", "does not fit its model.*input.weight"),
    ],
)
def test_checkpoints_of_others(
    recordings, tmp_path, small_model, small_run, tensors, metadata, message
):
    if metadata == "good":
        config = to_dict(from_dict({"kind": "wavenet", **small_model}))
        texts = {"model": json.dumps(config), "training": json.dumps(small_run)}
        metadata = {"step": "1", **texts}
    save_file(tensors, tmp_path / "checkpoint.safetensors", metadata)
    with pytest.raises(ValueError, match=message):
        train(recordings, tmp_path, resume=True)


def test_settings_as_text():
    assert setting("steps", "7") == ("training", 7)
    assert setting("learning_rate", "1e-4") == ("training", 1e-4)
    assert setting("compile", "true") == ("training", True)
    assert setting("dilations", "1,2,4") == ("model", [1, 2, 4])
    assert setting("input", "scalar") == ("model", "scalar")
    with pytest.raises(ValueError, match="did you mean residual_channels"):
        setting("residual_chanels", "3")
    with pytest.raises(ValueError, match="steps cannot be 'many'"):
        setting("steps", "many")


def test_learning_rate():
    settings = TrainingConfig(steps=100, warmup_steps=10, learning_rate=1.0)
    assert learning_rate(settings, 0) == pytest.approx(0.1)
    assert learning_rate(settings, 9) == pytest.approx(1.0)
    assert learning_rate(settings, 55) == pytest.approx((1 + 0.05) / 2)
    assert learning_rate(settings, 100) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("model", "run", "message"),
    [
        ({"residual_channels": 0}, {}, "residual_channels must be from 1"),
        ({"quantization_channels": 100}, {}, "power of two"),
        ({"sample_rat": 1}, {}, "unknown setting 'sample_rat'"),
        ({}, {"steps": 0}, "steps must be at least 1"),
        ({}, {"learning_rate": -1.0}, "learning_rate must be above 0"),
        ({}, {"precision": "fp8"}, "fp8"),
        ({}, {"ema_decay": 1.0}, "ema_decay"),
        ({}, {"stepz": 1}, "unknown setting 'stepz'"),
    ],
)
def test_bad_settings(recordings, tmp_path, model, run, message):
    with pytest.raises(ValueError, match=message):
        train(recordings, tmp_path / "out", model, run)


def test_nothing_to_resume(recordings, tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint to resume"):
        train(recordings, tmp_path / "out", resume=True)

"""What a training says: settings, a scale for the loss, when it ends; trainings of a time."""

import io
import os
import re
import signal

import numpy as np
import pytest
import soundfile
from rich.console import Console
from safetensors import safe_open

from wavenet.training import TrainingConfig, train
from wavenet.training.progress import Reporter, estimate
from wavenet.training.trainer import learning_rate


@pytest.fixture
def small(small_model, small_run, recordings, tmp_path):
    """Arguments of a small training, which changes of the run go into."""

    def arguments(**changes):
        return recordings, tmp_path / "out", small_model, small_run | changes

    return arguments


def metadata(folder) -> dict[str, str]:
    with safe_open(folder / "checkpoint.safetensors", framework="numpy") as file:
        return file.metadata()


def test_a_training_says_what_it_does(small, capsys):
    train(*small(steps=4, learning_rate=0.002))
    err = capsys.readouterr().err
    assert "model: sample_rate 8000, dilations 1 2 4 8, " in err
    assert "training: steps 4, " in err and "learning_rate 0.002" in err
    assert "bits per sample without a model: uniform code 8.00, independent codes " in err
    assert re.search(r"linear prediction [01]\.\d\d\n", err)  # of a pure tone
    assert "4 steps at " in err and "ends in " in err
    assert f"{small()[1]}: step 4, " in err


def test_names_in_brackets_are_no_markup(small, tmp_path, capsys):
    """A closing tag that nothing opens ended the training."""
    data, (_, output, model, run) = tmp_path / "data[", small()
    data.mkdir()
    for name in ("red] a.wav", "red] b.wav"):  # in all: data[/red] a.wav
        soundfile.write(data / name, np.random.default_rng(0).uniform(-0.5, 0.5, (8000, 2)), 8000)
    train(data, output, model, run)
    assert f"(the first: {data / 'red] a.wav'})" in capsys.readouterr().err


def test_rates_unlike_the_models_are_said(small, small_model, capsys):
    small_model["sample_rate"] = 16000
    train(*small())
    said = capsys.readouterr().err
    assert "have 8,000 Hz, the model 16,000: they are resampled; --sample-rate 8000" in said


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "100,000 steps at 0.6 steps/s: ends in 46 hours; try --minutes 60 or --preset small"),
        ({"steps": 100}, "100 steps at 0.6 steps/s: ends in 3 minutes"),
        ({"minutes": 10}, "360 steps in 10 minutes: 100,000 steps at 0.6 steps/s"),
    ],
)
def test_estimate(settings, sentence):
    assert estimate(3, 1 / 0.6, TrainingConfig(**settings)) == sentence


@pytest.mark.parametrize("terminal", [False, True])
def test_lines_where_there_is_no_terminal(tmp_path, monkeypatch, terminal):
    now = [0.0]
    monkeypatch.setattr("wavenet.training.progress.time.monotonic", lambda: now[0])
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=200)
    reporter = Reporter(tmp_path, 0, TrainingConfig(steps=100), 50, console)
    for step in range(1, 25):
        now[0] += 5
        reporter.step(step, 4.5)
    lines = [line for line in out.getvalue().splitlines() if line.startswith("step ")]
    reporter.close()
    of_lines = [f"step {i} of 100: 4.500 bits per sample, 10 samples/s" for i in (6, 12, 18, 24)]
    assert lines == ([] if terminal else of_lines)


def test_a_training_of_some_minutes(small, monkeypatch):
    """It ends with its time, its rate has fallen until then, and resumed it has no more."""
    data, output, model, run = small(steps=10**6, minutes=2e-3, save_every=10**6)
    assert train(data, output, model, run)
    steps, seconds = int(metadata(output)["step"]), float(metadata(output)["seconds"])
    assert 0.12 <= seconds < 10 and steps < 10**5
    assert train(data, output, resume=True)
    assert int(metadata(output)["step"]) == steps
    assert train(data, output, None, {"minutes": (seconds + 0.1) / 60}, resume=True)
    assert int(metadata(output)["step"]) > steps
    assert float(metadata(output)["seconds"]) >= seconds + 0.1


def test_learning_rate_of_limited_time():
    settings = TrainingConfig(learning_rate=1.0, minutes=60.0, warmup_steps=1000)
    assert learning_rate(settings, 9, 0.0) == pytest.approx(0.01)
    assert learning_rate(settings, 9, 0.05) == pytest.approx(0.5)  # a tenth of the time at most
    assert learning_rate(settings, 2000, 0.55) == pytest.approx((1 + 0.05) / 2)
    assert learning_rate(settings, 2000, 1.0) == pytest.approx(0.05)
    late = TrainingConfig(learning_rate=1.0, minutes=60.0, steps=1000, warmup_steps=0)
    assert learning_rate(late, 1000, 0.2) == pytest.approx(0.05)


def test_ctrl_c_is_answered_at_once(small, capfd, monkeypatch):
    """Within the step, and a validation ends too."""
    answers = []
    original = Reporter.step

    def step(self, number, loss):
        original(self, number, loss)
        if number == 2:
            os.kill(os.getpid(), signal.SIGINT)
            answers.append(capfd.readouterr().err)

    monkeypatch.setattr(Reporter, "step", step)
    assert train(*small(steps=8, validate_every=2)) is False
    assert "stopping after this step; again to stop now" in answers[0]
    assert "validation_loss" not in (small()[1] / "log.jsonl").read_text()
    assert metadata(small()[1])["step"] == "3"


def test_resumed_with_the_same_settings(small, small_model):
    data, output, model, run = small(steps=2)
    mel = {"kind": "mel", "sample_rate": 8000, "fft_length": 256, "window_length": 256,
           "hop_length": 40, "mel_channels": 20}  # fmt: skip
    model |= {"features": mel, "local": {"channels": 20, "hop_length": 40, "hidden_channels": 8}}
    train(data, output, model, run)
    assert train(data, output, model, run | {"steps": 3}, resume=True)
    with pytest.raises(ValueError, match="skip_channels is 8 in the checkpoint and cannot become"):
        train(data, output, model | {"skip_channels": 16}, run, resume=True)
    with pytest.raises(ValueError, match=r"features is .* and cannot become"):
        train(data, output, {"features": mel | {"mel_channels": 10}}, run, resume=True)


@pytest.mark.parametrize("source", ["text", "series", "recordings"])
def test_other_models_resumed_with_the_same_settings(recordings, tmp_path, source):
    model = {"hidden_size": 8, "layers": 1, "kind": "recurrent"}
    other = {"hidden_size": 9}
    run = {"steps": 2, "batch_size": 2, "window": 50}
    path = recordings
    if source == "text":
        path = tmp_path / "a.txt"
        path.write_text("a bad cab " * 20)
        model |= {"level": "word"}
        other = {"level": "char"}
    elif source == "series":
        path = tmp_path / "a.csv"
        days = np.datetime64("2020-01-01") + np.arange(200)
        path.write_text("day,a,b\n" + "".join(f"{d},{i % 7},{i % 3}\n" for i, d in enumerate(days)))
        model |= {"target": "a,b", "horizon": 5, "context": 0}
        other = {"target": "a"}
    else:
        model |= {"sample_rate": 8000, "quantization_channels": 64}
        other = {"sample_rate": 16000}
    train(path, tmp_path / "out", model, run)
    assert train(path, tmp_path / "out", model, run | {"steps": 3}, resume=True)
    with pytest.raises(ValueError, match=f"{next(iter(other))} is .* and cannot become"):
        train(path, tmp_path / "out", model | other, run, resume=True)

"""Models of text: from a file to a model that writes."""

import json
import os
import signal

import numpy as np
import pytest
from safetensors.numpy import load_file

import wavenet
from wavenet.training import TrainingConfig, train
from wavenet.training.data.text import TextData
from wavenet.training.data.windows import Track, WindowSampler, validation_windows
from wavenet.training.progress import Reporter
from wavenet.training.settings import setting

SENTENCE = "the cat sat on the mat, and the dog lay by the door.\n"
MODEL = {"hidden_size": 32, "layers": 2, "embedding_size": 8, "dropout": 0.1}
RUN = {"steps": 20, "batch_size": 4, "window": 64, "warmup_steps": 2, "validate_every": 10}


@pytest.fixture
def play(tmp_path):
    path = tmp_path / "play.txt"
    path.write_text(SENTENCE * 40)
    return path


def log_of(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("level", ["char", "word"])
def test_learns_to_write(play, tmp_path, level):
    run = RUN | {"steps": 250, "learning_rate": 1e-2, "validate_every": 250, "ema_decay": 0.9}
    assert train(play, tmp_path / "out", MODEL | {"level": level}, run)
    generator = wavenet.load(tmp_path / "out")
    assert generator.config.text.level == level
    text = generator.generate(40, prime=SENTENCE + "the cat", temperature=0)
    assert text.startswith(" sat on the mat, and") and "the cat" + text in SENTENCE * 10
    assert generator.score(SENTENCE).log_likelihood[5:].mean() > -0.3


def test_validation_is_the_score(play, tmp_path):
    """The loss that training reports is what the engine measures on the held-out end."""
    train(play, tmp_path / "out", MODEL, RUN | {"validation": 0.2})
    text = play.read_text()
    held_out = text[len(text) - round(0.2 * len(text)) :]
    score = wavenet.load(tmp_path / "out").score(held_out)
    assert log_of(tmp_path / "out")[-1]["validation_loss"] == pytest.approx(
        score.bits_per_sample, abs=1e-4
    )


def test_resumed_run_is_the_same(play, tmp_path, monkeypatch):
    train(play, tmp_path / "whole", MODEL, RUN)
    original = Reporter.step

    def step(self, number, loss):
        original(self, number, loss)
        if number == 10:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Reporter, "step", step)
        assert train(play, tmp_path / "parts", MODEL, RUN) is False
    assert train(play, tmp_path / "parts", resume=True)
    one, other = (
        load_file(tmp_path / name / "checkpoint.safetensors") for name in ("whole", "parts")
    )
    for name, value in one.items():
        np.testing.assert_allclose(value, other[name], rtol=1e-5, atol=1e-7, err_msg=name)


def test_windows_start_with_nothing_known():
    sampler = WindowSampler([Track(np.arange(50))], 20, seed=0)
    batch = sampler.batch(3, range(4))
    assert batch.inputs.shape == (4, 20) and np.all(batch.inputs[:, 0] == -1)
    np.testing.assert_array_equal(batch.inputs[:, 1:], batch.targets[:, :-1])
    assert np.all(np.diff(batch.targets) == 1) and np.all(batch.counted == 1)
    again = sampler.batch(3, range(2, 4))
    np.testing.assert_array_equal(again.targets, batch.targets[2:])
    starts = {int(t) for s in range(100) for t in sampler.batch(s, range(4)).targets[:, 0]}
    assert starts == set(range(31))


@pytest.mark.parametrize("length", [10, 1000, 1024, 1025, 1800, 3000])
def test_validation_counts_everything_once(length):
    tracks = [Track(np.arange(length) % 50), Track(np.arange(7))]
    counted = 0
    for batch in validation_windows(tracks, 64, batch_size=2):
        counted += batch.counted.sum()
    assert counted == length + 7


def test_settings_as_text():
    assert setting("level", "word", TextData) == ("model", "word")
    assert setting("hidden_size", "7", TextData) == ("model", 7)
    assert setting("residual", "true", TextData) == ("model", True)
    with pytest.raises(ValueError, match="did you mean hidden_size"):
        setting("hiden_size", "7", TextData)
    with pytest.raises(ValueError, match="no setting 'level'"):
        setting("level", "word")


@pytest.mark.parametrize(
    ("content", "model", "message"),
    [
        (b"\xff\xfe\x00", {}, "is not UTF-8 text"),
        (b"short", {}, "has 5 characters; a model needs at least 100"),
        (b"x" * 200, {}, "number of classes must be from 2"),
        (b"some text " * 50, {"level": "line"}, "level must be one of char, word, got 'line'"),
        (b"some text " * 50, {"cell": "lstn"}, "config.cell must be one of rnn, lstm, gru"),
    ],
)
def test_bad_texts(tmp_path, content, model, message):
    (tmp_path / "bad.txt").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        train(tmp_path / "bad.txt", tmp_path / "out", model)


def test_other_text_does_not_resume(play, tmp_path):
    train(play, tmp_path / "out", MODEL, RUN | {"steps": 1})
    play.write_text(SENTENCE.upper() * 40)
    with pytest.raises(ValueError, match=r"play\.txt: the character 'T'"):
        train(play, tmp_path / "out", resume=True)


def test_text_settings_are_training_settings():
    TrainingConfig(**TextData.defaults)

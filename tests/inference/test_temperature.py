"""The temperature that a model recommends is the default wherever it generates."""

import copy
import dataclasses

import numpy as np
import pytest
import soundfile

import wavenet
from wavenet.bulk.jobs import Job
from wavenet.bulk.worker import Setup, Worker
from wavenet.cli import main
from wavenet.config import WaveNetConfig, from_dict, to_dict
from wavenet.config.recurrent import RecurrentConfig, TextSymbols
from wavenet.io.model_file import load_model, save_model

COLD = 0.3
CONFIGS = [WaveNetConfig(), RecurrentConfig(text=TextSymbols("char", ("a", "b")))]


@pytest.fixture(params=["plain_model", "writing_model"])
def cold_model(request, tmp_path):
    """A model that recommends COLD, at which it draws other samples than at 1."""
    config, tensors = load_model(request.getfixturevalue(request.param))
    save_model(tmp_path / "cold", dataclasses.replace(config, temperature=COLD), tensors)
    return tmp_path / "cold"


def test_default_is_that_of_the_model(cold_model):
    generator = wavenet.load(cold_model)
    samples = generator.generate(200)
    assert np.array_equal(samples, generator.generate(200, temperature=COLD))
    assert not np.array_equal(samples, generator.generate(200, temperature=1.0))
    blocks = list(generator.stream(200, 50))
    together = "".join(blocks) if isinstance(samples, str) else np.concatenate(blocks)
    assert np.array_equal(samples, together)
    assert np.array_equal(np.squeeze(copy.copy(generator.streams()).generate(200)), samples)


@pytest.mark.parametrize("config", CONFIGS)
def test_files_without_it_mean_one(config):
    values = to_dict(config)
    del values["temperature"]
    assert from_dict(values).temperature == 1.0


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize(
    ("value", "message"),
    [(-0.1, "from 0"), (1e7, "from 0"), (float("nan"), "finite"), ("hot", "type float")],
)
def test_is_checked_on_load(config, value, message):
    with pytest.raises(ValueError, match=f"temperature.*{message}"):
        from_dict(to_dict(config) | {"temperature": value})


@pytest.mark.parametrize("cold_model", ["plain_model"], indirect=True)
def test_commands_and_manifests(cold_model, tmp_path, capfd, monkeypatch):
    arguments = ["synthesize", "--model", cold_model, "--seconds", 0.05, "-o", tmp_path / "a.wav"]
    for words in (arguments, ["info", cold_model]):
        monkeypatch.setattr("sys.argv", ["wavenet", *map(str, words)])
        with pytest.raises(SystemExit, match=r"^$"):
            main()
    assert f"temperature: {COLD}" in capfd.readouterr().out
    setup = Setup(str(cold_model), str(tmp_path))
    setup.check()
    assert Worker(setup).run(Job("b.wav", 0, seconds=0.05)).error is None
    expected = wavenet.load(cold_model).generate(400, temperature=COLD)
    for name in ("a.wav", "b.wav"):
        np.testing.assert_allclose(soundfile.read(tmp_path / name)[0], expected, atol=1 / 32767)


def test_training_sets_it():
    from wavenet.training.settings import setting

    assert setting("temperature", "0.7") == ("model", 0.7)


def test_that_of_the_shipped_vocoder():
    assert wavenet.load("slt16k").config.temperature == 0.85

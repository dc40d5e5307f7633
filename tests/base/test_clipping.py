"""Where generated sound goes beyond full scale, it is said with numbers."""

import dataclasses
import warnings

import numpy as np
import pytest
import soundfile

from wavenet.base.sound import ClippingWarning
from wavenet.cli import main
from wavenet.config import WaveNetConfig
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.model_file import save_model

PLAIN = WaveNetConfig(
    sample_rate=8000, dilations=(1, 2), residual_channels=8, gate_channels=8, skip_channels=8
)
LOUD = dataclasses.replace(PLAIN, noise_shaping=(0.1,))  # sound ten times as loud as the codes
GAUSSIAN = dataclasses.replace(PLAIN, input="scalar", output="gaussian")


def weights(config, bias):
    shapes = config.tensor_shapes().items()
    return {n: np.full(s, 0.0, np.float32) for n, s in shapes} | {
        "output.bias": np.array(bias, np.float32)
    }


@pytest.mark.parametrize(
    ("config", "bias", "message"),
    [
        (LOUD, [0] * 255 + [1e4], r"300 of 300 generated .* the loudest would be 10\.00"),
        (GAUSSIAN, [3.0, -5.0], "300 of 300 generated samples are clipped"),
        (GAUSSIAN, [-3.0, -5.0], "300 of 300"),
    ],
)
def test_is_said_once_with_numbers(config, bias, message):
    generator = WaveNetGenerator(config, weights(config, bias))
    with pytest.warns(ClippingWarning, match=message) as caught:
        y = generator.generate(300)
    assert len(caught) == 1 and np.abs(y).max() > 0.999
    with pytest.warns(ClippingWarning, match=message) as caught:
        list(generator.stream(300, 7))
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("config", "bias"),
    [(PLAIN, [0] * 255 + [1e4]), (LOUD, [0] * 140 + [1e4] + [0] * 115), (GAUSSIAN, [0.5, -5.0])],
)
def test_is_not_said_of_what_was_not_clipped(config, bias):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        WaveNetGenerator(config, weights(config, bias)).generate(300)


def test_the_command_says_it(tmp_path, monkeypatch, capfd):
    save_model(tmp_path / "loud", LOUD, weights(LOUD, [0] * 255 + [1e4]))
    arguments = ["synthesize", "--model", tmp_path / "loud", "-o", tmp_path / "a.wav"]
    monkeypatch.setattr("sys.argv", ["wavenet", *map(str, arguments)])
    with warnings.catch_warnings(), pytest.raises(SystemExit, match=r"^$"):
        warnings.simplefilter("always")
        main()
    assert "16,000 of 16,000 generated samples are clipped" in capfd.readouterr().err
    assert soundfile.info(tmp_path / "a.wav").frames == 16000

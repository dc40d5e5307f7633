"""Training that starts from a model, and what 8 bits cost after it."""

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file

from wavenet import _core
from wavenet.compression.quantization import Recording, bits_per_sample, quantize, read_recordings
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.inference.load import load
from wavenet.io.manifest import read_clips
from wavenet.io.model_file import load_model, save_model
from wavenet.models import WaveNet
from wavenet.models.fake_quantization import round_inputs, round_to_bfloat16, round_weights
from wavenet.training import train

CONFIG = WaveNetConfig(
    dilations=(1, 2, 4, 8) * 2,
    kernel_size=3,
    residual_channels=33,
    gate_channels=70,
    skip_channels=20,
    quantization_channels=64,
    local=LocalConditioning(3, 5, layers=1, hidden_channels=4),
)
MODEL = {
    "sample_rate": 8000, "dilations": [1, 2, 4, 8], "residual_channels": 16, "gate_channels": 32,
    "skip_channels": 16,
}  # fmt: skip
RUN = {
    "batch_size": 4, "window": 300, "warmup_steps": 5, "ema_decay": 0.9, "validation": 0.2,
    "learning_rate": 3e-3, "validate_every": 10_000, "save_every": 10_000, "steps": 60,
}  # fmt: skip


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """Six tones of a second."""
    folder = tmp_path_factory.mktemp("tones")
    time = np.arange(8000) / 8000
    for i in range(6):
        y = 0.5 * np.sin(2 * np.pi * (200 + 50 * i) * time)
        soundfile.write(folder / f"{i}.wav", y, 8000)
    return folder


@pytest.fixture(scope="module")
def trained(tones, tmp_path_factory):
    """A model that has learnt them."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    train(tones, folder, MODEL, RUN | {"steps": 200, "learning_rate": 1e-2})
    return folder


def bits(model, recordings) -> float:
    generator = load(model)
    return bits_per_sample(generator, read_recordings(generator, read_clips(recordings)))


@pytest.fixture
def exact_head():
    """An instruction set that multiplies bfloat16 as float32, and so rounds no inputs of it."""
    before = _core.instruction_set()
    _core.set_instruction_set("generic")
    yield
    _core.set_instruction_set(before)


def test_torch_rounds_as_the_engine_does(tmp_path, exact_head):
    """To the few activations that rounding errors of float32 turn to the next step."""
    torch.manual_seed(0)
    model = WaveNet(CONFIG)
    with torch.no_grad():  # gates that react
        for block in model.blocks:
            block.dilated.weight *= 3
    model.save_pretrained(tmp_path / "float32")
    random = np.random.default_rng(0)
    y, frames = random.uniform(-0.9, 0.9, 1200), random.standard_normal((240, 3))
    quantize(tmp_path / "float32", tmp_path / "int8", "int8", [Recording(y, {"condition": frames})])

    rounding = WaveNet.from_pretrained(tmp_path / "int8")
    generator = load(tmp_path / "int8")
    codes = torch.tensor([CONFIG.quantization_channels // 2, *generator.codes(y)[:-1].tolist()])[
        None
    ]
    features = torch.from_numpy(frames.T[None]).float()
    with torch.no_grad():
        found = rounding(codes, features=features)[0].T.numpy()
        exact = model(codes, features=features)[0].T.numpy()
    expected = generator.outputs(y, condition=frames)
    error, cost = found - expected, expected - exact
    assert np.median(np.abs(error)) < 1e-6  # before the first activation that turns
    assert np.sqrt(np.mean(error**2)) < 0.3 * np.sqrt(np.mean(cost**2))
    again = rounding.to_generator(threads=1).outputs(y, condition=frames)
    np.testing.assert_array_equal(again, expected)


def test_gradients_pass_rounding():
    rows = torch.tensor([[0.3, -5.0], [0.0101, 0.4]], requires_grad=True)
    ranges = torch.tensor([1.27, 2.54])
    rounded = round_inputs(rows, ranges)
    torch.testing.assert_close(rounded, torch.tensor([[0.3, -2.56], [0.01, 0.4]]))
    rounded.sum().backward()
    torch.testing.assert_close(rows.grad, torch.tensor([[1.0, 0.0], [1.0, 1.0]]))

    weights = torch.randn(5, 2, 3, requires_grad=True)
    factors = torch.randn(5, 2, 3)
    (round_weights(weights, ranges) * factors).sum().backward()
    torch.testing.assert_close(weights.grad, factors)
    zeros = torch.zeros(5, 2, 3)
    torch.testing.assert_close(round_weights(zeros, ranges), zeros)
    head = torch.randn(7, requires_grad=True)
    round_to_bfloat16(head).sum().backward()
    torch.testing.assert_close(head.grad, torch.ones(7))


def test_training_makes_up_for_rounding(trained, tones, tmp_path):
    """Ranges 32 times too wide leave 3 bits: some tenths of a bit to lose, most of which return."""
    quantize(trained, tmp_path / "int8", "int8", read_recordings(load(trained), read_clips(tones)))
    config, tensors = load_model(tmp_path / "int8")
    ranges = {n: 32 * value for n, value in tensors.items() if n.endswith("input_range")}
    save_model(tmp_path / "coarse", config, tensors | ranges)
    train(tones, tmp_path / "tuned", None, RUN, init=tmp_path / "coarse", quantize="int8")
    stored = load_file(tmp_path / "tuned" / "model.safetensors")
    assert stored["blocks.0.dilated.weight"].dtype == torch.int8
    for name, value in ranges.items():
        np.testing.assert_array_equal(stored[name], value)

    train(tones, tmp_path / "exact", None, RUN, init=trained)  # as many steps, rounded after them
    save_model(tmp_path / "rounded", config, load_model(tmp_path / "exact")[1] | ranges)
    rounded, tuned = (
        bits(tmp_path / name, tones) - bits(tmp_path / "exact", tones)
        for name in ("rounded", "tuned")
    )
    assert rounded > 0.1 and tuned < 0.5 * rounded


def test_starts_from_the_model(trained, tones, tmp_path):
    """At a learning rate of almost 0 no step has an effect, whatever is trained.

    Ranges of a calibrated model would no longer fit weights that are trained, and are left.
    """
    run = RUN | {"learning_rate": 1e-12, "steps": 1}
    recordings = read_recordings(load(trained), read_clips(tones))
    quantize(trained, tmp_path / "calibrated", "float32", recordings)
    train(tones, tmp_path / "same", None, run, init=tmp_path / "calibrated")
    config, tensors = load_model(trained)
    again, others = load_model(tmp_path / "same")
    assert again == config and others.keys() == tensors.keys()
    for name, value in tensors.items():
        np.testing.assert_allclose(others[name], value, atol=1e-6)

    train(tones, tmp_path / "small", None, run, init=trained, quantize="int8")
    quantize(trained, tmp_path / "int8", "int8", read_recordings(load(trained), read_clips(tones)))
    assert bits(tmp_path / "small", tones) == pytest.approx(
        bits(tmp_path / "int8", tones), abs=0.02
    )
    train(tones, tmp_path / "small", None, {"steps": 3}, resume=True)
    assert load(tmp_path / "small").precision == "int8"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantize": "int8"}, "quantize needs init"),
        ({"init": "digits", "quantize": "int4"}, "quantize must be int8, got 'int4'"),
        ({"init": "digits", "model": {"skip_channels": 3}}, "skip_channels cannot be set"),
        ({"init": "slt-to-bdl"}, "no WaveNet of recordings"),
        ({"init": "digits"}, "speaker 'bob', which is not known"),
        ({"init": "digits", "resume": True}, "not from init digits"),
    ],
)
def test_bad_starts(recordings, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        train(recordings / "manifest.csv", tmp_path / "out", **options)

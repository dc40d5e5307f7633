"""Weights of 16 and 8 bits: against float32, against each other, through the model file."""

import csv

import numpy as np
import pytest

from wavenet.compression.quantization import (
    Recording,
    activation_ranges,
    bits_per_sample,
    quantize,
    read_recordings,
)
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.inference.load import load
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.manifest import Clip
from wavenet.io.model_file import load_model, save_model
from wavenet.io.reduced_precision import from_bfloat16, from_int8, to_bfloat16, to_int8

CONFIG = WaveNetConfig(
    dilations=(1, 2, 4, 8, 16) * 2,
    residual_channels=33,
    gate_channels=70,
    skip_channels=20,
    quantization_channels=64,
    local=LocalConditioning(3, 5, layers=1, hidden_channels=4),
)
PAIRS = ("avx512-bf16", "amx")  # instruction sets that multiply pairs of bfloat16
SOUND = np.sin(np.arange(1200) * 0.05).astype(np.float32) * 0.5
FRAMES = np.random.default_rng(1).standard_normal((300, 3))


def random_tensors(config, seed=0):
    random = np.random.default_rng(seed)
    return {
        name: (random.standard_normal(shape) / np.sqrt(max(1, np.prod(shape[1:])))).astype("f4")
        for name, shape in config.tensor_shapes().items()
    }


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The same model in float32, bfloat16 and 8 bits."""
    folder = tmp_path_factory.mktemp("models")
    save_model(folder / "float32", CONFIG, random_tensors(CONFIG))
    recordings = [Recording(SOUND, {"condition": FRAMES})]
    for precision in ("bf16", "int8"):
        quantize(folder / "float32", folder / precision, precision, recordings)
    return folder


def test_bfloat16_rounds_to_the_nearest():
    values = np.random.default_rng(0).standard_normal(10000).astype(np.float32)
    values[:4] = [0.0, -0.0, 1.00390625, 1.01171875]  # the last two are ties, to even
    rounded = from_bfloat16(to_bfloat16(values))
    below = (values.view(np.uint32) & 0xFFFF0000).view(np.float32)
    above = ((values.view(np.uint32) & 0xFFFF0000) + 0x10000).view(np.float32)
    nearest = np.where(np.abs(values - below) < np.abs(above - values), below, above)
    np.testing.assert_array_equal(rounded[4:], nearest[4:])
    np.testing.assert_array_equal(rounded[:4], [0.0, -0.0, 1.0, 1.015625])


def test_weights_of_8_bits_are_within_half_a_step():
    random = np.random.default_rng(0)
    weights = random.standard_normal((7, 5, 3)).astype(np.float32)
    weights[2] = 0.0
    ranges = np.array([0.0, 1.0, 0.3, 20.0, 4.0], np.float32)
    stored, scales = to_int8(weights, ranges)
    assert stored.dtype == np.int8 and scales.shape == (7, 3)
    error = np.abs(from_int8(stored, scales, ranges) - weights) * np.maximum(ranges, 1e-6)[:, None]
    assert (error <= 0.5001 * scales[:, None]).all()
    again, same = to_int8(from_int8(stored, scales, ranges), ranges)
    np.testing.assert_array_equal(again, stored)
    np.testing.assert_allclose(same, scales, rtol=1e-6)


def test_bfloat16_is_float32_with_rounded_weights(folders, instruction_set):
    """Arithmetic and its order are those of float32: the same bits. But where pairs of bfloat16 are
    multiplied: there the inputs of the products are rounded too, by up to 2^-9 of themselves."""
    rounded = {
        name: from_bfloat16(to_bfloat16(value))
        if name.endswith(".weight")
        and any(part in name for part in ("dilated", "residual", "skip", "hidden", "output"))
        else value
        for name, value in random_tensors(CONFIG).items()
    }
    expected = WaveNetGenerator(CONFIG, rounded, threads=1).outputs(SOUND, condition=FRAMES)
    found = load(folders / "bf16").outputs(SOUND, condition=FRAMES)
    if instruction_set not in PAIRS:
        np.testing.assert_array_equal(found, expected)
    else:
        scale = np.abs(expected).max()
        assert 0 < np.sqrt(np.mean((found - expected) ** 2)) < 2**-9 * scale
        assert np.abs(found - expected).max() < 2**-6 * scale


def test_8_bits_are_near_float32(folders, instruction_set):
    expected = load(folders / "float32").outputs(SOUND, condition=FRAMES)
    found = load(folders / "int8").outputs(SOUND, condition=FRAMES)
    scale = np.abs(expected).max()
    assert np.sqrt(np.mean((found - expected) ** 2)) < 0.02 * scale
    assert np.abs(found - expected).max() < 0.1 * scale
    assert not np.array_equal(found, expected)


def test_8_bits_agree_over_instruction_sets(folders, instruction_set):
    """Sums of integers are exact; only the gates' last bits may turn a rounding."""
    from wavenet import _core

    found = load(folders / "int8").outputs(SOUND, condition=FRAMES)
    _core.set_instruction_set("generic")
    expected = load(folders / "int8").outputs(SOUND, condition=FRAMES)
    assert np.sqrt(np.mean((found - expected) ** 2)) < 2e-3 * np.abs(expected).max()


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_streams_do_not_depend_on_blocks_threads_or_batch(folders, precision, instruction_set):
    options = {"seed": 3, "condition": FRAMES}
    whole = load(folders / precision, threads=1).generate(700, **options)
    for block in (1, 7, 64, 512):
        blocks = load(folders / precision).stream(700, block_size=block, **options)
        np.testing.assert_array_equal(np.concatenate(list(blocks)), whole)
    for batch, threads in ((2, 2), (5, 1), (40, 2)):
        generator = load(folders / precision, threads=threads)
        np.testing.assert_array_equal(generator.generate(700, batch=batch, **options)[0], whole)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_steps_equal_blocks(folders, precision, instruction_set):
    generator = load(folders / precision)
    y = generator.generate(500, seed=1, temperature=0.0, condition=FRAMES)
    logits = generator.outputs(y, condition=FRAMES)
    np.testing.assert_array_equal(logits.argmax(axis=1), generator.codes(y))


def test_model_file_keeps_the_weights(folders):
    sizes = {p: (folders / p / "model.safetensors").stat().st_size for p in ("float32", "bf16")}
    assert sizes["bf16"] < 0.6 * sizes["float32"]
    config, tensors = load_model(folders / "int8")
    assert config.precision == "int8"
    save_model(folders / "again", config, tensors)
    again = load_model(folders / "again")[1]
    for name, value in tensors.items():
        np.testing.assert_allclose(again[name], value, rtol=1e-6, err_msg=name)


def test_the_file_decides_unless_told_otherwise(folders):
    assert load(folders / "int8").precision == "int8"
    assert load(folders / "int8", "float32").precision == "float32"
    assert load(folders / "float32", "bf16").precision == "bf16"
    with pytest.raises(ValueError, match="run `wavenet quantize` first"):
        load(folders / "float32", "int8")
    with pytest.raises(ValueError, match="'int4'"):
        load(folders / "float32", "int4")
    assert load(folders / "float32").precisions == ("float32", "bf16")
    assert load(folders / "int8").precisions == ("float32", "bf16", "int8")


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_calibrated_file_of_any_precision_loads_in_8_bits(folders, tmp_path, precision):
    """The same codes as its 8-bit file has, and its own precision is as it was without ranges."""
    quantize(
        folders / "float32", tmp_path / "new", precision, [Recording(SOUND, {"condition": FRAMES})]
    )
    config, tensors = load_model(tmp_path / "new")
    assert config.precision == precision and load(tmp_path / "new").precision == precision
    plain = load(folders / precision).outputs(SOUND, condition=FRAMES)
    np.testing.assert_array_equal(load(tmp_path / "new").outputs(SOUND, condition=FRAMES), plain)
    quantize(tmp_path / "new", tmp_path / "int8", "int8")  # needs no recordings any more
    found = load(tmp_path / "new", "int8").outputs(SOUND, condition=FRAMES)
    expected = load(tmp_path / "int8").outputs(SOUND, condition=FRAMES)
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())
    exact = load(folders / "int8").outputs(SOUND, condition=FRAMES)
    assert np.sqrt(np.mean((found - exact) ** 2)) < 0.02 * np.abs(exact).max()
    tensors.pop("blocks.3.skip.input_range")
    with pytest.raises(ValueError, match="lacks the tensor"):
        save_model(tmp_path / "part", config, tensors)


def test_ranges_are_the_largest_magnitudes(folders):
    generator = load(folders / "float32")
    one = activation_ranges(generator, [Recording(SOUND, {"condition": FRAMES})])
    both = activation_ranges(
        generator, [Recording(y, {"condition": FRAMES}) for y in (SOUND, -SOUND[::-1])]
    )
    assert all((both[name] >= one[name]).all() for name in one)
    for i in range(len(CONFIG.dilations)):
        assert (one[f"blocks.{i}.skip.input_range"] < 1).all()
        assert (one[f"blocks.{i}.dilated.input_range"] > 0).all()


def test_bad_input_is_refused(folders, tmp_path):
    with pytest.raises(ValueError, match="need recordings to calibrate on"):
        quantize(folders / "float32", tmp_path, "int8")
    with pytest.raises(ValueError, match="already in int8"):
        quantize(folders / "int8", tmp_path, "bf16")
    with pytest.raises(ValueError, match="'int2'"):
        quantize(folders / "float32", tmp_path, "int2")
    with pytest.raises(ValueError, match="voice-converter"):
        quantize("slt-to-bdl", tmp_path, "bf16")
    with pytest.raises(ValueError, match="no recording to measure on"):
        bits_per_sample(load(folders / "float32"), [])
    assert not list(tmp_path.iterdir())


def test_digits_lose_little(data, tmp_path):
    """At most 0.02 bits per sample here, where half of 40 words calibrate for the other half."""
    folder = data / "digits_fsdd"
    with open(folder / "index.csv", newline="") as file:
        rows = list(csv.DictReader(file))[::20]
    clips = [
        Clip(
            folder / row["file"],
            int(row["start_sample"]) / 8000,
            int(row["end_sample"]) / 8000,
            row["speaker"],
            row["digit"],
        )
        for row in rows
    ]
    generator = load("digits")
    quantize("digits", tmp_path / "int8", "int8", read_recordings(generator, clips[::2]))
    held_out = list(read_recordings(generator, clips[1::2]))
    cost = bits_per_sample(load(tmp_path / "int8"), held_out) - bits_per_sample(generator, held_out)
    assert cost < 0.02

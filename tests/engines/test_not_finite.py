"""Models whose numbers leave what their type can hold are refused, or their output says so."""

import dataclasses

import numpy as np
import pytest

import wavenet
from wavenet.config.recurrent import RecurrentConfig
from wavenet.inference.recurrent import RecurrentGenerator
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.hub import find_model
from wavenet.io.model_file import load_model, save_model


def zeros_of(config) -> dict[str, np.ndarray]:
    return {n: np.zeros(shape, np.float32) for n, shape in config.tensor_shapes().items()}


@pytest.mark.parametrize("output", ["gaussian", "point"])
def test_vectors_that_grow_without_bound(output):
    """Each sample is ten times the one before."""
    config = RecurrentConfig(hidden_size=4, output=output, input_skip=True)
    tensors = zeros_of(config)
    tensors["skip.weight"][0] = 10
    generator = RecurrentGenerator(config, tensors, threads=1)
    assert np.isfinite(generator.generate(20, prime=np.ones(1))).all()
    with pytest.raises(ValueError, match=r"sample 39 of stream 0 is not finite: .* grows"):
        generator.generate(60, prime=np.ones(1))
    with pytest.raises(ValueError, match="is not finite"):
        list(generator.stream(60, block_size=7, prime=np.ones(1)))


def test_likelihoods_that_are_no_numbers(plain_model):
    config, tensors = load_model(plain_model)
    tensors["hidden.weight"][:] = 3e38
    tensors["hidden.bias"][:] = 3e38
    tensors["output.weight"][:] = np.where(np.arange(8)[None, :, None] % 2, 3e38, -3e38)
    with pytest.raises(ValueError, match="sample 0 has no likelihood"):
        WaveNetGenerator(config, tensors, threads=1).score(np.zeros(9))


@pytest.mark.parametrize("name", ["blocks.0.dilated.weight", "output.weight"])
def test_weights_beyond_bfloat16(plain_model, tmp_path, name):
    config, tensors = load_model(plain_model)
    tensors[name][0, 0, 0] = 3.4e38
    with pytest.raises(ValueError, match=r"a weight of 3\.4e\+38 is beyond bfloat16"):
        WaveNetGenerator(config, tensors, precision="bf16")
    with pytest.raises(ValueError, match=r"a weight of 3\.4e\+38 is beyond bfloat16"):
        save_model(tmp_path, dataclasses.replace(config, precision="bf16"), tensors)
    tensors[name][0, 0, 0] = 3.38e38
    WaveNetGenerator(config, tensors, precision="bf16").generate(9)


@pytest.mark.parametrize(("weight", "width"), [(1e30, 1e30), (1e-38, 1e-6), (3e38, 1.0)])
def test_weights_beyond_8_bits(plain_model, tmp_path, weight, width):
    """Too large, they are refused; so small that their scale has no inverse, they are 0."""
    config, tensors = load_model(plain_model)
    config = dataclasses.replace(config, precision="int8")
    for block in range(3):
        tensors[f"blocks.{block}.dilated.weight"] *= np.float32(weight)
        for layer, channels in (("dilated", 8), ("skip", 4)):
            ranges = np.full(channels, width, np.float32)
            tensors[f"blocks.{block}.{layer}.input_range"] = ranges
    if width > 1:
        with pytest.raises(ValueError, match="beyond 8 bits"):
            WaveNetGenerator(config, tensors)
        with pytest.raises(ValueError, match="beyond 8 bits"):
            save_model(tmp_path, config, tensors)
    else:
        WaveNetGenerator(config, tensors).generate(9)


@pytest.mark.parametrize("name", ["mixture.scale", "mixture.offset", "projection.matrix"])
def test_converters_of_no_voice(tmp_path, name):
    config, tensors = load_model(find_model("slt-to-bdl"))
    save_model(tmp_path, config, tensors | {name: np.full_like(tensors[name], 1e30)})
    with pytest.raises(ValueError, match=f"'{name}' has values beyond 1e"):
        wavenet.VoiceConverter.load(tmp_path)

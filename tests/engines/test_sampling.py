"""Drawing from logits at the edge of what floats can hold."""

import dataclasses

import numpy as np
import pytest

from wavenet.config import WaveNetConfig
from wavenet.config.recurrent import RecurrentConfig
from wavenet.inference.recurrent import RecurrentGenerator
from wavenet.inference.wavenet import WaveNetGenerator

CONFIG = WaveNetConfig(
    dilations=(1, 2), residual_channels=4, gate_channels=4, skip_channels=4,
    quantization_channels=64,
)  # fmt: skip


def generator_with(**changes) -> WaveNetGenerator:
    """A model with random weights, of which some rows are given."""
    random = np.random.default_rng(0)
    shapes = CONFIG.tensor_shapes().items()
    weights = {name: random.normal(0, 0.3, s).astype(np.float32) for name, s in shapes}
    weights["hidden.weight"][:] = 0
    weights["hidden.bias"][:] = 1
    for name, rows in changes.items():
        for row, values in rows.items():
            weights[f"output.{name}"][row] = values
    return WaveNetGenerator(CONFIG, weights, threads=1)


def codes(generator: WaveNetGenerator, **options) -> list[int]:
    return generator.codes(generator.generate(20, seed=1, **options)).tolist()


@pytest.mark.parametrize("options", [{}, {"top_k": 3}, {"top_p": 0.5}])
@pytest.mark.parametrize("temperature", [1e-40, 3e-39, 1e-38, 1e-30])
def test_tiny_temperatures_take_the_most_likely(temperature, options, instruction_set):
    generator = generator_with()
    expected = codes(generator, temperature=0)
    assert codes(generator, temperature=temperature, **options) == expected


@pytest.mark.parametrize("options", [{}, {"top_k": 3}, {"top_p": 0.5}])
def test_infinite_logits(options, instruction_set):
    """3e38 in all four products is infinite, and so is the sum: that class is certain."""
    generator = generator_with(weight={41: 3e38})
    assert codes(generator, **options) == [41] * 20
    nothing = dict.fromkeys(range(64), -3e38)
    assert codes(generator_with(weight=nothing), **options) == [0] * 20


def test_logits_that_are_no_numbers(instruction_set):
    """Infinity minus infinity: any class may come, but no crash."""
    opposite = np.array([[3e38], [3e38], [-3e38], [-3e38]], np.float32)
    for rows in ([5], range(64)):
        drawn = codes(generator_with(weight=dict.fromkeys(rows, opposite), bias={5: 3e38}))
        assert len(drawn) == 20


def zeros_of(config) -> dict[str, np.ndarray]:
    return {n: np.zeros(shape, np.float32) for n, shape in config.tensor_shapes().items()}


@pytest.mark.parametrize("options", [{}, {"top_k": 3}, {"top_p": 0.9}, {"temperature": 0.5}])
@pytest.mark.parametrize("level", [-1e30, -1e31, -3e38])
@pytest.mark.parametrize("classes", [4, 8, 7])
def test_classes_that_fill_up_a_panel_are_never_drawn(classes, level, options, instruction_set):
    """Logits lie alike, however low: every class comes, none beyond them, alone as in a batch."""
    if classes == 7:
        config = RecurrentConfig(hidden_size=4, classes=classes)
        tensors = zeros_of(config)
        tensors["output.bias"][:] = level
        generator = RecurrentGenerator(config, tensors, threads=1)
        drawn, alone = generator.generate(60, batch=2, **options), generator.generate(60, **options)
    else:
        config = dataclasses.replace(CONFIG, quantization_channels=classes)
        tensors = zeros_of(config)
        tensors["output.bias"][:] = level
        generator = WaveNetGenerator(config, tensors, threads=1)
        core = generator.streams(batch=2, **options).core
        settings = {"seed": 0, "temperature": 1.0, "top_k": 0, "top_p": 1.0} | options
        drawn = core.generate(60, **settings)
        alone = generator.streams(**options).core.generate(60, **settings)[0]
        assert generator.score(np.zeros(9)).bits_per_sample == pytest.approx(np.log2(classes))
    np.testing.assert_array_equal(drawn[0], alone)
    assert set(np.ravel(drawn)) == set(range(classes))


@pytest.mark.parametrize("level", [-1e30, -1e31, -3e38])
@pytest.mark.parametrize("output", ["logistic-mixture", "gaussian-mixture"])
def test_components_that_fill_up_a_panel_are_never_drawn(output, level, instruction_set):
    config = dataclasses.replace(CONFIG, input="scalar", output=output, mixtures=3)
    generators = []
    for bias in (0.0, level):
        tensors = zeros_of(config)
        tensors["output.bias"][:] = [bias] * 3 + [-0.5, 0.25, 0.5] + [-15.0] * 3
        generators.append(WaveNetGenerator(config, tensors, threads=1))
    expected, drawn = (generator.generate(60, seed=1) for generator in generators)
    np.testing.assert_array_equal(drawn, expected)
    assert len(np.unique(np.round(drawn, 3))) == 3
    scores = [generator.score(expected).log_likelihood for generator in generators]
    np.testing.assert_array_equal(*scores)

"""Drawing from logits at the edge of what floats can hold."""

import numpy as np
import pytest

from wavenet.config import WaveNetConfig
from wavenet.generator import Generator

CONFIG = WaveNetConfig(
    dilations=(1, 2), residual_channels=4, gate_channels=4, skip_channels=4,
    quantization_channels=64,
)  # fmt: skip


def generator_with(**changes) -> Generator:
    """A model with random weights, of which some rows are given."""
    random = np.random.default_rng(0)
    shapes = CONFIG.tensor_shapes().items()
    weights = {name: random.normal(0, 0.3, s).astype(np.float32) for name, s in shapes}
    weights["hidden.weight"][:] = 0
    weights["hidden.bias"][:] = 1
    for name, rows in changes.items():
        for row, values in rows.items():
            weights[f"output.{name}"][row] = values
    return Generator(CONFIG, weights, threads=1)


def codes(generator: Generator, **options) -> list[int]:
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

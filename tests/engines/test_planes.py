"""Networks of few channels run in planes over many columns: the bits are those of single steps."""

import copy

import numpy as np
import pytest

from wavenet.config import WaveNetConfig
from wavenet.inference.wavenet import WaveNetGenerator

SHAPES = {  # kernel size, residual, gate and skip channels
    "1": (2, 1, 2, 1),
    "5, odd": (3, 5, 6, 7),
    "4": (2, 4, 8, 4),
    "8": (3, 8, 16, 8),
    "16": (2, 16, 32, 16),
    "16, wide skip": (3, 16, 36, 50),
    "32": (2, 32, 64, 128),
}


def make(shape: str, dilations=(1, 2, 4, 8, 16, 37, 1, 2), **settings) -> WaveNetGenerator:
    kernel_size, residual, gate, skip = SHAPES[shape]
    config = WaveNetConfig(
        dilations=dilations, kernel_size=kernel_size, residual_channels=residual,
        gate_channels=gate, skip_channels=skip, quantization_channels=16, **settings,
    )  # fmt: skip
    random = np.random.default_rng(0)
    tensors = {
        name: (random.standard_normal(size) / np.sqrt(max(1, np.prod(size[1:])))).astype("f4")
        for name, size in config.tensor_shapes().items()
    }
    return WaveNetGenerator(config, tensors, threads=1)


def random_codes(batch: int, count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 16, (batch, count)).astype(np.uint16)


def in_steps(streams, codes: np.ndarray) -> np.ndarray:
    """Outputs `(streams, samples, channels)`, one sample a call."""
    parts = [streams.core.logits(codes[:, t : t + 1]) for t in range(codes.shape[1])]
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("speakers", [(), ("a", "b")])
@pytest.mark.parametrize("shape", SHAPES)
def test_blocks_equal_steps(shape, speakers, instruction_set):
    """Blocks of any length, in planes or not, one after the other."""
    generator = make(shape, speakers=speakers)
    given = {"speaker": "b"} if speakers else {}
    codes = random_codes(1, 700)
    expected = in_steps(generator.streams(**given), codes)
    random = np.random.default_rng(2)
    for _ in range(3):
        streams, start = generator.streams(**given), 0
        while start < codes.shape[1]:
            length = int(random.choice([1, 2, 15, 16, 17, 33, 96, 97, 200]))
            block = streams.core.logits(codes[:, start : start + length])
            np.testing.assert_array_equal(block, expected[:, start : start + length])
            start += length


@pytest.mark.parametrize("batch", [2, 3, 16, 21, 100])
def test_streams_side_by_side(batch, instruction_set):
    """Their steps may run in planes too: all alike but for the noise."""
    generator = make("8")
    codes = random_codes(batch, 60)
    together, alone = generator.streams(batch=batch), []
    outputs = [together.core.logits(codes[:, :13]), together.core.logits(codes[:, 13:])]
    outputs = np.concatenate(outputs, axis=1)
    for b in (0, 1, batch - 1):
        alone = in_steps(generator.streams(), codes[b : b + 1])
        np.testing.assert_array_equal(outputs[b], alone[0])
    many = generator.generate(80, batch=batch, seed=4)
    np.testing.assert_array_equal(many[0], generator.generate(80, seed=4))


@pytest.mark.parametrize("threads", [1, 2])
def test_generation_goes_on_from_planes(threads, instruction_set):
    """The past comes back to rows, for a fork too, and on two cores."""
    generator = make("16")
    generator.threads = threads
    y = np.random.default_rng(1).uniform(-0.9, 0.9, 300)
    by_steps, by_blocks = generator.streams(seed=3), generator.streams(seed=3)
    codes = generator.codes(y)[None]
    in_steps(by_steps, codes)
    by_blocks.core.logits(codes)
    fork = copy.copy(by_blocks)
    expected = by_steps.generate(600)
    np.testing.assert_array_equal(by_blocks.generate(600), expected)
    np.testing.assert_array_equal(fork.generate(600), expected)
    fork.core.score(codes)
    in_steps(by_steps, codes)
    np.testing.assert_array_equal(fork.generate(70), by_steps.generate(70))
    primed = generator.streams(seed=3)
    primed.prime(y)
    np.testing.assert_array_equal(primed.generate(600), expected)


def test_speakers_side_by_side():
    """Streams that start from different sums keep to rows."""
    generator = make("8", speakers=("a", "b"))
    codes = random_codes(2, 200)
    outputs = generator.streams(batch=2, speaker=["a", "b"]).core.logits(codes)
    for b, speaker in enumerate(("a", "b")):
        alone = generator.streams(speaker=speaker).core.logits(codes[b : b + 1])
        np.testing.assert_array_equal(outputs[b], alone[0])


def test_the_start_of_a_table_with_infinite_rows():
    """Before the start there is no code: no row of the table counts, whatever it holds."""
    config = WaveNetConfig(
        dilations=(1, 2), residual_channels=8, gate_channels=16, skip_channels=8,
        quantization_channels=16, input="embedding",
    )  # fmt: skip
    random = np.random.default_rng(0)
    tensors = {n: random.standard_normal(s).astype("f4") for n, s in config.tensor_shapes().items()}
    tensors["embedding.weight"][0] = 1e30
    tensors["input.weight"][:] += 1e20
    generator = WaveNetGenerator(config, tensors, threads=1)
    codes = 1 + random_codes(1, 40) % 15
    expected = in_steps(generator.streams(), codes)
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(generator.streams().core.logits(codes), expected)

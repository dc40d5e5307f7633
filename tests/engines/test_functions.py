"""The vector kernels' tanh, sigmoid, exp and log against float64, on dense grids.

Models of one channel whose outputs are these functions of the sample before.
"""

import functools

import numpy as np
import pytest

from wavenet.config import WaveNetConfig
from wavenet.inference.wavenet import WaveNetGenerator

ONE_CHANNEL = {
    "dilations": (1,), "residual_channels": 1, "gate_channels": 2, "skip_channels": 2,
    "input": "scalar", "input_kernel_size": 1,
}  # fmt: skip
CODES = np.random.default_rng(0).permutation(65536)
Y = (CODES - 32768) / 32768  # every value of a sample


def one_channel(config: WaveNetConfig, **given) -> WaveNetGenerator:
    """A model whose tensors are 0 where they are not given (dots for underscores)."""
    tensors = {n: np.zeros(shape, np.float32) for n, shape in config.tensor_shapes().items()}
    for key, values in given.items():
        name = key.replace("_", ".")
        tensors[name] = np.asarray(values, np.float32).reshape(tensors[name].shape)
    return WaveNetGenerator(config, tensors, threads=1)


def gate_of(slopes: tuple, offsets: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """tanh(f) * sigmoid(g) where f, g = slopes * sample + offsets: found, and f and g.

    The skip layer has the product and its negative, of which ReLUs leave one.
    """
    generator = one_channel(
        WaveNetConfig(output="gaussian", **ONE_CHANNEL),
        input_weight=1,
        blocks_0_dilated_weight=[[0, slopes[0]], [0, slopes[1]]],  # (outputs, taps)
        blocks_0_dilated_bias=offsets,
        blocks_0_skip_weight=[1, -1],
        hidden_weight=np.eye(2),
        output_weight=[[1, -1], [0, 0]],
    )
    found = generator.outputs(Y)[1:, 0].astype(np.float64)
    sums = (np.float32(slope) * Y[:-1].astype(np.float32) for slope in slopes)
    return found, *(np.float64(a) + offset for a, offset in zip(sums, offsets, strict=True))


@pytest.mark.parametrize("slopes", [(0.01, 0.01), (1, 1), (4, -4), (10, 3), (60, 60), (60, -60)])
def test_gate_is_within_its_bound(slopes, instruction_set):
    """Below 4e-7, as body/activations.inc says; a sample is exactly 0 at 0."""
    found, f, g = gate_of(slopes, (0, 0))
    assert np.abs(found - np.tanh(f) / (1 + np.exp(-g))).max() < 4e-7
    assert (found[f == 0] == 0).all()


def test_exponential_is_within_its_bound(instruction_set):
    """Far below 0 a sigmoid is the exponential: its relative error, with that of the division."""
    found, _, g = gate_of((0, 38), (20, 0))
    relative = np.abs(found * (1 + np.exp(-g)) - 1)
    assert (relative < 4e-7 + 1e-7 * np.abs(g)).all()


@functools.cache
def exact_log_probabilities(output: str, mean: float, log_scale: float) -> np.ndarray:
    torch = pytest.importorskip("torch")
    from wavenet.models.losses import wavenet_nll

    config = WaveNetConfig(output=output, mixtures=1, **ONE_CHANNEL)
    parameters = torch.tensor([0.0, mean, log_scale][-config.output_channels :])
    outputs = parameters.double()[None, :, None].expand(-1, -1, len(CODES))
    return -wavenet_nll(outputs, torch.from_numpy(CODES)[None], config)[0].numpy()


@pytest.mark.parametrize("output", ["logistic-mixture", "gaussian"])
def test_log_probabilities_are_within_their_bound(output, instruction_set):
    """Below 4e-6 (1 + |log-probability|), as kernels.h says, for all values of samples."""
    config = WaveNetConfig(output=output, mixtures=1, **ONE_CHANNEL)
    mean = 0.3
    for log_scale in (-17.0, -14.0, -11.5, -10.0, -8.5, -7.0, -5.0, -3.0, -1.0, 1.0):
        bias = [0.0, mean, log_scale][-config.output_channels :]
        found = one_channel(config, output_bias=bias).score(Y).log_likelihood
        exact = exact_log_probabilities(output, mean, log_scale)
        assert (np.abs(found - exact) < 4e-6 * (1 + np.abs(exact))).all()

"""Likelihoods of continuous outputs against distributions of SciPy in float64."""

import numpy as np
import pytest
import torch
from scipy import integrate, special, stats

from wavenet.config import WaveNetConfig
from wavenet.config.wavenet import PCM_LEVELS
from wavenet.models.losses import wavenet_nll

OUTPUTS = ["logistic-mixture", "gaussian", "gaussian-mixture"]
HALF_STEP = 1 / PCM_LEVELS


def config_of(output: str, mixtures: int = 4, **settings) -> WaveNetConfig:
    return WaveNetConfig(output=output, input="scalar", mixtures=mixtures, **settings)


def log_cdf(output: str, x: np.ndarray) -> np.ndarray:
    return special.log_ndtr(x) if "gaussian" in output else stats.logistic.logcdf(x)


def interval(output: str, codes: np.ndarray, means: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Log-probability of each code, the difference of two tails taken on the side where they are
    small; float64."""
    y = (codes - PCM_LEVELS // 2) / (PCM_LEVELS // 2)
    begin, end = (y - HALF_STEP - means) / scales, (y + HALF_STEP - means) / scales
    begin = np.where(codes == 0, -np.inf, begin)
    end = np.where(codes == PCM_LEVELS - 1, np.inf, end)
    flip = begin + end > 0
    low, high = np.where(flip, -end, begin), np.where(flip, -begin, end)
    log_low, log_high = log_cdf(output, low), log_cdf(output, high)
    return log_high + np.log(-np.expm1(log_low - log_high))


def reference(output: str, parameters: np.ndarray, codes: np.ndarray, minimum: float) -> np.ndarray:
    """Log-probabilities in float64; parameters `(channels, n)`."""
    if output == "gaussian":
        parameters = np.concatenate([np.zeros((1, parameters.shape[1])), parameters])
    logits, means, log_scales = np.split(parameters.astype(np.float64), 3)
    scales = np.exp(np.maximum(log_scales, minimum))
    parts = interval(output, codes, means, scales)
    return special.logsumexp(parts + special.log_softmax(logits, axis=0), axis=0)


def draw(config: WaveNetConfig, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Parameters `(channels, count)` of all sizes, and codes near the means and far from them."""
    random = np.random.default_rng(seed)
    k = config.components
    logits = random.normal(0, 3, (k, count))
    means = random.uniform(-1.2, 1.2, (k, count))
    log_scales = random.uniform(-18, 1, (k, count))
    parts = [means, log_scales] if config.output == "gaussian" else [logits, means, log_scales]
    near = means[0] + np.exp(log_scales[0]) * random.normal(0, 3, count)
    y = np.where(random.random(count) < 0.7, near, random.uniform(-1, 1, count))
    codes = np.clip(np.rint(y * 32768), -32768, 32767).astype(np.int64) + 32768
    codes[:50], codes[50:100] = 0, PCM_LEVELS - 1
    return np.concatenate(parts).astype(np.float32), codes


def torch_log_likelihood(config: WaveNetConfig, parameters: np.ndarray, codes: np.ndarray):
    outputs = torch.from_numpy(parameters)[None].requires_grad_()
    nats = wavenet_nll(outputs, torch.from_numpy(codes)[None], config)
    return -nats[0], outputs


@pytest.mark.parametrize("output", OUTPUTS)
def test_against_scipy(output):
    config = config_of(output)
    parameters, codes = draw(config, 20_000, seed=0)
    expected = reference(output, parameters, codes, config.log_scale_min)
    for dtype, tolerance in ((np.float32, 1e-5), (np.float64, 6e-6)):
        found, _ = torch_log_likelihood(config, parameters.astype(dtype), codes)
        error = np.abs(found.detach().numpy() - expected) / (1 + np.abs(expected))
        assert error.max() < tolerance, dtype


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("log_scale", [-20.0, -11.0, -9.0, -6.0, -1.0, 2.0])
def test_probabilities_sum_to_one(output, log_scale):
    config = config_of(output, mixtures=3)
    means = [0.3, -0.999, 1.5]
    column = [0.5, -1.0, 2.0, *means, *[log_scale] * 3]
    if output == "gaussian":
        column = [means[0], log_scale]
    column = torch.tensor(column, dtype=torch.float64)
    outputs = column[None, :, None].expand(-1, -1, PCM_LEVELS)
    nats = wavenet_nll(outputs, torch.arange(PCM_LEVELS)[None], config)
    assert torch.exp(-nats).sum().item() == pytest.approx(1, abs=3e-6)


@pytest.mark.parametrize("output", OUTPUTS)
def test_probability_is_the_integral_of_the_density(output):
    config = config_of(output, mixtures=2)
    parameters = {"gaussian": [0.1, -7.0]}.get(output, [0.4, -0.3, 0.1, 0.1004, -7.0, -9.5])
    distribution = stats.norm if "gaussian" in output else stats.logistic
    weights = [1.0] if output == "gaussian" else special.softmax(parameters[:2])
    means = [0.1] if output == "gaussian" else [0.1, 0.1004]
    scales = np.exp([-7.0] if output == "gaussian" else [-7.0, -9.5])

    def density(x):
        return sum(
            w * distribution.pdf(x, m, s) for w, m, s in zip(weights, means, scales, strict=True)
        )

    for code in (36000, 36040, 36044, 36045, 36046, 36060, 36200):
        y = (code - 32768) / 32768
        integral, _ = integrate.quad(density, y - HALF_STEP, y + HALF_STEP, epsabs=0)
        outputs = torch.tensor(parameters, dtype=torch.float64)[None, :, None]
        nats = wavenet_nll(outputs, torch.tensor([[code]]), config)
        assert -nats.item() == pytest.approx(np.log(integral), abs=6e-6)


@pytest.mark.parametrize("output", OUTPUTS)
def test_gradients(output):
    """Of float64 against finite differences, in scales from the mean, and of float32."""
    config = config_of(output, mixtures=1)
    log_scales = torch.linspace(-15, 1, 80, dtype=torch.float64)
    distances = torch.tensor([-7.0, -1.5, -0.3, 0.0, 0.6, 3.0, 9.0, 40.0], dtype=torch.float64)
    distances = distances.repeat(10)
    codes = torch.full((80,), 32768)  # of 0.0

    def likelihood(distances, log_scales):
        rows = [-distances * torch.exp(log_scales), log_scales]
        if output != "gaussian":
            rows.insert(0, torch.zeros_like(distances))
        return wavenet_nll(torch.stack(rows)[None], codes[None], config)

    arguments = (distances.requires_grad_(), log_scales.requires_grad_())
    assert torch.autograd.gradcheck(likelihood, arguments, eps=1e-7, atol=1e-5, rtol=1e-5)

    config = config_of(output, mixtures=3)
    parameters, codes = draw(config, 4000, seed=1)
    gradients = []
    for dtype in (np.float64, np.float32):
        likelihoods, outputs = torch_log_likelihood(config, parameters.astype(dtype), codes)
        likelihoods.sum().backward()
        gradients.append(outputs.grad[0].numpy())
    error = np.abs(gradients[1] - gradients[0]) / (1 + np.abs(gradients[0]))
    assert error.max() < 1e-3


@pytest.mark.parametrize("output", OUTPUTS)
def test_hopeless_outputs_have_finite_gradients(output):
    config = config_of(output, mixtures=2)
    values = [-1e4, -30.0, 0.0, 30.0, 1e4]
    rows = torch.cartesian_prod(*[torch.tensor(values)] * 2).T
    outputs = rows.repeat_interleave(2 if "mixture" in output else 1, dim=0)
    if "mixture" in output:
        outputs = torch.cat([outputs[:2] * 0, outputs])
    for code in (0, 1, 32768, PCM_LEVELS - 1):
        leaf = outputs[None].clone().requires_grad_()
        codes = torch.full((1, leaf.shape[2]), code)
        nats = wavenet_nll(leaf, codes, config)
        nats.sum().backward()
        assert torch.isfinite(nats).all() and torch.isfinite(leaf.grad).all()

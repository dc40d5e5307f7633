"""Continuous outputs in the core: likelihoods, distributions of samples, and whole models."""

import itertools

import numpy as np
import pytest
import torch
from scipy import special, stats

from wavenet.config import WaveNetConfig
from wavenet.evaluation.verification import verify
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.model_file import save_model
from wavenet.models import WaveNet
from wavenet.models.losses import wavenet_nll

OUTPUTS = ["logistic-mixture", "gaussian", "gaussian-mixture"]
CHANNELS = {"residual_channels": 8, "gate_channels": 8, "skip_channels": 8}
SCALE = {"logistic-mixture": stats.logistic, "gaussian": stats.norm, "gaussian-mixture": stats.norm}


def config_of(output: str, mixtures: int = 3, **settings) -> WaveNetConfig:
    settings = {"dilations": (1, 2), **CHANNELS, **settings}
    return WaveNetConfig(output=output, input="scalar", mixtures=mixtures, **settings)


def constant(config: WaveNetConfig, parameters: np.ndarray, threads: int = 1) -> WaveNetGenerator:
    """A model whose outputs are these parameters whatever came before."""
    weights = {name: np.zeros(shape, np.float32) for name, shape in config.tensor_shapes().items()}
    weights["output.bias"] = parameters.astype(np.float32)
    return WaveNetGenerator(config, weights, threads=threads)


def random_model(config: WaveNetConfig, threads: int = 1) -> tuple[WaveNet, WaveNetGenerator]:
    """A model whose outputs vary, with scales around 1/50 of full scale."""
    torch.manual_seed(0)
    model = WaveNet(config).eval()
    with torch.no_grad():
        model.output.weight.mul_(3)
        model.output.bias[-config.components :] -= 4
    return model, model.to_generator(threads=threads)


@pytest.mark.parametrize("output", OUTPUTS)
def test_likelihood_equals_float64(output, instruction_set):
    """Scales from below a step to beyond full scale, samples near and far, both ends."""
    random = np.random.default_rng(0)
    for mixtures, log_scale_min in [(1, -16.0), (10, -16.0), (17, -7.0)]:
        config = config_of(output, mixtures, log_scale_min=log_scale_min)
        k = config.components
        for _ in range(20):
            means = random.uniform(-1.2, 1.2, k)
            log_scales = random.uniform(-18, 1, k)
            logits = [] if output == "gaussian" else random.normal(0, 3, k)
            parameters = np.concatenate([logits, means, log_scales]).astype(np.float32)
            y = means[0] + np.exp(log_scales[0]) * random.normal(0, 4, 60)
            y = np.concatenate([np.clip(y, -1, 1), random.uniform(-1, 1, 40), [-1, 1, 0]])
            generator = constant(config, parameters)
            found = generator.score(y).log_likelihood
            outputs = torch.from_numpy(parameters).double()[None, :, None].expand(-1, -1, len(y))
            codes = torch.from_numpy(generator.codes(y).astype(np.int64))[None]
            expected = -wavenet_nll(outputs, codes, config)[0].numpy()
            error = np.abs(found - expected) / (1 + np.abs(expected))
            assert error.max() < 1e-5


@pytest.mark.parametrize("output", OUTPUTS)
def test_probabilities_sum_to_one(output):
    config = config_of(output)
    for log_scale in (-12.0, -9.0, -5.0, -1.0):
        parameters = np.array([0.1, -0.5, 1.0, 0.2, 0.9999, -0.7, *[log_scale] * 3])
        generator = constant(config, parameters[[3, 6]] if output == "gaussian" else parameters)
        y = (np.arange(65536) - 32768) / 32768
        total = np.exp(generator.score(y).log_likelihood.astype(np.float64)).sum()
        assert total == pytest.approx(1, abs=2e-5)


def mixture_cdf(output: str, parameters: np.ndarray, temperature: float, x: np.ndarray):
    parts = np.split(parameters, len(parameters) // 3) if output != "gaussian" else None
    logits, means, log_scales = parts or ([0.0], parameters[:1], parameters[1:])
    weights = special.softmax(np.asarray(logits) / temperature)
    scales = temperature * np.exp(log_scales)
    return sum(
        w * SCALE[output].cdf(x, m, s) for w, m, s in zip(weights, means, scales, strict=True)
    )


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_samples_are_of_the_distribution(output, temperature):
    """Kolmogorov and Smirnov's test on 40,000 streams, of scales far above a step."""
    parameters = np.array([0.3, -0.6, 1.1, 0.2, -0.1, 0.05, -4.0, -3.0, -5.0])
    if output == "gaussian":
        parameters = np.array([0.1, -4.0])
    generator = constant(config_of(output), parameters, threads=2)
    y = generator.streams(batch=40_000, seed=5, temperature=temperature).generate(1)[:, 0]
    test = stats.kstest(y, lambda x: mixture_cdf(output, parameters, temperature, x))
    assert test.pvalue > 0.01
    steps = y.astype(np.float64) * 32768
    np.testing.assert_array_equal(steps, np.rint(steps))


@pytest.mark.parametrize("output", OUTPUTS)
def test_narrow_samples_have_their_probabilities(output):
    """Frequencies of single values against their scores, where a scale is about a step."""
    parameters = np.array([0.0, 0.5, 1.0, 0.99994, 0.9998, 0.99997, -10.5, -10.0, -9.7])
    if output == "gaussian":
        parameters = np.array([0.99994, -10.0])
    generator = constant(config_of(output), parameters)
    count = 50_000
    values, found = np.unique(
        generator.streams(batch=count, seed=1).generate(1)[:, 0], return_counts=True
    )
    assert values[-1] == np.float32(32767 / 32768)  # takes all beyond it
    expected = np.exp(generator.score(values).log_likelihood.astype(np.float64))
    enough = expected * count > 10
    deviation = np.sqrt(count * expected * (1 - expected))
    assert np.all(np.abs(found - count * expected)[enough] < 5 * deviation[enough])
    assert expected.sum() > 0.999


@pytest.mark.parametrize("output", OUTPUTS)
def test_successive_samples_are_independent(output):
    """Of a constant model: no correlation in time, nor between streams."""
    parameters = {"gaussian": [0.0, -3.0]}.get(output, [0, 0, 0, 0, 0, 0, -3.0, -3.0, -3.0])
    generator = constant(config_of(output), np.array(parameters))
    y = generator.generate(3000, batch=4, seed=2)
    table = np.corrcoef(np.concatenate([y[:, 1:], y[:, :-1]]))
    assert np.abs(table - np.eye(8)).max() < 5 / np.sqrt(3000)


def test_temperature_zero_is_the_mean_of_the_likeliest_component():
    parameters = np.array([0.0, 0.7, 0.5, 0.1, -0.30001, 0.2, -3, -3, -3])
    for output in ("logistic-mixture", "gaussian-mixture"):
        y = constant(config_of(output), parameters).generate(5, temperature=0)
        np.testing.assert_array_equal(y, np.float32(np.rint(-0.30001 * 32768) / 32768))


@pytest.mark.parametrize("output", OUTPUTS)
def test_outputs_equal_torch(output, instruction_set):
    config = config_of(output, 10, dilations=(1, 2, 4, 8), residual_channels=20)
    model, generator = random_model(config)
    y = generator.generate(400, seed=1)
    with torch.no_grad():
        inputs = torch.from_numpy(np.concatenate([[0], y[:-1]]).astype(np.float32))[None]
        outputs = model(inputs)
    np.testing.assert_allclose(
        generator.outputs(y), outputs[0].T.numpy(), rtol=0, atol=1e-5 * float(outputs.abs().max())
    )
    codes = torch.from_numpy(generator.codes(y).astype(np.int64))[None]
    nats = wavenet_nll(outputs.double(), codes, config)
    score = generator.score(y)
    np.testing.assert_allclose(score.log_likelihood, -nats[0].numpy(), rtol=1e-3, atol=1e-3)
    assert score.bits_per_sample == pytest.approx(nats.mean().item() / np.log(2), rel=1e-4)


@pytest.mark.parametrize("output", OUTPUTS)
def test_same_bits_for_blocks_threads_and_batches(output, instruction_set):
    config = config_of(output, dilations=(1, 2, 4) * 2)
    references = {}
    for threads, batch in itertools.product([1, 3], [1, 2, 5]):
        _, generator = random_model(config, threads)
        audio = generator.generate(400, batch=batch, seed=3).reshape(batch, -1)
        for b in range(batch):
            np.testing.assert_array_equal(references.setdefault(b, audio[b]), audio[b])
        for block_size in (1, 7, 64, 512):
            blocks = generator.stream(400, block_size, batch=batch, seed=3)
            joined = np.concatenate([block.reshape(batch, -1) for block in blocks], axis=1)
            np.testing.assert_array_equal(joined, audio)
    assert not np.array_equal(references[0], references[1])


@pytest.mark.parametrize("output", OUTPUTS)
def test_priming_and_verification(output, tmp_path):
    config = config_of(output)
    model, generator = random_model(config)
    whole = generator.generate(300, seed=9)
    np.testing.assert_array_equal(generator.generate(200, seed=9, prime=whole[:100]), whole[100:])
    model.save_pretrained(tmp_path / "model")
    for check in verify(tmp_path / "model"):
        assert check.passed, check


@pytest.mark.parametrize("output", OUTPUTS)
def test_hopeless_weights_do_not_crash(output, tmp_path):
    """Outputs that overflow give some sample; where a likelihood is no number, scoring says so."""
    config = config_of(output)
    weights = {n: np.full(s, 1e30, np.float32) for n, s in config.tensor_shapes().items()}
    save_model(tmp_path / "model", config, weights)
    generator = WaveNetGenerator(config, weights)
    y = generator.generate(20)
    assert np.all(np.abs(y) <= 1)
    if "mixture" in output:
        with pytest.raises(ValueError, match=r"sample 0 has no likelihood: .* is not finite"):
            generator.score(y)
    else:
        assert not np.isnan(generator.score(y).log_likelihood).any()


@pytest.mark.parametrize("options", [{"top_k": 3}, {"top_p": 0.5}])
def test_truncation_is_for_categorical_outputs(options):
    _, generator = random_model(config_of("gaussian"))
    with pytest.raises(ValueError, match="top_k and top_p are for categorical outputs"):
        generator.generate(5, **options)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"output": "logistic"}, "output must be one of .*, got 'logistic'"),
        ({"output": "gaussian", "input": "one-hot"}, "needs input 'scalar', got 'one-hot'"),
        ({"output": "logistic-mixture", "mixtures": 0}, "mixtures must be from 1 to 256, got 0"),
        ({"output": "gaussian", "log_scale_min": 1.0}, "log_scale_min must be from -30.0 to 0.0"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        WaveNetConfig(**({"input": "scalar"} | settings))

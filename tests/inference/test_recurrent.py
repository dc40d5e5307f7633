"""Recurrent models on the core: against the torch module, and in every way of running them."""

import copy
import itertools

import numpy as np
import pytest
import torch
from scipy import stats

import wavenet
from wavenet.config.recurrent import MulawSymbols, RecurrentConfig, TextSymbols
from wavenet.inference.text import decode_text
from wavenet.models import RecurrentModel
from wavenet.models.losses import recurrent_nll

TEXT = TextSymbols("char", tuple("\n abcdefg"))
WORDS = TextSymbols("word", ("a", "bee", "sea", ", ", ".", "\n"))
CONFIGS = {
    "text": RecurrentConfig(hidden_size=24, layers=3, residual=True, text=TEXT),
    "words": RecurrentConfig(hidden_size=12, text=WORDS),
    "audio": RecurrentConfig("recurrent", "gru", 1, 20, audio=MulawSymbols(8000)),
    "classes": RecurrentConfig(
        cell="rnn", hidden_size=17, classes=5, embedding_size=3, covariates=2, global_channels=3,
        input_skip=True,
    ),
    "gaussian": RecurrentConfig(
        cell="gru", hidden_size=16, output="gaussian", dimensions=3, covariates=2,
        global_channels=1, input_skip=True,
    ),
    "student-t": RecurrentConfig(
        hidden_size=33, output="student-t", dimensions=3, peepholes=True, residual=True,
        global_channels=1,
    ),
    "mixture": RecurrentConfig(
        cell="gru", hidden_size=16, output="student-t", components=4, dimensions=3
    ),
    "logistic mixture": RecurrentConfig(
        layers=1, hidden_size=16, output="logistic", components=3, dimensions=3
    ),
    "leaky": RecurrentConfig(
        cell="rnn", leak=0.3, hidden_size=21, output="gaussian", dimensions=2
    ),
    "points": RecurrentConfig(hidden_size=9, output="point", dimensions=2),
    "effect": RecurrentConfig(
        layers=1, hidden_size=40, output="point", feedback=False, covariates=1
    ),
}  # fmt: skip


def make(name: str, threads: int = 1, precision: str = "float32"):
    torch.manual_seed(0)
    model = RecurrentModel(CONFIGS[name]).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.uniform_(-0.4, 0.4)
        if hasattr(model, "skip"):
            model.skip.weight.mul_(0.1)  # fed back, larger weights would make samples grow for ever
    return model, model.to_generator(precision, threads)


def example(config: RecurrentConfig, n: int, seed: int = 0):
    """Samples, and the conditioning of a stream."""
    random = np.random.default_rng(seed)
    if config.text:
        y = decode_text(random.integers(0, config.class_count, n), config.text)
    elif config.audio:
        y = random.uniform(-1, 1, n)
    elif config.output == "categorical":
        y = random.integers(0, config.classes, n)
    else:
        y = random.standard_normal((n, config.dimensions)).astype(np.float32)
    values = {}
    if config.covariates:
        values["condition"] = random.standard_normal((n, config.covariates)).astype(np.float32)
    if config.global_channels:
        values["global_vector"] = random.standard_normal(config.global_channels)
    return (y if config.feedback else None), values


@torch.no_grad()
def torch_outputs(model, y, values):
    """Outputs of one teacher-forced pass, and the log-likelihood of the samples."""
    from wavenet.inference.sequences import encode_sequence

    config = model.config
    inputs = targets = None
    if y is not None:
        rows = torch.from_numpy(encode_sequence(y, config))
        targets = rows[:, 0].long() if config.output == "categorical" else rows
        first = torch.full_like(targets[:1], -1 if config.output == "categorical" else 0)
        inputs = torch.cat([first, targets[:-1]])[None]
    names = {"condition": "covariates", "global_vector": "global_vector"}
    tensors = {
        names[n]: torch.tensor(np.asarray(v), dtype=torch.float32)[None] for n, v in values.items()
    }
    outputs, _ = model(inputs, **tensors)
    if targets is None:
        return outputs[0].numpy(), None
    return outputs[0].numpy(), -recurrent_nll(outputs, targets[None], config)[0].numpy()


@pytest.mark.parametrize("name", CONFIGS)
def test_outputs_and_score_equal_torch(name, instruction_set):
    model, generator = make(name)
    y, values = example(model.config, 300)
    outputs, likelihood = torch_outputs(model, y, values)
    found = generator.outputs(y, **values)
    np.testing.assert_allclose(found, outputs, rtol=0, atol=1e-5 * max(1, np.abs(outputs).max()))
    if model.config.output == "point":
        return
    score = generator.score(y, **values)
    np.testing.assert_allclose(score.log_likelihood, likelihood, rtol=1e-4, atol=1e-4)
    assert score.bits_per_sample == pytest.approx(-likelihood.mean() / np.log(2), rel=1e-4)


VECTORS = ["gaussian", "student-t", "mixture", "logistic mixture"]


def laws(outputs: np.ndarray, config: RecurrentConfig, temperature: float = 1.0):
    """Weights `(n, components)` and laws by scipy `(n, components, dimensions)` of outputs."""
    outputs = outputs.astype(np.float64)
    count = config.components
    logits = outputs[:, :count] if count > 1 else np.zeros((len(outputs), 1))
    rows = outputs[:, count if count > 1 else 0 :].reshape(len(outputs), count, -1, 3)
    mean, scale = rows[:, :, 0], temperature * np.exp(np.maximum(rows[:, :, 1], -7))
    weights = np.exp(logits / temperature - np.max(logits / temperature, axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    if config.output == "gaussian":
        return weights, stats.norm(mean, scale)
    if config.output == "logistic":
        return weights, stats.logistic(mean, scale)
    return weights, stats.t(2 + np.log1p(np.exp(rows[:, :, 2])), mean, scale)


@pytest.mark.parametrize("name", VECTORS)
def test_densities_of_outputs(name):
    """The densities that the outputs describe, by scipy."""
    model, generator = make(name)
    y, values = example(model.config, 50)
    weights, law = laws(generator.outputs(y, **values), model.config)
    expected = np.log((weights * law.pdf(y[:, None]).prod(axis=2)).sum(axis=1))
    score = generator.score(y, **values)
    np.testing.assert_allclose(score.log_likelihood, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", CONFIGS)
def test_same_samples_for_blocks_threads_and_batches(name, instruction_set):
    config = CONFIGS[name]
    _, values = example(config, 300)
    references = {}
    for threads, batch in itertools.product([1, 3], [1, 2, 5]):
        _, generator = make(name, threads)
        found = as_list(generator.generate(300, batch=batch, seed=3, **values), batch)
        for b in range(batch):
            np.testing.assert_array_equal(references.setdefault(b, found[b]), found[b])
        for block_size in (1, 7, 512):
            blocks = list(generator.stream(300, block_size, batch=batch, seed=3, **values))
            for b in range(batch):
                parts = [as_list(block, batch)[b] for block in blocks]
                joined = "".join(parts) if config.text else np.concatenate(parts)
                np.testing.assert_array_equal(joined, references[b])
    if config.output != "point":
        assert not np.array_equal(references[0], references[1])
        other = generator.generate(300, seed=4, **values)
        assert not np.array_equal(references[0], other)


def as_list(samples, batch: int) -> list:
    return [samples] if batch == 1 else list(samples)


@pytest.mark.parametrize("name", [name for name in CONFIGS if name != "effect"])
def test_priming_and_copies_continue(name):
    model, generator = make(name)
    _, values = example(model.config, 100)
    streams = generator.streams(seed=9, **values)
    start = streams.generate(40)[0]
    rest = generator.generate(60, seed=9, prime=start, **values)
    whole = generator.generate(100, seed=9, **values)
    joined = start + rest if model.config.text else np.concatenate([start, rest])
    np.testing.assert_array_equal(joined, whole)
    fork, memory = copy.copy(streams), streams.save()
    np.testing.assert_array_equal(streams.generate(60)[0], rest)
    np.testing.assert_array_equal(fork.generate(60)[0], rest)
    streams.restore(memory)
    np.testing.assert_array_equal(streams.generate(60)[0], rest)


def test_greedy_generation_is_teacher_forcing(instruction_set):
    model, generator = make("text")
    text = generator.generate(200, temperature=0)
    outputs, _ = torch_outputs(model, text, {})
    classes = [TEXT.vocabulary.index(symbol) for symbol in text]
    chosen = outputs[np.arange(200), classes]
    assert np.all(chosen >= outputs.max(axis=1) - 1e-5)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
@pytest.mark.parametrize("name", VECTORS)
def test_sampling_distribution(name, temperature):
    """First samples of many streams against the distribution that the outputs describe."""
    model, generator = make(name)
    _, values = example(model.config, 1)
    outputs = generator.outputs(np.zeros((1, 3)), **values)
    count = 40_000
    y = generator.generate(1, batch=count, seed=1, temperature=temperature, **values)[:, 0]
    weights, law = laws(outputs, model.config, temperature)
    uniform = (weights[0][:, None] * law.cdf(y[:, None])).sum(axis=1)
    for d in range(3):
        assert stats.kstest(uniform[:, d], "uniform").pvalue > 1e-3
    if model.config.components == 1:
        correlation = np.corrcoef(stats.rankdata(y, axis=0).T)
        assert np.abs(correlation - np.eye(3)).max() < 5 / np.sqrt(count)


def test_batch_of_different_conditioning():
    model, generator = make("classes", threads=2)
    parts = [example(model.config, 80, seed)[1] for seed in range(3)]
    together = generator.generate(
        batch=3, temperature=0, condition=np.stack([p["condition"] for p in parts]),
        global_vector=np.stack([p["global_vector"] for p in parts]),
    )  # fmt: skip
    for b, values in enumerate(parts):
        np.testing.assert_array_equal(generator.generate(temperature=0, **values), together[b])


@pytest.mark.parametrize("precision", ["bf16", "int8"])
@pytest.mark.parametrize("name", CONFIGS)
def test_low_precision_is_near(name, precision, instruction_set):
    model, generator = make(name, precision=precision)
    y, values = example(model.config, 200)
    outputs, _ = torch_outputs(model, y, values)
    found = generator.outputs(y, **values)
    error = np.sqrt(np.mean((found - outputs) ** 2)) / outputs.std()
    assert error < (0.02 if precision == "bf16" else 0.1)
    np.testing.assert_array_equal(
        generator.generate(100, seed=1, **values),
        make(name, 2, precision)[1].generate(100, seed=1, batch=3, **values)[0],
    )


@pytest.mark.parametrize("name", CONFIGS)
def test_model_files(name, tmp_path):
    model, generator = make(name)
    model.save_pretrained(tmp_path / "model")
    loaded = wavenet.load(tmp_path / "model", threads=1)
    assert loaded.config == CONFIGS[name]
    _, values = example(model.config, 50)
    expected = generator.generate(50, seed=2, **values)
    np.testing.assert_array_equal(loaded.generate(50, seed=2, **values), expected)
    again = RecurrentModel.from_pretrained(tmp_path / "model").to_generator()
    np.testing.assert_array_equal(again.generate(50, seed=2, **values), expected)


@pytest.mark.parametrize(
    ("name", "call", "message"),
    [
        ("text", lambda g: g.generate(), "n_samples must be given"),
        ("text", lambda g: g.generate(0), "n_samples must be from 1"),
        ("text", lambda g: g.generate(9, prime="xyz"), "the character 'x' and 2 others"),
        ("text", lambda g: g.generate(9, prime=[1, 2]), "takes text, got list"),
        ("text", lambda g: g.score(""), r"shape \(n,\), n > 0"),
        ("text", lambda g: g.generate(9, top_k=10), "top_k.*9.*10"),
        ("text", lambda g: g.generate(9, temperature=-1), "temperature.*-1"),
        ("text", lambda g: g.generate(9, condition=np.zeros((9, 1))), "takes no condition"),
        ("text", lambda g: g.outputs(None), "needs the samples"),
        ("audio", lambda g: g.generate(9, prime=[np.nan]), "NaN"),
        ("audio", lambda g: g.generate(9, prime="a"), "does not take text"),
        ("classes", lambda g: g.generate(9), "needs global_vector"),
        ("classes", lambda g: g.generate(9, global_vector=[0, 0, 0]), "needs condition"),
        ("classes", lambda g: g.score([1, 5], **example(g.config, 2)[1]), "from 0 to 4, got 5"),
        ("classes", lambda g: g.score([0.5], **example(g.config, 1)[1]), "whole numbers"),
        (
            "gaussian",
            lambda g: g.score(np.zeros((4, 2)), **example(g.config, 4)[1]),
            r"\(n, 3\), got \(4, 2\)",
        ),
        (
            "gaussian",
            lambda g: g.score([[0, np.inf, 0]], **example(g.config, 1)[1]),
            "sample 0 has the value inf in column 1",
        ),
        (
            "gaussian",
            lambda g: g.generate(11, **example(g.config, 10)[1]),
            "covers 10 more samples, not 11",
        ),
        ("gaussian", lambda g: g.generate(top_k=3, **example(g.config, 9)[1]), "need a model of"),
        ("points", lambda g: g.score(np.zeros((4, 2))), "gives no likelihood"),
        ("effect", lambda g: g.generate(condition=np.zeros((5, 2))), r"got \(5, 2\)"),
    ],
)
def test_bad_arguments(name, call, message):
    _, generator = make(name)
    with pytest.raises(ValueError, match=message):
        call(generator)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "number of classes must be from 2"),
        ({"classes": 4, "cell": "gru", "peepholes": True}, "peepholes"),
        ({"classes": 4, "leak": 0.5}, "a leak is that of an RNN"),
        ({"classes": 4, "cell": "rnn", "leak": 0.0}, "leak must be from 1e-06 to 1.0, got 0.0"),
        ({"classes": 4, "layers": 0}, "layers must be from 1"),
        ({"classes": 4, "feedback": False}, "needs covariates"),
        ({"output": "gaussian", "text": TEXT}, "need output 'categorical'"),
        ({"text": TEXT, "audio": MulawSymbols()}, "either text or audio"),
        ({"text": TEXT, "classes": 3}, "do not match"),
    ],
)
def test_bad_configurations(settings, message):
    with pytest.raises(ValueError, match=message):
        RecurrentConfig(**settings)


@pytest.mark.parametrize("name", CONFIGS)
def test_verification(name, tmp_path):
    from wavenet.evaluation.speed import measure_speed
    from wavenet.evaluation.verification import verify

    model, _ = make(name)
    model.save_pretrained(tmp_path)
    checks = verify(tmp_path)
    assert len(checks) == 3 and all(check.passed for check in checks), checks
    for row in measure_speed(tmp_path, seconds=0.01, batch=2):
        assert row["one_stream"] > 0 and row["batch"] > 0 and row["scoring"] > 0

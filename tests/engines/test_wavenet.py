"""The engine against torch, and against itself in every other way of running it."""

import copy
import itertools
import resource
import threading
import time

import numpy as np
import pytest
import torch

from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.inference.samples import decode_samples, silence_code
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.models import WaveNet

CONDITIONING = {
    "none": {},
    "speaker": {"speakers": ("a", "b", "c"), "speaker_channels": 5},
    "vector": {"global_channels": 3},
    "repeat": {"local": LocalConditioning(4, 7, layers=2, hidden_channels=9)},
    "raw frames": {"local": LocalConditioning(4, 7, layers=0)},
    "transposed": {
        "local": LocalConditioning(
            4, 6, layers=1, hidden_channels=17, kernel_size=5, upsampling="transposed",
            upsampling_factors=(2, 3),
        )
    },
    "stretch": {
        "local": LocalConditioning(
            5, 12, layers=1, hidden_channels=17, kernel_size=5, activation="none", padding="edge",
            upsampling="stretch", upsampling_factors=(4, 3),
        )
    },
    "stretch over channels": {
        "speakers": ("a", "b"),
        "local": LocalConditioning(
            4, 8, layers=0, upsampling="stretch", upsampling_factors=(2, 2, 2),
            frequency_kernel_size=5,
        )
    },
    "spread": {
        "local": LocalConditioning(
            5, 6, layers=0, activation="none", upsampling="spread", upsampling_factors=(6,)
        )
    },
    "spread over channels": {
        "speakers": ("a", "b"),
        "local": LocalConditioning(
            4, 6, layers=1, hidden_channels=9, upsampling="spread", upsampling_factors=(2, 3),
            frequency_kernel_size=3,
        )
    },
    "all": {
        "speakers": ("a", "b"),
        "global_channels": 2,
        "local": LocalConditioning(
            4, 20, layers=2, hidden_channels=6, upsampling="transposed", upsampling_factors=(4, 5)
        ),
    },
}  # fmt: skip
SIZES = [
    {"residual_channels": 5, "gate_channels": 6, "skip_channels": 7, "kernel_size": 3},
    {
        "residual_channels": 33,
        "gate_channels": 70,
        "skip_channels": 20,
        "quantization_channels": 64,
    },
    {"residual_channels": 64, "gate_channels": 128, "skip_channels": 130, "input_kernel_size": 1},
    {"residual_channels": 1, "gate_channels": 2, "skip_channels": 1, "input_kernel_size": 3},
]


def make(config: WaveNetConfig, threads: int = 1) -> tuple[WaveNet, WaveNetGenerator]:
    torch.manual_seed(0)
    model = WaveNet(config).eval()
    if config.local and config.local.upsampling in ("stretch", "spread"):  # not symmetric
        for layer in model.condition.upsamplers:
            for values in layer.parameters():
                torch.nn.init.normal_(values, 1 / values.numel(), 0.2)
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    return model, WaveNetGenerator(config, weights, threads=threads)


def conditioning(config: WaveNetConfig, seed: int = 0) -> dict:
    random = np.random.default_rng(seed)
    values = {}
    if config.speakers:
        values["speaker"] = len(config.speakers) - 1
    if config.global_channels:
        values["global_vector"] = random.standard_normal(config.global_channels)
    if config.local:
        values["condition"] = random.standard_normal((100, config.local.channels))
    return values


def torch_logits(
    model: WaveNet, generator: WaveNetGenerator, y: np.ndarray, values: dict
) -> np.ndarray:
    """Teacher-forced logits of one pass of the torch module."""
    config = model.config
    codes = generator.codes(y).astype(np.int64)
    inputs = np.concatenate([[silence_code(config)], codes[:-1]]).astype(np.int64)
    if config.input == "scalar":
        inputs = decode_samples(inputs, config)
    tensor = {name: torch.tensor(np.asarray(v), dtype=torch.float32) for name, v in values.items()}
    with torch.no_grad():
        logits = model(
            torch.from_numpy(inputs)[None],
            torch.tensor([values["speaker"]]) if config.speakers else None,
            tensor["global_vector"][None] if config.global_channels else None,
            tensor["condition"].T[None] if config.local else None,
        )
    return logits[0].T.numpy()


@pytest.mark.parametrize("size", SIZES, ids=lambda s: str(s["residual_channels"]))
@pytest.mark.parametrize("condition", CONDITIONING)
@pytest.mark.parametrize("kind", ["one-hot", "embedding", "scalar"])
def test_logits_equal_torch(kind, condition, size, instruction_set):
    config = WaveNetConfig(
        dilations=(1, 2, 4, 1, 8), input=kind, **(size | CONDITIONING[condition])
    )
    model, generator = make(config)
    y = np.random.default_rng(1).uniform(-1, 1, 230)
    values = conditioning(config)
    expected = torch_logits(model, generator, y, values)
    logits = generator.outputs(y, **values)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5 * np.abs(expected).max())

    streams = generator.streams(**values)  # one step a call: the same bits as in blocks
    codes = generator.codes(y)[None]
    steps = [streams.core.logits(codes[:, t : t + 1]) for t in range(60)]
    np.testing.assert_array_equal(np.concatenate(steps, axis=1)[0], logits[:60])

    expected_likelihood = torch.log_softmax(torch.from_numpy(expected), dim=1).numpy()
    expected_likelihood = expected_likelihood[np.arange(len(y)), generator.codes(y)]
    score = generator.score(y, **values)
    np.testing.assert_allclose(score.log_likelihood, expected_likelihood, atol=1e-4)
    assert score.bits_per_sample == pytest.approx(-expected_likelihood.mean() / np.log(2), abs=1e-4)


def test_generation_equals_teacher_forcing(instruction_set):
    """Under argmax each sample is the most likely one given those before it, as torch sees them."""
    config = WaveNetConfig(dilations=(1, 2, 4, 8), residual_channels=20, **CONDITIONING["all"])
    model, generator = make(config)
    values = conditioning(config)
    y = generator.generate(500, temperature=0, **values)
    logits = torch_logits(model, generator, y, values)
    chosen = logits[np.arange(500), generator.codes(y)]
    assert np.all(chosen >= logits.max(axis=1) - 1e-5 * np.abs(logits).max())


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize(
    "condition", [name for name in CONDITIONING if "local" in CONDITIONING[name]]
)
def test_conditioning_to_the_last_frame(condition, frames, instruction_set):
    """Upsampling sees the start and the end of short tracks as torch does."""
    settings = {"residual_channels": 5, "gate_channels": 6} | CONDITIONING[condition]
    config = WaveNetConfig(dilations=(1, 2), **settings)
    model, generator = make(config)
    values = conditioning(config)
    values["condition"] = values["condition"][:frames]
    length = frames * config.local.hop_length
    y = np.random.default_rng(1).uniform(-1, 1, length)
    expected = torch_logits(model, generator, y, values)
    logits = generator.outputs(y, **values)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_conditioning_takes_little_memory():
    """Neither samples nor frames are projected into the blocks for a whole utterance."""
    local = LocalConditioning(
        80, 256, layers=0, upsampling="stretch", upsampling_factors=(4, 4, 4, 4)
    )
    config = WaveNetConfig(
        dilations=(1, 2) * 5, residual_channels=8, gate_channels=128, skip_channels=8, local=local
    )
    _, generator = make(config)
    frames = np.zeros((20_000, 80), np.float32)  # projected: 102 MB of frames, 26 GB of samples
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    generator.generate(600, condition=frames)
    added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # [KiB]
    assert added < 3 * frames.nbytes / 1024


@pytest.mark.parametrize("condition", ["none", "all", "repeat", "stretch", "stretch over channels"])
def test_same_bits_for_blocks_threads_and_batches(condition, instruction_set):
    config = WaveNetConfig(dilations=(1, 2, 4) * 2, residual_channels=20, **CONDITIONING[condition])
    values = conditioning(config)
    references = {}
    for threads, batch in itertools.product([1, 2, 3], [1, 2, 5]):
        _, generator = make(config, threads)
        audio = generator.generate(600, batch=batch, seed=3, **values).reshape(batch, -1)
        for b in range(batch):
            np.testing.assert_array_equal(references.setdefault(b, audio[b]), audio[b])
        for block_size in (1, 7, 64, 512):
            blocks = generator.stream(600, block_size, batch=batch, seed=3, **values)
            joined = np.concatenate([block.reshape(batch, -1) for block in blocks], axis=1)
            np.testing.assert_array_equal(joined, audio)
    assert not np.array_equal(references[0], references[1])
    other_seed = generator.generate(600, seed=4, **values)
    assert not np.array_equal(references[0], other_seed)


def test_batch_of_different_conditioning():
    config = WaveNetConfig(dilations=(1, 2, 4), **CONDITIONING["all"])
    _, generator = make(config, threads=2)
    parts = [conditioning(config, seed) for seed in range(3)]
    together = generator.streams(
        batch=3, temperature=0, speaker=["a", "b", 0],
        global_vector=np.stack([p["global_vector"] for p in parts]),
        condition=np.stack([p["condition"] for p in parts]),
    ).generate(300)  # fmt: skip
    for b, speaker in enumerate(["a", "b", 0]):
        alone = generator.generate(300, temperature=0, **(parts[b] | {"speaker": speaker}))
        np.testing.assert_array_equal(together[b], alone)


def test_priming_continues():
    config = WaveNetConfig(dilations=(1, 2, 4, 8, 16), residual_channels=24)
    _, generator = make(config)
    whole = generator.generate(400, seed=9)
    np.testing.assert_array_equal(generator.generate(250, seed=9, prime=whole[:150]), whole[150:])


@pytest.mark.parametrize("given", [1, 2, 7, 30, 40, 200])
def test_priming_passes_over_what_leaves_no_trace(given):
    """The score needs every sample; after it the streams go on the same way."""
    config = WaveNetConfig(
        dilations=(1, 2, 4, 8), kernel_size=3, residual_channels=24,
        local=LocalConditioning(3, 5, layers=1, hidden_channels=4),
    )  # fmt: skip
    _, generator = make(config)
    random = np.random.default_rng(0)
    condition = random.standard_normal((60, 3))
    y = random.uniform(-0.5, 0.5, given)
    parts = []
    for feed in ("prime", "score"):
        streams = generator.streams(seed=9, condition=condition)
        streams.generate(23)
        if feed == "prime":
            streams.prime(y)
        else:
            streams.core.score(generator.codes(y)[None])
        parts.append(streams.generate(70))
    np.testing.assert_array_equal(*parts)


def test_copies_fork():
    _, generator = make(WaveNetConfig(dilations=(1, 2, 4)))
    streams = generator.streams(seed=1)
    streams.generate(50)
    fork = copy.copy(streams)
    np.testing.assert_array_equal(streams.generate(80), fork.generate(80))


def test_endless_stream():
    _, generator = make(WaveNetConfig(dilations=(1, 2)))
    blocks = list(itertools.islice(generator.stream(block_size=100), 5))
    np.testing.assert_array_equal(np.concatenate(blocks), generator.generate(500))


def test_receptive_field():
    """Samples older than the receptive field change nothing; the oldest inside it does."""
    config = WaveNetConfig(dilations=(1, 2, 4, 8), kernel_size=3, residual_channels=16)
    _, generator = make(config)
    y = np.random.default_rng(0).uniform(-1, 1, 100)
    for past, same in [(config.receptive_field + 1, True), (config.receptive_field, False)]:
        changed = y.copy()
        changed[-1 - past] = -changed[-1 - past]
        equal = np.array_equal(generator.outputs(y)[-1], generator.outputs(changed)[-1])
        assert equal is same, past


@pytest.mark.parametrize(
    "options",
    [
        {"top_k": 5},
        {"top_p": 0.6},
        {"top_k": 5, "top_p": 0.9},
        {"top_k": 8, "top_p": 0.3},
        {"temperature": 0.7},
        {},
    ],
)
def test_sampling_distribution(options, instruction_set):
    """Frequencies of the first sample over many streams against its distribution."""
    config = WaveNetConfig(
        dilations=(1, 2), residual_channels=8, gate_channels=8, skip_channels=8,
        quantization_channels=16,
    )  # fmt: skip
    model, _ = make(config)
    with torch.no_grad():
        model.output.bias.copy_(torch.linspace(-1.5, 1.5, 16))
    weights = {name: value.numpy() for name, value in model.state_dict().items()}
    generator = WaveNetGenerator(config, weights)
    logits = generator.outputs(np.zeros(1))[0].astype(np.float64) / options.get("temperature", 1)
    expected = np.exp(logits - logits.max())
    expected /= expected.sum()
    order = np.argsort(-expected)
    if "top_k" in options:
        expected[order[options["top_k"] :]] = 0
    if "top_p" in options:
        expected[order[np.searchsorted(np.cumsum(expected[order]), options["top_p"]) + 1 :]] = 0
    expected /= expected.sum()
    count = 60_000
    codes = generator.codes(generator.streams(batch=count, seed=1, **options).generate(1)[:, 0])
    found = np.bincount(codes, minlength=16) / count
    assert np.all(found[expected == 0] == 0)
    deviation = np.sqrt(expected * (1 - expected) / count)
    assert np.all(np.abs(found - expected) <= 5 * deviation + 1e-12)


def test_model_from_many_threads():
    _, generator = make(WaveNetConfig(dilations=(1, 2, 4)))
    expected = [generator.generate(300, seed=seed) for seed in range(4)]
    found = [None] * 4

    def work(seed: int) -> None:
        found[seed] = generator.generate(300, seed=seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_streams_from_one_thread_at_a_time():
    """One thread keeps the streams busy until the other has been refused."""
    _, generator = make(WaveNetConfig())
    streams = generator.streams()
    errors, stop = [], threading.Event()

    def work() -> None:
        while not stop.is_set():
            try:
                streams.core.generate(200, 0, 1.0, 0, 1.0)
            except RuntimeError as error:
                errors.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while not errors and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    assert errors and all("another thread" in error for error in errors)
    streams.generate(10)  # they are free again


LABELLED = WaveNetConfig(dilations=(1, 2), **CONDITIONING["all"])
PLAIN = WaveNetConfig(dilations=(1, 2))
FRAMES = np.zeros((5, 4))


@pytest.mark.parametrize(
    ("config", "call", "message"),
    [
        (PLAIN, lambda g: g.generate(), "n_samples must be given"),
        (PLAIN, lambda g: g.generate(0), "n_samples must be from 1"),
        (PLAIN, lambda g: g.generate(2.5), "whole number, got 2.5"),
        (PLAIN, lambda g: g.generate(9, temperature=-1), "temperature.*-1"),
        (PLAIN, lambda g: g.generate(9, temperature=np.nan), "temperature.*nan"),
        (PLAIN, lambda g: g.generate(9, temperature="hot"), "must be a number"),
        (PLAIN, lambda g: g.generate(9, top_k=257), "top_k.*256.*257"),
        (PLAIN, lambda g: g.generate(9, top_k=0), "top_k must be from 1"),
        (PLAIN, lambda g: g.generate(9, top_p=0.0), "top_p.*got 0"),
        (PLAIN, lambda g: g.generate(9, top_p=1.1), "top_p.*1.1"),
        (PLAIN, lambda g: g.generate(9, seed=-1), "seed.*-1"),
        (PLAIN, lambda g: g.generate(9, batch=0), "batch.*0"),
        (PLAIN, lambda g: g.generate(9, speaker="a"), "no speakers"),
        (PLAIN, lambda g: g.generate(9, condition=FRAMES), "takes no condition"),
        (PLAIN, lambda g: g.generate(9, prime=np.zeros(0)), "shape"),
        (PLAIN, lambda g: g.generate(9, prime=[np.nan]), "NaN"),
        (PLAIN, lambda g: g.stream(9, block_size=0), "block_size.*0"),
        (PLAIN, lambda g: g.score(np.zeros((2, 2))), r"\(2, 2\)"),
        (PLAIN, lambda g: g.condition_from_text("1"), "does not read text"),
        (LABELLED, lambda g: g.generate(9), "needs global_vector"),
        (LABELLED, lambda g: g.generate(9, global_vector=[0, 0]), "needs condition"),
        (LABELLED, lambda g: g.generate(9, global_vector=[0]), r"shape \(2\), got \(1,\)"),
        (
            LABELLED,
            lambda g: g.generate(9, global_vector=[0, 0], condition=np.zeros((5, 3))),
            r"shape \(frames, 4\), got \(5, 3\)",
        ),
        (
            LABELLED,
            lambda g: g.generate(9, global_vector=[0, np.inf], condition=FRAMES),
            "global_vector has values that are not finite",
        ),
        (
            LABELLED,
            lambda g: g.generate(101, global_vector=[0, 0], condition=FRAMES),
            "covers 100 more samples, not 101",
        ),
        (
            LABELLED,
            lambda g: g.generate(9, global_vector=[0, 0], condition=FRAMES, speaker="z"),
            "unknown speaker 'z'; known: a, b",
        ),
        (
            LABELLED,
            lambda g: g.generate(9, global_vector=[0, 0], condition=FRAMES, speaker=2),
            "from 0 to 1, got 2",
        ),
        (LABELLED, lambda g: g.speaker_index(True), "speaker must be a whole number, got True"),
        (LABELLED, lambda g: g.speaker_index(1.5), "speaker must be a whole number, got 1.5"),
        (
            LABELLED,
            lambda g: g.generate(9, global_vector=[0, 0], condition=FRAMES, speaker=["a"], batch=2),
            "1 speakers for a batch of 2",
        ),
    ],
)
def test_bad_arguments(config, call, message):
    _, generator = make(config)
    with pytest.raises(ValueError, match=message):
        call(generator)

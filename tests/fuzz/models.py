"""Model files with weights of any size, and damaged ones: loading, generating, scoring."""

import json
import tempfile
from pathlib import Path

import numpy as np
from values import choose, mutated_json

import wavenet
from wavenet import _core
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.config.recurrent import RecurrentConfig
from wavenet.io.model_file import save_model

SAMPLES = 40
HOP = 4
SIZES = (0.0, 1e-40, 1e-30, 1e-20, 1e-3, 1.0, 30.0, 1e10, 1e20, 1e30, 3e38)


def wavenet_config(random) -> WaveNetConfig:
    output = choose(
        random, ["categorical"] * 3 + ["logistic-mixture", "gaussian", "gaussian-mixture"]
    )
    scalar = output != "categorical" or random.random() < 0.3
    local = None
    if random.random() < 0.4:
        upsampling = choose(random, ["repeat", "transposed", "stretch", "spread"])
        local = LocalConditioning(
            int(random.integers(1, 5)), HOP, layers=int(random.integers(0, 3)),
            hidden_channels=int(random.integers(1, 9)), upsampling=upsampling,
            activation=choose(random, ["relu", "none"]), padding=choose(random, ["zeros", "edge"]),
            upsampling_factors=() if upsampling == "repeat" else choose(random, [(4,), (2, 2)]),
        )  # fmt: skip
    return WaveNetConfig(
        sample_rate=8000,
        dilations=tuple(int(d) for d in random.choice([1, 2, 3, 4, 8, 16], random.integers(1, 5))),
        kernel_size=int(random.integers(2, 4)), input_kernel_size=int(random.integers(1, 4)),
        residual_channels=int(random.integers(1, 40)), skip_channels=int(random.integers(1, 40)),
        gate_channels=2 * int(random.integers(1, 40)), output=output,
        input="scalar" if scalar else choose(random, ["one-hot", "embedding"]),
        quantization_channels=choose(random, [4, 8, 16, 256]), mixtures=int(random.integers(1, 20)),
        mulaw_convention=choose(random, ["wavenet", "nnmnkwii", "librosa"]),
        speakers=choose(random, [(), ("a", "b")]), speaker_channels=int(random.integers(1, 4)),
        global_channels=int(choose(random, [0, 0, 3])), local=local,
        noise_shaping=choose(random, [(), (), (1.5, -0.3, 0.1)]),
        precision=choose(random, ["float32", "bf16", "int8"]),
    )  # fmt: skip


def recurrent_config(random) -> RecurrentConfig:
    output = choose(
        random, ["categorical", "categorical", "gaussian", "logistic", "student-t", "point"]
    )
    cell = choose(random, ["rnn", "lstm", "gru"])
    return RecurrentConfig(
        cell=cell, layers=int(random.integers(1, 4)), hidden_size=int(random.integers(1, 40)),
        leak=choose(random, [1.0, 0.3]) if cell == "rnn" else 1.0,
        peepholes=cell == "lstm" and bool(random.integers(2)), residual=bool(random.integers(2)),
        output=output, classes=int(random.integers(2, 40)) if output == "categorical" else 0,
        components=1 if output in ("categorical", "point") else int(random.integers(1, 5)),
        embedding_size=int(random.integers(1, 9)), dimensions=int(random.integers(1, 4)),
        covariates=int(choose(random, [0, 0, 2])), global_channels=int(choose(random, [0, 0, 3])),
    )  # fmt: skip


def weights(random, config) -> dict[str, np.ndarray]:
    """Ordinary weights, of which some tensors have another size, or a few values or a level."""
    tensors = {}
    for name, shape in config.tensor_shapes().items():
        value = random.normal(0, 0.3, shape)
        kind = random.random()
        if "range" in name:
            value = np.abs(value)
        if kind < 0.1:
            value *= choose(random, SIZES)
        elif kind < 0.2:
            level = choose(random, SIZES) * choose(random, [-1, 1])
            value = np.full(shape, level) + (value if random.random() < 0.5 else 0)
        elif kind < 0.25 and value.size:
            place = tuple(int(random.integers(size)) for size in shape)
            value[place] = choose(random, (*SIZES, np.inf, np.nan)) * choose(random, [-1, 1])
        if "range" in name:
            value = np.abs(value)
        with np.errstate(over="ignore"):
            tensors[name] = np.clip(value, -3.4e38, 3.4e38).astype(np.float32)
    if random.random() < 0.4:  # all classes or components alike, and far away
        tensors["output.bias"][:] = -choose(random, (1e29, 1e31, 3e38))
    return tensors


def damage(random, folder: Path) -> None:
    """Changes a setting of the configuration, or bytes of the weights."""
    if random.random() < 0.6:
        path = folder / "config.json"
        values = mutated_json(random, json.loads(path.read_text()))
        path.write_text(json.dumps(values))
        return
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    end = min(len(content), 2000) if random.random() < 0.7 else len(content)
    for _ in range(random.integers(1, 6)):
        content[int(random.integers(end))] = int(random.integers(256))
    if random.random() < 0.2:
        content = content[: int(random.integers(len(content)))]
    path.write_bytes(bytes(content))


def conditioning(random, config, batch: int) -> dict:
    given = {}
    if config.global_channels:
        given["global_vector"] = random.normal(size=(batch, config.global_channels))
    if config.kind == "recurrent":
        if config.covariates:
            given["condition"] = random.normal(size=(batch, SAMPLES, config.covariates))
        return given
    if config.local:
        frames = -(-SAMPLES // config.local.hop_length)
        given["condition"] = random.normal(size=(batch, frames, config.local.channels))
    if config.speakers:
        given["speaker"] = [int(s) for s in random.integers(len(config.speakers), size=batch)]
    return given


def of_stream(given: dict, b: int) -> dict:
    return {key: value[b] for key, value in given.items()}


def check_wavenet(random, generator) -> None:
    config, batch = generator.config, int(choose(random, [2, 3, 17]))
    given = conditioning(random, config, batch)
    options = choose(random, [{}, {"temperature": 0.0}, {"temperature": 1e-40}, {"temperature": 5}])
    if config.output == "categorical" and random.random() < 0.4:
        options = options | choose(
            random, [{"top_k": 2}, {"top_p": 0.7}, {"top_k": 3, "top_p": 0.5}]
        )
    core = generator.streams(batch=batch, seed=7, **given, **options).core
    settings = {"seed": 7, "temperature": 1.0, "top_k": 0, "top_p": 1.0} | options
    codes = core.generate(SAMPLES, **settings)
    assert (codes < config.levels).all(), codes
    for b in (0, batch - 1):
        alone = generator.streams(batch=1, seed=7, **of_stream(given, b), **options)
        if b == 0:
            np.testing.assert_array_equal(alone.core.generate(SAMPLES, **settings)[0], codes[0])
        blocks = generator.streams(batch=1, seed=7, **of_stream(given, b)).core.logits(
            codes[b : b + 1]
        )
        steps = generator.streams(batch=1, seed=7, **of_stream(given, b)).core
        one_by_one = [steps.logits(codes[b : b + 1, t : t + 1]) for t in range(SAMPLES)]
        np.testing.assert_array_equal(np.concatenate(one_by_one, axis=1), blocks)
    y = generator.generate(SAMPLES, batch=batch, seed=7, **given, **options)
    assert np.isfinite(y).all() and np.abs(y).max() <= 1
    score = generator.score(y[0], **of_stream(given, 0))
    assert not np.isnan(score.log_likelihood).any()


def check_recurrent(random, generator) -> None:
    config, batch = generator.config, int(choose(random, [2, 3, 17]))
    given = conditioning(random, config, batch)
    streams = generator.streams(batch=batch, seed=7, **given)
    first = streams.generate(SAMPLES // 2)
    memory = streams.save()
    rest = streams.generate(SAMPLES // 2)
    streams.restore(memory)
    np.testing.assert_array_equal(streams.generate(SAMPLES // 2), rest)
    y = np.concatenate([first, rest], axis=1)
    alone = generator.generate(SAMPLES, seed=7, **of_stream(given, 0))
    np.testing.assert_array_equal(alone, y[0])
    if config.output == "categorical":
        assert y.min() >= 0 and y.max() < config.class_count
    else:
        assert np.isfinite(y).all()
    if config.output != "point":
        generator.score(alone, **of_stream(given, 0))


def case(seed: int) -> None:
    random = np.random.default_rng([1, seed])
    _core.set_instruction_set(choose(random, _core.available_instruction_sets()))
    config = wavenet_config(random) if random.random() < 0.65 else recurrent_config(random)
    with tempfile.TemporaryDirectory() as folder:
        save_model(folder, config, weights(random, config))
        if random.random() < 0.4:
            damage(random, Path(folder))
        generator = wavenet.load(folder, threads=int(random.integers(1, 3)))
    if generator.config.kind == "wavenet":
        check_wavenet(random, generator)
    elif generator.config.kind == "recurrent":
        check_recurrent(random, generator)

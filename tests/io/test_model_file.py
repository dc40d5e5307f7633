"""The model file: round trips, and what becomes of damaged ones."""

import dataclasses
import json
import multiprocessing
import resource
import struct

import numpy as np
import pytest
from safetensors import torch
from safetensors.numpy import save_file

import wavenet
from wavenet.config import LocalConditioning, WaveNetConfig, from_dict, to_dict
from wavenet.features.labels import LabelFeatures
from wavenet.io.model_file import load_model, save_model

CONFIGS = [
    WaveNetConfig(),
    WaveNetConfig(input="scalar", kernel_size=3, quantization_channels=1024, dilations=(3, 1)),
    WaveNetConfig(
        speakers=("a", "b"),
        global_channels=3,
        local=LocalConditioning(9, 6, upsampling="transposed", upsampling_factors=(2, 3)),
        features=LabelFeatures(
            symbols=("x",), states_per_symbol=8, durations={"a": {"x": (0.5, 0.1)}}
        ),
    ),
]


def weights(config):
    return {name: np.full(shape, 0.1, np.float32) for name, shape in config.tensor_shapes().items()}


@pytest.mark.parametrize("config", CONFIGS)
def test_round_trip(config, tmp_path):
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config
    save_model(tmp_path / "model", config, weights(config))
    for path in (tmp_path / "model", tmp_path / "model" / "model.safetensors"):
        loaded, tensors = load_model(path)
        assert loaded == config
        assert tensors.keys() == config.tensor_shapes().keys()
        assert all(np.all(tensor == np.float32(0.1)) for tensor in tensors.values())


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_precisions_are_read(tmp_path, dtype):
    config = CONFIGS[1]
    save_model(tmp_path, config, {name: v.astype(dtype) for name, v in weights(config).items()})
    _, tensors = load_model(tmp_path)
    assert all(tensor.dtype == np.float32 for tensor in tensors.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("input.bias"), "lacks the tensor 'input.bias'"),
        (lambda t: t.update(extra=np.zeros(1, np.float32)), "unknown tensor 'extra'"),
        (lambda t: t.update({"input.bias": np.zeros(3, np.float32)}), r"shape \(3,\)"),
        (lambda t: t["input.bias"].fill(np.nan), "not finite"),
    ],
)
def test_bad_tensors(tmp_path, change, message):
    tensors = weights(CONFIGS[0])
    change(tensors)
    with pytest.raises(ValueError, match=message):
        save_model(tmp_path, CONFIGS[0], tensors)
    metadata = {"config": json.dumps({"format_version": 1, **to_dict(CONFIGS[0])})}
    save_file(tensors, tmp_path / "m.safetensors", metadata)
    with pytest.raises(ValueError, match=message):
        wavenet.load(tmp_path / "m.safetensors")


def test_bfloat16_is_that_of_safetensors(tmp_path):
    """Other readers, as torch's, get bfloat16; the rest of the file is in float32."""
    config = dataclasses.replace(CONFIGS[2], precision="bf16")
    random = np.random.default_rng(0)
    tensors = {n: random.standard_normal(v.shape, "float32") for n, v in weights(config).items()}
    save_model(tmp_path, config, tensors)
    stored, (_, read) = torch.load_file(tmp_path / "model.safetensors"), load_model(tmp_path)
    assert stored.keys() == read.keys() == tensors.keys()
    for name, value in stored.items():
        reduced = name in config.reduced_weights()
        assert str(value.dtype) == ("torch.bfloat16" if reduced else "torch.float32")
        np.testing.assert_array_equal(value.float().numpy(), read[name])
        np.testing.assert_allclose(read[name], tensors[name], rtol=2**-8 if reduced else 0)


@pytest.mark.parametrize(
    ("precision", "dtype", "message"),
    [
        ("float32", np.int32, "I32; its configuration asks for F32 or F16 or F64"),
        ("float32", np.uint16, "U16; its configuration asks for F32"),
        ("bf16", np.float32, "F32; its configuration asks for BF16"),
        ("bf16", np.uint16, "U16; its configuration asks for"),
        ("float32", np.int8, "I8; its configuration asks for F32"),
    ],
)
def test_other_types_than_declared_are_refused(tmp_path, precision, dtype, message):
    config = dataclasses.replace(CONFIGS[0], precision=precision)
    tensors = {name: value.astype(dtype) for name, value in weights(config).items()}
    metadata = {"config": json.dumps({"format_version": 1, **to_dict(config)})}
    save_file(tensors, tmp_path / "m.safetensors", metadata)
    with pytest.raises(ValueError, match=f"tensor '.*' has the dtype {message}"):
        load_model(tmp_path / "m.safetensors")
    if dtype == np.int32:
        with pytest.raises(ValueError, match="has the dtype int32; its configuration asks for F32"):
            save_model(tmp_path, config, tensors)


# -- mutations ------------------------------------------------------------------------------------

MUTATIONS_PER_PROCESS = 600
EXTRA_MEMORY = 256 * 2**20  # [bytes] that a process may use beyond what it needs to start


def mutated_bytes(data: bytes, random: np.random.Generator) -> bytes:
    """A safetensors file with bytes of its header or weights changed, cut or repeated."""
    data = bytearray(data)
    header = 8 + struct.unpack("<Q", data[:8])[0]
    kind = random.integers(6)
    if kind == 0:
        data[random.integers(8)] ^= 1 << int(random.integers(8))
    elif kind == 1:
        for _ in range(random.integers(1, 6)):
            data[random.integers(8, header)] = random.integers(32, 127)
    elif kind == 2:
        for _ in range(random.integers(1, 6)):
            data[random.integers(header, len(data))] = random.integers(256)
    elif kind == 3:
        del data[random.integers(len(data)) :]
    elif kind == 4:
        start = int(random.integers(len(data)))
        data[start:start] = data[start : start + int(random.integers(1, 100))]
    else:
        digits = [i for i in range(8, header) if 48 <= data[i] < 58]
        data[digits[random.integers(len(digits))]] = random.integers(48, 58)
    return bytes(data)


ODD_VALUES = [
    0, -1, 1, 2, 3, 7, 256, 65536, 2**31, 2**63, 10**30, 0.5, 1e308, True, None, "", "one-hot",
    "scalar", "transposed", [], [1], [65536] * 50, [0], [-1], {}, {"channels": 1}, "x" * 1000,
]  # fmt: skip


def mutated_config(values: dict, random: np.random.Generator) -> dict:
    """A configuration with one value, at any depth, replaced, removed or added."""
    values = json.loads(json.dumps(values))
    place = values
    while True:
        key = list(place)[random.integers(len(place))]
        if isinstance(place[key], dict) and place[key] and random.random() < 0.7:
            place = place[key]
            continue
        break
    kind = random.integers(8)
    if kind == 0:
        del place[key]
    elif kind == 1:
        place[f"{key}_"] = 1
    else:
        place[key] = ODD_VALUES[random.integers(len(ODD_VALUES))]
    return values


def try_mutations(folder, what, seed, results):
    """Loads and runs mutated models under a memory limit; reports what happened."""
    random = np.random.default_rng(seed)
    weights_file, config_file = folder / "model.safetensors", folder / "config.json"
    data, values = weights_file.read_bytes(), json.loads(config_file.read_text())
    wavenet.load(folder).generate(8, condition=np.zeros((1, 10)))
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + EXTRA_MEMORY, used + EXTRA_MEMORY))
    refused = accepted = 0
    for _ in range(MUTATIONS_PER_PROCESS):
        if what == "bytes":
            weights_file.write_bytes(mutated_bytes(data, random))
        else:
            config_file.write_text(json.dumps(mutated_config(values, random)))
        try:
            generator = wavenet.load(folder, threads=1)
        except (ValueError, FileNotFoundError):
            refused += 1
            continue
        accepted += 1
        local, channels = generator.config.local, generator.config.global_channels
        conditioning = {"condition": np.zeros((1, local.channels))} if local else {}
        if channels:
            conditioning["global_vector"] = np.zeros(channels)
        audio = generator.generate(1, **conditioning)
        assert audio.shape == (1,) and abs(audio[0]) <= 1
    results.put((refused, accepted))


@pytest.mark.parametrize(
    ("what", "seed"), [("bytes", 1), ("bytes", 2), ("config", 3), ("config", 4)]
)
def test_mutations_never_crash(tmp_path, speaking_model, what, seed):
    """2,400 damaged models: each is refused with a sentence or runs, in little memory."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.safetensors", "config.json"):
        (folder / name).write_bytes((speaking_model / name).read_bytes())
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=try_mutations, args=(folder, what, seed, results))
    process.start()
    process.join(timeout=300)
    assert process.exitcode == 0, f"the process ended with {process.exitcode}"
    refused, accepted = results.get(timeout=10)
    assert refused + accepted == MUTATIONS_PER_PROCESS
    assert refused > 0.3 * MUTATIONS_PER_PROCESS and accepted > 0

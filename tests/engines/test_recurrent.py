"""The recurrent engine against torch, and against itself in every other way of running it."""

import copy

import numpy as np
import pytest
import torch

from wavenet import _core

MODULES = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
SIZES = [(1, 4), (3, 2), (7, 3), (24, 4), (40, 1), (64, 2), (256, 2), (1024, 1)]
EFFECT = {
    "cell": "lstm", "leak": 1.0, "peepholes": False, "layers": 1, "hidden_size": 8,
    "residual": False, "feedback": False, "input_skip": False, "output": "point", "classes": 0,
    "embedding_size": 0, "dimensions": 2, "components": 1, "covariates": 3, "global_channels": 0,
}  # fmt: skip


def make(
    precision="float32", **changes
) -> tuple[torch.nn.Module, torch.nn.Linear, _core.Recurrent]:
    """A stack of torch without feedback, its read-out, and the same model on the core."""
    shape = EFFECT | changes
    torch.manual_seed(0)
    stack = MODULES[shape["cell"]](
        shape["covariates"], shape["hidden_size"], shape["layers"], batch_first=True
    )
    head = torch.nn.Linear(shape["hidden_size"], shape["dimensions"])
    weights = {f"output.{name}": value.detach().numpy() for name, value in head.named_parameters()}
    for name, value in stack.named_parameters():
        kind, layer = name.rsplit("_l", 1)
        weights[f"layers.{layer}.{kind}_l0"] = value.detach().numpy()
    return stack, head, _core.Recurrent(shape, weights, precision)


def signal(batch: int, steps: int, channels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((batch, steps, channels)).astype(np.float32)


@torch.no_grad()
def expected(stack, head, x: np.ndarray) -> np.ndarray:
    return head(stack(torch.from_numpy(x))[0]).numpy()


def one_by_one(streams, x: np.ndarray) -> np.ndarray:
    steps = [streams.outputs(None, x[:, t : t + 1]) for t in range(x.shape[1])]
    return np.concatenate(steps, axis=1)


@pytest.mark.parametrize(("units", "layers"), SIZES)
@pytest.mark.parametrize("cell", MODULES)
def test_equals_torch(cell, units, layers, instruction_set):
    stack, head, model = make(cell=cell, hidden_size=units, layers=layers)
    x = signal(3, 20 if units > 100 else 70, 3)
    streams = _core.RecurrentStreams(model, batch=3, threads=2)
    outputs = streams.outputs(None, x)
    np.testing.assert_allclose(outputs, expected(stack, head, x), rtol=0, atol=1e-5)
    again = _core.RecurrentStreams(model, batch=3, threads=1)
    np.testing.assert_array_equal(one_by_one(again, x), outputs)
    # Cells of torch too: LSTM values are not bounded by 1, so compare relative to their size.
    memory = streams.save()
    with torch.no_grad():
        state = stack(torch.from_numpy(x))[1]
    hidden, cells = state if cell == "lstm" else (state, None)
    np.testing.assert_allclose(memory["hidden"], hidden.numpy(), rtol=0, atol=1e-5)
    if cell == "lstm":
        np.testing.assert_allclose(memory["cell"], cells.numpy(), rtol=0, atol=1e-5)


def test_peepholes(instruction_set):
    """Gers 2000: input and forget gates see the old cell, the output gate the new one."""
    random = np.random.default_rng(0)
    units, steps = 21, 50
    sizes = {"weight_ih_l0": (84, 3), "weight_hh_l0": (84, 21), "bias_ih_l0": (84,)}
    sizes |= {"bias_hh_l0": (84,), "peepholes": (3, 21)}
    values = {n: random.normal(0, 0.4, s).astype(np.float32) for n, s in sizes.items()}
    head = random.normal(0, 0.4, (2, units)).astype(np.float32)
    weights = {f"layers.0.{name}": value for name, value in values.items()}
    weights |= {"output.weight": head, "output.bias": np.zeros(2, np.float32)}
    shape = EFFECT | {"hidden_size": units, "peepholes": True}
    x = signal(1, steps, 3)
    w = {name: value.astype(np.float64) for name, value in values.items()}
    h = c = np.zeros(units)
    reference = []
    for t in range(steps):
        gates = w["weight_ih_l0"] @ x[0, t] + w["weight_hh_l0"] @ h
        i, f, g, o = (gates + w["bias_ih_l0"] + w["bias_hh_l0"]).reshape(4, units)
        i, f = (sigmoid(a + p * c) for a, p in zip((i, f), w["peepholes"][:2], strict=True))
        c = f * c + i * np.tanh(g)
        h = sigmoid(o + w["peepholes"][2] * c) * np.tanh(c)
        reference.append(head @ h)
    streams = _core.RecurrentStreams(_core.Recurrent(shape, weights), batch=1, threads=1)
    np.testing.assert_allclose(streams.outputs(None, x)[0], reference, rtol=0, atol=1e-5)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("cell", MODULES)
def test_saturated_gates(cell, instruction_set):
    """Inputs that drive every gate far into saturation: limits, no overflow."""
    stack, head, model = make(cell=cell, hidden_size=5)
    x = signal(1, 60, 3) * 10.0 ** np.linspace(0, 6, 60, dtype=np.float32)[None, :, None]
    streams = _core.RecurrentStreams(model, batch=1, threads=1)
    found = streams.outputs(None, x)
    np.testing.assert_allclose(found, expected(stack, head, x), rtol=0, atol=2e-5)


@pytest.mark.parametrize(("precision", "tolerance"), [("bf16", 0.004), ("int8", 0.02)])
@pytest.mark.parametrize("cell", MODULES)
def test_low_precision(cell, precision, tolerance, instruction_set):
    stack, head, model = make(precision, cell=cell, hidden_size=70, layers=3)
    x = signal(5, 80, 3)
    streams = _core.RecurrentStreams(model, batch=5, threads=1)
    outputs = streams.outputs(None, x)
    assert np.abs(outputs - expected(stack, head, x)).max() < tolerance
    again = _core.RecurrentStreams(model, batch=5, threads=3)
    np.testing.assert_array_equal(one_by_one(again, x), outputs)


@pytest.mark.parametrize("cell", MODULES)
def test_same_bits_for_any_blocks_batches_and_threads(cell, instruction_set):
    _, _, model = make(cell=cell, hidden_size=33, layers=2)
    x = signal(7, 700, 3)
    whole = _core.RecurrentStreams(model, batch=7, threads=1).outputs(None, x)
    for threads in (2, 5):
        streams = _core.RecurrentStreams(model, batch=7, threads=threads)
        parts = [streams.outputs(None, x[:, a:b]) for a, b in ((0, 1), (1, 300), (300, 700))]
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
    for b in range(7):
        alone = _core.RecurrentStreams(model, batch=1, threads=1).outputs(None, x[b : b + 1])
        np.testing.assert_array_equal(alone[0], whole[b])


@pytest.mark.parametrize("cell", MODULES)
def test_state_is_saved_copied_and_restored(cell):
    _, _, model = make(cell=cell, hidden_size=19, layers=2)
    x = signal(3, 100, 3)
    streams = _core.RecurrentStreams(model, batch=3, threads=2)
    streams.outputs(None, x[:, :40])
    memory, fork = streams.save(), copy.copy(streams)
    rest = streams.outputs(None, x[:, 40:])
    np.testing.assert_array_equal(fork.outputs(None, x[:, 40:]), rest)
    other = _core.RecurrentStreams(model, batch=3, threads=1)
    other.restore(memory)
    assert other.time == 40 and memory["hidden"].shape == (2, 3, 19)
    np.testing.assert_array_equal(other.outputs(None, x[:, 40:]), rest)
    with pytest.raises(ValueError, match=r"'hidden' must have the shape \(2, 2, 19\)"):
        _core.RecurrentStreams(model, batch=2, threads=1).restore(memory)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.outputs(None, None), "shape"),
        (lambda s: s.outputs(None, signal(2, 4, 2)), r"\(2, 4, 3\), got \(2, 4, 2\)"),
        (lambda s: s.outputs(None, signal(1, 4, 3)), r"\(2, 4, 3\), got \(1, 4, 3\)"),
        (lambda s: s.score(None, signal(2, 4, 3)), "gives no likelihood"),
        (lambda s: s.generate(4, None, 0, 1.0, 0, 1.0), "needs covariates"),
        (lambda s: s.generate(4, signal(2, 4, 3), 0, -1.0, 0, 1.0), "temperature.*-1"),
        (lambda s: s.condition(0, np.zeros(2)), "must have 0 values, got 2"),
    ],
)
def test_bad_arguments(call, message):
    _, _, model = make()
    with pytest.raises(ValueError, match=message):
        call(_core.RecurrentStreams(model, batch=2, threads=1))


def test_bad_models():
    for change, message in [
        ({"cell": "mlp"}, "'mlp'"),
        ({"layers": 0}, "at least one layer"),
        ({"hidden_size": 9}, "has shape"),
        ({"covariates": 0}, "needs an input"),
    ]:
        weights = {"layers.0.weight_ih_l0": np.zeros((32, 3), np.float32)}
        with pytest.raises(ValueError, match=message):
            _core.Recurrent(EFFECT | change, weights)

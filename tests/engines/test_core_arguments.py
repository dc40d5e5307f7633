"""Arguments of the core that would lead out of its memory, or mean something else, are refused."""

import copy

import numpy as np
import pytest

import wavenet
from wavenet import _core, dtw
from wavenet.config.recurrent import RecurrentConfig
from wavenet.inference.recurrent import RecurrentGenerator
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.model_file import load_model

RANDOM = np.random.default_rng(0)


@pytest.fixture
def make_wavenet(speaking_model):
    """`make_wavenet(setting=value)`: the model of the core with settings of it changed."""
    config, tensors = load_model(speaking_model)

    def make(**changes) -> _core.WaveNet:
        local = vars(config.local) | {k: v for k, v in changes.items() if hasattr(config.local, k)}
        own = {k: v for k, v in changes.items() if hasattr(config, k)}
        settings = vars(config) | {"local": local, "levels": 256} | own
        values = np.linspace(-1, 1, 256).tolist()
        return _core.WaveNet(settings, tensors, silence=128, code_values=values)

    return make


@pytest.fixture
def make_recurrent(writing_model):
    config, tensors = load_model(writing_model)
    settings = vars(config) | {"classes": config.class_count}
    return lambda **changes: _core.Recurrent(settings | changes, tensors)


@pytest.mark.parametrize("name", ["activation", "padding", "upsampling", "input", "output"])
@pytest.mark.parametrize("value", ["nonsense", "", "Relu"])
def test_unknown_names_of_a_wavenet(make_wavenet, name, value):
    with pytest.raises(ValueError, match=f"{name} must be one of .*, got '{value}'"):
        make_wavenet(**{name: value})


@pytest.mark.parametrize("name", ["cell", "output"])
def test_unknown_names_of_a_recurrent_model(make_recurrent, name):
    with pytest.raises(ValueError, match=f"{name} must be one of .*, got 'nonsense'"):
        make_recurrent(**{name: "nonsense"})


@pytest.mark.parametrize(
    ("change", "message"),
    [({"layers": -1}, "'layers' cannot be -1"), ({"leak": "x"}, "'leak' cannot be 'x'"),
     ({"hidden_size": 2**64}, "'hidden_size' cannot be 18446744073709551616")],
)  # fmt: skip
def test_settings_of_another_type(make_recurrent, change, message):
    with pytest.raises(ValueError, match=message):
        make_recurrent(**change)


@pytest.mark.parametrize("window", [2**64 - 1, 2**64 - 2, 2**64 - 9, 2**63, 2**62, 2**80])
def test_windows_wider_than_the_sequences(window):
    X, Y = RANDOM.normal(size=(30, 3)), RANDOM.normal(size=(41, 3))
    cost, path = dtw(X, Y, window=window)
    expected_cost, expected_path = dtw(X, Y)
    assert cost == expected_cost
    np.testing.assert_array_equal(path, expected_path)
    if window < 2**64:
        assert _core.dtw(X, Y, "symmetric1", window, "euclidean")[0] == expected_cost


@pytest.mark.parametrize(
    ("hop", "offset"),
    [(2**63 - 1, 2**63 - 2), (2**62, 2**62 - 1), (7, 6), (7, 2**63 - 1), (1, 2**63 - 1)],
)
def test_offsets_of_filters(hop, offset):
    """One filter lasts for the first sample alone, or not even for it."""
    filters = {"taps": np.array([[1.0, 0.5]]), "knees": np.array([np.inf]), "cutoff": 0.0}
    place = {"hop": hop, "offset": offset, "state": np.zeros(5)}
    with pytest.raises(ValueError, match="there are 1 filters of"):
        _core.undo_noise_shaping(np.ones(2, np.float32), **filters, **place)
    if offset < hop:
        y, _ = _core.undo_noise_shaping(np.ones(1, np.float32), **filters, **place)
        assert y.tolist() == [1.0]


def test_frames_before_the_conditioning(make_wavenet):
    core = _core.WaveNetStreams(make_wavenet(), 2, 1)
    frames = np.zeros((3, 10), np.float32)
    with pytest.raises(ValueError, match="the stream has no conditioning yet"):
        core.append(1, frames, True)
    assert core.conditioned_samples == 0


def test_conditioned_anew_with_less_than_has_passed(make_wavenet):
    core = _core.WaveNetStreams(make_wavenet(), 1, 1)
    draws = {"seed": 0, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
    core.condition(0, 0, None, np.zeros((4, 10), np.float32), True)
    core.generate(core.conditioned_samples, **draws)
    core.condition(0, 0, None, np.zeros((1, 10), np.float32), True)
    assert 0 < core.conditioned_samples < core.time
    with pytest.raises(ValueError, match="lasts for 0 more samples; 1 are asked for"):
        core.generate(1, **draws)


def test_more_steps_than_any_memory_holds(plain_model, writing_model):
    """Their number of bytes would overflow."""
    draws = {"seed": 0, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
    for steps in (2**63 - 1, 2**64 - 1):
        with pytest.raises(ValueError, match="steps cannot be"):
            wavenet.load(plain_model).streams(batch=2).core.generate(steps, **draws)
        with pytest.raises(ValueError, match="steps cannot be"):
            wavenet.load(writing_model).streams(batch=2).core.generate(steps, None, **draws)


def memory_of(config: RecurrentConfig, **changes) -> tuple:
    tensors = {n: np.full(shape, 0.1, np.float32) for n, shape in config.tensor_shapes().items()}
    streams = RecurrentGenerator(config, tensors, threads=1).streams()
    streams.generate(3)
    return streams, streams.save() | changes


def test_a_memory_that_is_none():
    classes = RecurrentConfig(hidden_size=8, classes=3)
    for samples in ([[1e9]], [[7.0]], [[3.0]], [[0.5]], [[-2.0]], [[np.nan]], [[np.inf]]):
        streams, memory = memory_of(classes, samples=np.array(samples))
        with pytest.raises(ValueError, match=r"class .* is not|not finite"):
            streams.restore(memory)
    vectors = RecurrentConfig(hidden_size=8, output="gaussian", dimensions=2)
    for name, place in (("samples", (0, 1)), ("hidden", (1, 0, 7)), ("cell", (0, 0, 0))):
        streams, memory = memory_of(vectors)
        memory[name][place] = np.nan
        with pytest.raises(ValueError, match="not finite"):
            streams.restore(memory)
    streams, memory = memory_of(vectors)
    with pytest.raises(ValueError, match=r"'hidden' must have the shape \(2, 1, 8\)"):
        streams.restore(memory | {"hidden": memory["hidden"].reshape(1, 2, 8)})
    with pytest.raises(ValueError, match="'time' cannot be -1"):
        streams.restore(memory | {"time": -1})
    with pytest.raises(ValueError, match="'samples' is missing"):
        streams.restore({name: memory[name] for name in ("time", "hidden", "cell")})
    expected = copy.copy(streams).generate(5)
    streams.restore(memory)  # what was refused has changed nothing
    np.testing.assert_array_equal(streams.generate(5), expected)


def test_a_memory_before_the_first_sample(writing_model):
    streams = wavenet.load(writing_model).streams(seed=4)
    memory = streams.save()
    assert memory["samples"].tolist() == [[-1.0]]
    text = streams.generate(20)
    streams.restore(memory)
    assert streams.generate(20) == text


def misaligned(array: np.ndarray) -> np.ndarray:
    """The same values, one byte off what their type asks for."""
    memory = np.empty(array.nbytes + array.itemsize, np.uint8)
    start = 1 - memory.ctypes.data % array.itemsize
    view = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    view[...] = array
    assert not view.flags.aligned
    return view


def test_arrays_that_are_not_aligned(plain_model):
    """Their results are those of aligned ones; the sanitizers see that none is read as it is."""
    X, Y = RANDOM.normal(size=(20, 3)), RANDOM.normal(size=(25, 3))
    assert dtw(misaligned(X), misaligned(Y))[0] == dtw(X, Y)[0]
    means, variances = RANDOM.normal(size=(20, 4)), RANDOM.uniform(1, 2, (20, 4))
    windows = [[1.0], [-0.5, 0.0, 0.5]]
    np.testing.assert_array_equal(
        _core.mlpg(misaligned(means), misaligned(variances), windows),
        _core.mlpg(means, variances, windows),
    )
    weights, covariances = np.full(2, 0.5), np.stack([np.eye(3)] * 2)
    joint = [_core.mixture_log_joint(f(X), f(weights), f(Y[:2]), f(covariances), 1)
             for f in (np.array, misaligned)]  # fmt: skip
    np.testing.assert_array_equal(*joint)
    x, taps = RANDOM.normal(size=9).astype(np.float32), np.array([[1.0, 0.5]])
    knees, state = np.array([np.inf]), np.zeros(5)
    undone = [_core.undo_noise_shaping(f(x), f(taps), f(knees), 0.0, 9, 0, f(state))[0]
              for f in (np.array, misaligned)]  # fmt: skip
    np.testing.assert_array_equal(*undone)
    config, tensors = load_model(plain_model)
    codes = RANDOM.integers(0, 256, (1, 9)).astype(np.uint16)
    scores = []
    for f in (np.array, misaligned):
        generator = WaveNetGenerator(config, {name: f(value) for name, value in tensors.items()})
        scores.append(generator.streams().core.score(f(codes)))
    np.testing.assert_array_equal(*scores)

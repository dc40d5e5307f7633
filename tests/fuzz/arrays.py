"""Functions of arrays, public ones and those of the core, with arguments of any kind."""

import functools

import numpy as np
from values import INTEGERS, choose, odd_array, odd_scalar

import wavenet
from wavenet import _core
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.config.recurrent import RecurrentConfig
from wavenet.conversion.trajectory.global_variance import global_variance_objective
from wavenet.dsp.mlpg import trajectory_convert
from wavenet.inference.recurrent import RecurrentGenerator
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.metrics.forecasts import continuous_ranked_probability_score

WINDOWS = [[1.0], [-0.5, 0.0, 0.5]]
STREAMS = (RuntimeError, TypeError, ValueError, MemoryError)  # of the core, which is not public
PRIVATE = (TypeError, ValueError)


def zeros_of(config) -> dict[str, np.ndarray]:
    return {name: np.zeros(s, np.float32) for name, s in config.tensor_shapes().items()}


@functools.cache
def conditioned() -> WaveNetGenerator:
    config = WaveNetConfig(
        dilations=(1, 2), residual_channels=8, gate_channels=8, skip_channels=8,
        quantization_channels=8, speakers=("a", "b"), local=LocalConditioning(3, 4, layers=1),
    )  # fmt: skip
    return WaveNetGenerator(config, zeros_of(config), threads=1)


@functools.cache
def recurrent(output: str) -> RecurrentGenerator:
    classes = {"classes": 3} if output == "categorical" else {"output": output, "dimensions": 2}
    config = RecurrentConfig(hidden_size=5, layers=2, **classes)
    return RecurrentGenerator(config, zeros_of(config), threads=1)


def some(random, function, given: dict, *, likely: float = 0.4):
    """Calls the function with some of its arguments replaced."""
    arguments = dict(given)
    for name, value in given.items():
        if random.random() < likely:
            is_array = isinstance(value, np.ndarray | list)
            arguments[name] = odd_array(random, value) if is_array else odd_scalar(random)
    return function(**arguments)


def warp(random) -> None:
    X, Y = random.normal(size=(9, 3)), random.normal(size=(7, 3))
    given = {"X": X, "Y": Y, "step_pattern": "symmetric1", "window": choose(random, (None, 3)),
             "metric": "euclidean"}  # fmt: skip
    some(random, wavenet.dtw, given)
    window = choose(random, INTEGERS)
    if window >= 0:
        cost, path = wavenet.dtw(X, Y, window=window)
        assert np.isfinite(cost) and path[-1].tolist() == [8, 6] and (path >= 0).all()
        if 7 <= window < 2**64:
            assert cost == _core.dtw(X, Y, "symmetric1", window, "euclidean")[0]


def warp_costs(random) -> None:
    given = {"X": random.uniform(size=(6, 8)), "metric": "precomputed", "window": 4}
    some(random, wavenet.dtw, given)


def trajectories(random) -> None:
    means, variances = random.normal(size=(12, 4)), random.uniform(1, 2, (12, 4))
    y = some(random, wavenet.mlpg, {"means": means, "variances": variances, "windows": WINDOWS})
    assert np.isfinite(y).all()


def recursive_trajectories(random) -> None:
    given = {"windows": WINDOWS, "dimensions": 2, "delay": 2}
    if random.random() < 0.5:
        delay = choose(random, INTEGERS)
        wavenet.RecursiveMLPG(**given | {"delay": delay})
        return
    recursive = wavenet.RecursiveMLPG(**given)
    for _ in range(3):
        rows = int(random.integers(0, 9))
        arguments = {"means": random.normal(size=(rows, 4)), "variances": np.ones((rows, 4))}
        assert np.isfinite(some(random, recursive.process, arguments, likely=0.2)).all()
    recursive.flush()


def mixture_trajectories(random) -> None:
    posteriors = random.uniform(size=(9, 2))
    given = {"X": random.normal(size=(9, 3)), "windows": WINDOWS, "n_iterations": 1,
             "posteriors": posteriors / posteriors.sum(axis=1, keepdims=True),
             "slopes": random.normal(size=(2, 4, 3)), "biases": random.normal(size=(2, 4)),
             "variances": random.uniform(1, 2, (2, 4))}  # fmt: skip
    arguments = {name: value for name, value in given.items() if name != "n_iterations"}
    some(random, functools.partial(trajectory_convert, n_iterations=1), arguments, likely=0.2)


def global_variance(random) -> None:
    given = {"y": random.normal(size=(9, 2)), "means": random.normal(size=(9, 4)),
             "variances": random.uniform(1, 2, (9, 4)), "windows": WINDOWS,
             "target_mean": np.ones(2), "target_variance": np.ones(2)}  # fmt: skip
    some(random, global_variance_objective, given, likely=0.2)


def codes(random) -> None:
    y = some(random, wavenet.mulaw_encode, {"y": random.uniform(-1, 1, 9), "channels": 256})
    assert y.max() < 65536
    some(random, wavenet.mulaw_decode, {"codes": random.integers(0, 256, 9), "channels": 256})


def scores_of_forecasts(random) -> None:
    given = {"paths": random.normal(size=(5, 7)), "y": random.normal(size=7)}
    some(random, continuous_ranked_probability_score, given)


def mixtures(random) -> None:
    Z = random.normal(size=(60, 4))
    model = wavenet.JointDensityGMM(2, random_state=0)
    try:
        model.fit(odd_array(random, Z) if random.random() < 0.3 else Z)
        some(random, model.conditional, {"X": random.normal(size=(9, 2))})
    except TypeError as error:  # as scikit-learn has it
        if "must be a string or a real number" not in str(error):
            raise


def filters(random) -> None:
    given = {"x": random.normal(size=9).astype("f4"), "taps": np.ones((2, 3)), "state": np.zeros(6),
             "knees": np.ones(2), "cutoff": 0.01}  # fmt: skip
    huge = (2**62, 2**63 - 1, 2**63 - 2, 0, 1, 9)
    given |= {"hop": choose(random, huge), "offset": choose(random, huge)}
    try:
        some(random, _core.undo_noise_shaping, given, likely=0.2)
    except PRIVATE:
        pass


def core_streams(random) -> None:
    """Calls in any order, with arguments of any kind, between right ones."""
    core = _core.WaveNetStreams(conditioned()._model, 2, 1)
    frames = random.normal(size=(4, 3)).astype("f4")
    codes = random.integers(0, 8, (2, 3)).astype(np.uint16)
    draws = {"steps": 3, "seed": 1, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
    calls = {
        "condition": {"stream": 0, "speaker": 1, "global_vector": None, "features": frames,
                      "last": True},
        "append": {"stream": 1, "features": frames, "last": False},
        "generate": draws, "prime": {"codes": codes}, "score": {"codes": codes},
        "logits": {"codes": codes},
    }  # fmt: skip
    if random.random() < 0.7:
        for b in range(2):
            core.condition(b, 0, None, frames, random.random() < 0.5)
    for _ in range(6):
        name = choose(random, sorted(calls))
        given = calls[name]
        if name == "generate" and random.random() < 0.5:
            given = given | {"steps": choose(random, (0, 5, 16, 2**20))}
        try:
            found = some(random, getattr(core, name), given, likely=0.15)
        except STREAMS:
            continue
        if name == "generate":
            assert (found < 8).all()


def memories(random) -> None:
    output = choose(random, ("categorical", "gaussian"))
    streams = recurrent(output).streams(batch=2, seed=1)
    streams.generate(int(random.integers(1, 5)))
    memory = streams.save()
    name = choose(random, sorted(memory))
    odd = odd_scalar(random) if name == "time" else odd_array(random, memory[name])
    try:
        streams.restore(memory | {name: odd})
    except ValueError:
        streams.restore(memory)
    y = streams.generate(5)
    assert np.isfinite(y).all()


def samples(random) -> None:
    output = choose(random, ("categorical", "gaussian"))
    y = random.integers(0, 3, 6) if output == "categorical" else random.normal(size=(6, 2))
    recurrent(output).score(odd_array(random, y))


def conditions(random) -> None:
    given = {"condition": random.normal(size=(4, 3)), "speaker": "a", "batch": 1, "seed": 1,
             "temperature": 1.0, "top_k": 2, "top_p": 0.5, "prime": np.zeros(3)}  # fmt: skip
    names = [name for name in given if random.random() < 0.6 or name == "condition"]
    y = some(random, conditioned().generate, {name: given[name] for name in names}, likely=0.2)
    assert np.isfinite(y).all()


CASES = (
    warp, warp_costs, trajectories, recursive_trajectories, mixture_trajectories, global_variance,
    codes, scores_of_forecasts, mixtures, filters, core_streams, memories, samples, conditions,
)  # fmt: skip


def case(seed: int) -> None:
    random = np.random.default_rng([2, seed])
    _core.set_instruction_set(choose(random, _core.available_instruction_sets()))
    with np.errstate(all="ignore"):
        choose(random, CASES)(random)

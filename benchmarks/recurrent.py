"""Speed of recurrent models against torch and ONNX Runtime.

    python benchmarks/recurrent.py [--rounds 60] [--compile] [--json OUT]

One thread each, random weights, the same in all; calls take turns, the best time of each counts.

effect: LSTM of 40 units, one input, one output; 2,048 samples whose inputs are known.
2 x 256: LSTM, 128 samples whose inputs are known, beside numpy's product of a matrix and a
vector: of 1,024 x 256 as in a layer, and of half of it, which fits most second-level caches.
64 paths of 3 x 128: LSTM with Student-t output that feeds its samples back, 8 steps.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from machine import report

from wavenet.config.recurrent import RecurrentConfig
from wavenet.models import RecurrentModel

PATHS, PATH_STEPS = 64, 8
EFFECT = RecurrentConfig(layers=1, hidden_size=40, output="point", feedback=False, covariates=1)
DEEP = RecurrentConfig(layers=2, hidden_size=256, output="point", feedback=False, covariates=1)
FORECAST = RecurrentConfig(layers=3, hidden_size=128, output="student-t")


def best_times(functions: dict, rounds: int) -> dict[str, float]:
    """The least time of a call of each function [s]; they take turns."""
    times = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - started)
    return {name: min(values[1:]) for name, values in times.items()}


def make(config: RecurrentConfig) -> RecurrentModel:
    torch.manual_seed(0)
    return RecurrentModel(config).eval()


def onnx_session(model: RecurrentModel):
    """The model with its state as input and output, for ONNX Runtime; None without it."""
    try:
        import onnx
        import onnxruntime
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        return None
    units, layers = model.config.hidden_size, model.config.layers
    nodes, weights, states, last = [], [], [], []
    x = "x"
    for i, layer in enumerate(model.layers):

        def gates(value):  # from (input, forget, candidate, output) to (input, output, forget, ...)
            parts = np.split(value.detach().numpy(), 4)
            return np.concatenate([parts[k] for k in (0, 3, 1, 2)])[None]

        bias = np.concatenate([gates(layer.bias_ih_l0), gates(layer.bias_hh_l0)], axis=1)
        for name, value in (("W", gates(layer.weight_ih_l0)), ("R", gates(layer.weight_hh_l0))):
            weights.append(numpy_helper.from_array(value, f"{name}{i}"))
        weights.append(numpy_helper.from_array(bias, f"B{i}"))
        inputs = [x, f"W{i}", f"R{i}", f"B{i}", "", f"h{i}", f"c{i}"]
        outputs = [f"y{i}", f"h{i}_out", f"c{i}_out"]
        nodes.append(helper.make_node("LSTM", inputs, outputs, hidden_size=units))
        nodes.append(helper.make_node("Squeeze", [f"y{i}", "axes"], [f"z{i}"]))
        x = f"z{i}"
        states += [f"h{i}", f"c{i}"]
        last += outputs[1:]
    weights += [
        numpy_helper.from_array(np.array([1]), "axes"),
        numpy_helper.from_array(model.output.weight.detach().numpy().T.copy(), "M"),
        numpy_helper.from_array(model.output.bias.detach().numpy(), "b"),
    ]
    nodes.append(helper.make_node("MatMul", [x, "M"], ["m"]))
    nodes.append(helper.make_node("Add", ["m", "b"], ["out"]))
    values = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in [
            ("x", (None, None, model.config.input_size)),
            ("out", (None, None, model.config.output_size)),
        ]
        + [(name, (1, None, units)) for name in states + last]
    }
    graph = helper.make_graph(
        nodes, "model", [values[n] for n in ["x", *states]],
        [values[n] for n in ["out", *last]], weights,
    )  # fmt: skip
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        file.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )

    def run(x: np.ndarray, state: list | None) -> tuple[np.ndarray, list]:
        """`(T, B, inputs)` to `(T, B, outputs)`."""
        zeros = np.zeros((1, x.shape[1], units), np.float32)
        state = state or [zeros] * (2 * layers)
        out, *after = session.run(None, {"x": x} | dict(zip(states, state, strict=True)))
        return out, after

    return run


def known_inputs(config: RecurrentConfig, steps: int, rounds: int, compile_too: bool) -> dict:
    """Times of running over known inputs; outputs must agree."""
    model = make(config)
    x = np.random.default_rng(0).standard_normal((1, steps, 1)).astype(np.float32)
    covariates = torch.from_numpy(x)
    functions = {}
    for precision in ("float32", "bf16", "int8"):
        streams = model.to_generator(precision, threads=1).streams(condition=x[0])
        functions[f"engine {precision}"] = lambda s=streams.core: s.outputs(None, x)
    reference = functions["engine float32"]()

    def torch_run(m=model):
        with torch.inference_mode():
            return m(None, covariates)[0].numpy()

    functions["torch"] = torch_run
    np.testing.assert_allclose(reference, torch_run(), atol=1e-5)
    if compile_too:
        compiled = torch.compile(model)
        functions["torch.compile"] = lambda: torch_run(compiled)
    session = onnx_session(model)
    if session:
        functions["ONNX Runtime"] = lambda: session(x.transpose(1, 0, 2), None)
        expected = functions["ONNX Runtime"]()[0].transpose(1, 0, 2)
        np.testing.assert_allclose(reference, expected, atol=1e-5)
    return best_times(functions, rounds)


def student_t(outputs: torch.Tensor) -> torch.Tensor:
    mean, log_scale, raw = outputs.unbind(-1)
    degrees = 2 + torch.nn.functional.softplus(raw)
    return torch.distributions.StudentT(
        degrees, mean, log_scale.exp(), validate_args=False
    ).sample()


def paths(rounds: int, compile_too: bool) -> dict:
    """Times of drawing paths."""
    model = make(FORECAST)
    functions = {}
    for precision in ("float32", "bf16", "int8"):
        streams = model.to_generator(precision, threads=1).streams(batch=PATHS)
        functions[f"engine {precision}"] = lambda s=streams: s.generate(PATH_STEPS)

    @torch.inference_mode()
    def torch_run(m=model):
        y, state = torch.zeros(PATHS, 1, 1), None
        for _ in range(PATH_STEPS):
            outputs, state = m(y, None, None, state)
            y = student_t(outputs)[..., None]

    functions["torch"] = torch_run
    if compile_too:
        compiled = torch.compile(model)
        functions["torch.compile"] = lambda: torch_run(compiled)
    session = onnx_session(model)
    if session:

        def onnx_run():
            y, state = np.zeros((1, PATHS, 1), np.float32), None
            for _ in range(PATH_STEPS):
                outputs, state = session(y, state)
                y = student_t(torch.from_numpy(outputs))[..., None].numpy()

        functions["ONNX Runtime"] = onnx_run
    return best_times(functions, rounds)


def products_per_second(rows: int, rounds: int) -> float:
    """Multiplications per second of numpy's matrix-vector product of `rows` x 256."""
    matrix = np.random.default_rng(0).standard_normal((rows, 256)).astype(np.float32)
    vector, out = matrix[0].copy(), np.empty(rows, np.float32)

    def run():
        for _ in range(50):
            np.dot(matrix, vector, out=out)

    return 50 * matrix.size / best_times({"": run}, rounds)[""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--compile", action="store_true", help="torch.compile as well (minutes)")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rounds, results = arguments.rounds, {}
    cases = {
        "effect": (2048, known_inputs(EFFECT, 2048, rounds, arguments.compile)),
        "2 x 256": (128, known_inputs(DEEP, 128, rounds, arguments.compile)),
        "64 paths of 3 x 128": (PATHS * PATH_STEPS, paths(rounds, arguments.compile)),
    }
    for name, (steps, times) in cases.items():
        for implementation, seconds in times.items():
            results[f"{name}, {implementation} [steps/s]"] = steps / seconds
            results[f"{name}, {implementation}, times torch"] = times["torch"] / seconds
    weights = sum(np.prod(s) for n, s in DEEP.tensor_shapes().items() if "weight" in n)
    for precision in ("float32", "bf16", "int8"):
        rate = weights * results[f"2 x 256, engine {precision} [steps/s]"]
        results[f"2 x 256, engine {precision} [products/s]"] = float(rate)
    results["numpy, 1,024 x 256 by a vector [products/s]"] = products_per_second(1024, rounds)
    results["numpy, 512 x 256 by a vector [products/s]"] = products_per_second(512, rounds)
    report(results, arguments.json)


if __name__ == "__main__":
    main()

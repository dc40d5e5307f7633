"""A WaveNet one sample at a time in NumPy, torch, ONNX Runtime and wavenet_vocoder.

All but the last share the plan of a good hand-written step: the taps, the sample and the
conditioning of a block are one product, and so are its residual and skip outputs; the past of all
layers lies in one ring buffer outside, from which a step gets what its taps see and to which it
returns the layers' inputs.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from torch.nn import functional

from wavenet.models import WaveNet

# (input of the first block (C,), past (blocks, (taps - 1) * C), conditioning (channels,)) to
# (outputs, inputs of the blocks (blocks, C))
StepFunction = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass
class StepWeights:
    """Weights of a model, stacked for a step.

    Attributes
    ----------
    table, bias
        Of the first convolution: (taps, codes, C), or (taps, 1, C) for scalar input.
    taps
        For each block the weights (gate, taps * C + channels) and bias (gate,).
    outs
        For each block those of the residual and the skip 1x1, (C + skip, gate / 2) and
        (C + skip,); for the last one without the residual.
    head
        The same of the two last layers.
    """

    table: np.ndarray
    bias: np.ndarray
    taps: list[tuple[np.ndarray, np.ndarray]]
    outs: list[tuple[np.ndarray, np.ndarray]]
    head: list[tuple[np.ndarray, np.ndarray]]

    def __init__(self, model: WaveNet):
        values = {name: value.numpy().copy() for name, value in model.state_dict().items()}
        self.table = values["input.weight"].transpose(2, 1, 0).copy()
        self.bias = values["input.bias"]
        self.taps, self.outs = [], []
        for i in range(len(model.blocks)):
            block = f"blocks.{i}"
            dilated = values[f"{block}.dilated.weight"]
            parts = [dilated.transpose(0, 2, 1).reshape(len(dilated), -1)]
            if model.config.local:
                parts.append(values[f"{block}.local_projection.weight"][:, :, 0])
            weights = np.ascontiguousarray(np.concatenate(parts, axis=1))
            self.taps.append((weights, values[f"{block}.dilated.bias"]))
            outs = [f"{block}.{n}" for n in ("residual", "skip") if f"{block}.{n}.bias" in values]
            weights = np.concatenate([values[f"{name}.weight"][:, :, 0] for name in outs])
            self.outs.append((weights, np.concatenate([values[f"{n}.bias"] for n in outs])))
        self.head = [
            (np.ascontiguousarray(values[f"{name}.weight"][:, :, 0]), values[f"{name}.bias"])
            for name in ("hidden", "output")
        ]


class Stepper:
    """Generation with a step function.

    Parameters
    ----------
    model
        The model.
    function
        Its step.
    conditioning
        `(samples, channels)` at sample rate, used again from its start where it ends; or None.
    """

    def __init__(self, model: WaveNet, function: StepFunction, conditioning: np.ndarray | None):
        self.config = model.config
        self.weights = StepWeights(model)
        self.function = function
        none = np.zeros((1, 0), np.float32)
        self.conditioning = none if conditioning is None else conditioning
        dilations = np.array(self.config.dilations)
        older = np.arange(self.config.kernel_size - 1, 0, -1)
        self.delays = dilations[:, None] * older
        self.sizes = dilations[:, None] * (self.config.kernel_size - 1)
        self.starts = np.cumsum(self.sizes)[:, None] - self.sizes
        self.ring = np.zeros((self.sizes.sum(), self.config.residual_channels), np.float32)
        self.time = 0
        self.recent = [None] * len(self.weights.table)  # no sample yet
        self.random = np.random.default_rng(0)

    def teacher_forced(self, samples: list) -> np.ndarray:
        """Outputs `(n, output_channels)` behind each given sample: codes, or values."""
        return np.stack([self.outputs(sample) for sample in samples])

    def outputs(self, sample: int | float) -> np.ndarray:
        """Outputs for the sample after the given one."""
        self.recent = [*self.recent[1:], sample]
        h = self.weights.bias.copy()
        for table, known in zip(self.weights.table, self.recent, strict=True):
            if known is not None:
                h += table[0] * known if self.config.input == "scalar" else table[known]
        past = self.ring[self.starts + (self.time - self.delays) % self.sizes]
        row = self.conditioning[self.time % len(self.conditioning)]
        outputs, inputs = self.function(h, past.reshape(len(past), -1), row)
        self.ring[(self.starts + self.time % self.sizes)[:, 0]] = inputs
        self.time += 1
        return outputs

    def generate(self, count: int) -> None:
        """Draws samples."""
        sample = 0.0 if self.config.input == "scalar" else self.config.quantization_channels // 2
        for _ in range(count):
            sample = self._draw(self.outputs(sample))

    def _draw(self, outputs: np.ndarray) -> int | float:
        if self.config.output == "categorical":
            sums = np.exp(outputs - outputs.max()).cumsum()
            return int(sums.searchsorted(self.random.random() * sums[-1]))
        logits, means, log_scales = outputs.reshape(3, -1)
        k = int(np.argmax(logits + self.random.gumbel(size=len(logits))))
        value = means[k] + np.exp(log_scales[k]) * self.random.logistic()
        return float(np.round(np.clip(value, -1, 1) * 32768) / 32768)


def numpy_step(model: WaveNet) -> StepFunction:
    """With buffers in place, and one tanh for both halves: s(x) = (1 + tanh(x / 2)) / 2."""
    weights, size = StepWeights(model), model.config.residual_channels
    half = model.config.gate_channels // 2
    for matrix, bias in weights.taps:
        matrix[half:] *= 0.5
        bias[half:] *= 0.5
    begin = size * (model.config.kernel_size - 1)
    rows = np.empty((len(weights.taps), weights.taps[0][0].shape[1]), np.float32)
    layers = list(zip(rows, weights.taps, weights.outs, strict=True))
    gates, skips = np.empty(2 * half, np.float32), np.empty(model.config.skip_channels, np.float32)

    def step(h, past, row):
        rows[:, :begin] = past
        rows[:, begin + size :] = row
        skips[:] = 0
        for x, (matrix, bias), (out, out_bias) in layers:
            x[begin : begin + size] = h
            np.dot(matrix, x, out=gates)
            np.add(gates, bias, out=gates)
            np.tanh(gates, out=gates)
            z = gates[:half] * (gates[half:] + 1) * np.float32(0.5)
            y = np.dot(out, z) + out_bias
            np.add(skips, y[-len(skips) :], out=skips)
            if len(y) > len(skips):
                h = h + y[:size]
        x = skips
        for matrix, bias in weights.head:
            x = matrix @ np.maximum(x, 0) + bias
        return x, rows[:, begin : begin + size]

    return step


def torch_step(model: WaveNet, way: str = "eager") -> StepFunction:
    """In torch: "eager", "traced" (TorchScript) or "compiled" (torch.compile)."""
    weights, size = StepWeights(model), model.config.residual_channels
    skip_channels, last = model.config.skip_channels, len(weights.taps) - 1

    def tensors(pairs):
        return [tuple(map(torch.from_numpy, pair)) for pair in pairs]

    taps, outs, head = tensors(weights.taps), tensors(weights.outs), tensors(weights.head)

    def step(h, past, row):
        inputs, skips = [], torch.zeros(skip_channels)
        for i, ((matrix, bias), (out, out_bias)) in enumerate(zip(taps, outs, strict=True)):
            inputs.append(h)
            filtered, gated = torch.addmv(bias, matrix, torch.cat([past[i], h, row])).chunk(2)
            y = torch.addmv(out_bias, out, torch.tanh(filtered) * torch.sigmoid(gated))
            if i < last:
                h = h + y[:size]
            skips = skips + y[-skip_channels:]
        x = skips
        for matrix, bias in head:
            x = torch.addmv(bias, matrix, torch.relu(x))
        return x, torch.stack(inputs)

    columns = len(weights.taps[0][0][0]) - model.config.kernel_size * size
    shapes = (size,), (last + 1, (model.config.kernel_size - 1) * size), (columns,)
    if way == "traced":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            step = torch.jit.trace(step, [torch.zeros(s) for s in shapes])
    elif way == "compiled":
        step = torch.compile(step)

    def run(*arrays):
        with torch.inference_mode():
            outputs, inputs = step(*map(torch.from_numpy, arrays))
        return outputs.numpy(), inputs.numpy()

    return run


def onnx_step(model: WaveNet, folder: Path, precision: str = "float32") -> StepFunction:
    """In ONNX Runtime: "float32", or "int8" (quantized by its own tool, scales found as it runs).

    Raises ImportError without onnx and onnxruntime.
    """
    import onnx
    import onnxruntime

    path = folder / f"step-{precision}.onnx"
    onnx.save(_onnx_graph(model), path)
    if precision == "int8":
        from onnxruntime.quantization import quantize_dynamic

        exact, path = path, folder / "step-quantized.onnx"
        logging.disable(logging.WARNING)  # it warns of graphs that another tool has not seen
        quantize_dynamic(exact, path, op_types_to_quantize=["MatMul"])
        logging.disable(logging.NOTSET)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    conditioned = len(session.get_inputs()) == 3

    def run(h, past, row):
        feeds = {"h": h[None], "past": past}
        if conditioned:
            feeds["row"] = row[None]
        outputs, inputs = session.run(None, feeds)
        return outputs[0], inputs

    return run


def _onnx_graph(model: WaveNet):
    from onnx import TensorProto, checker, helper, numpy_helper

    weights, config = StepWeights(model), model.config
    size, skip, count = config.residual_channels, config.skip_channels, len(weights.taps)
    constants, nodes = [], []

    def constant(name, value):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind, inputs, *outputs, **attributes):
        nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs[0]

    def product(x, layer, name):
        y = node("MatMul", [x, constant(f"{name}.w", layer[0].T)], f"{name}.product")
        return node("Add", [y, constant(f"{name}.b", layer[1])], f"{name}.sum")

    row = ["row"] if config.local else []
    node("Split", ["past"], *(f"past.{i}" for i in range(count)), axis=0, num_outputs=count)
    parts = constant("parts", np.array([size, skip]))
    h, skips = "h", None
    inputs = []
    for i, (taps, out) in enumerate(zip(weights.taps, weights.outs, strict=True)):
        inputs.append(h)
        x = node("Concat", [f"past.{i}", h, *row], f"x.{i}", axis=1)
        node("Split", [product(x, taps, f"taps.{i}")], f"f.{i}", f"g.{i}", axis=1, num_outputs=2)
        filtered, gated = node("Tanh", [f"f.{i}"], f"t.{i}"), node("Sigmoid", [f"g.{i}"], f"s.{i}")
        y = product(node("Mul", [filtered, gated], f"z.{i}"), out, f"out.{i}")
        if i < count - 1:
            node("Split", [y, parts], f"r.{i}", f"k.{i}", axis=1)
            h, y = node("Add", [h, f"r.{i}"], f"h.{i}"), f"k.{i}"
        skips = y if skips is None else node("Add", [skips, y], f"skips.{i}")
    hidden = product(node("Relu", [skips], "positive"), weights.head[0], "hidden")
    outputs = product(node("Relu", [hidden], "positive.hidden"), weights.head[1], "output")
    node("Concat", inputs, "inputs", axis=0)
    shapes = {"h": (1, size), "past": (count, (config.kernel_size - 1) * size)}
    if config.local:
        shapes["row"] = (1, config.local.output_channels)
    results = {outputs: (1, config.output_channels), "inputs": (count, size)}

    def infos(shapes):
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]

    graph = helper.make_graph(nodes, "step", infos(shapes), infos(results), constants)
    opset = helper.make_opsetid("", 18)
    file = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    checker.check_model(file)
    return file


class Vocoder:
    """The package wavenet_vocoder, with the weights of a model; its first layer has one tap.

    Raises ImportError without it.
    """

    def __init__(self, model: WaveNet, conditioning: np.ndarray | None):
        from wavenet_vocoder import WaveNet as VocoderNet

        config = self.config = model.config
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its weight normalization is deprecated
            self.network = VocoderNet(
                out_channels=config.output_channels,
                layers=len(config.dilations),
                stacks=config.dilations.count(1),
                residual_channels=config.residual_channels,
                gate_channels=config.gate_channels,
                skip_out_channels=config.skip_channels,
                kernel_size=config.kernel_size,
                dropout=0,
                cin_channels=config.local.output_channels if config.local else -1,
                weight_normalization=False,
                scalar_input=config.input == "scalar",
                legacy=False,
            ).eval()
            self.network.make_generation_fast_()
        self.conditioning = None
        if conditioning is not None:
            self.conditioning = torch.from_numpy(conditioning.T[None].copy())
        with torch.no_grad():
            self._take_weights(model)

    def generate(self, count: int) -> None:
        """Draws samples."""
        part = None if self.conditioning is None else self.conditioning[:, :, :count]
        with torch.inference_mode():
            self.network.incremental_forward(c=part, T=count)

    def teacher_forced(self, samples: list) -> np.ndarray:
        """Outputs `(n, output_channels)` behind each given sample: codes, or values."""
        inputs, count = torch.tensor(samples, dtype=torch.float32)[None, None], len(samples)
        if self.config.input != "scalar":
            inputs = functional.one_hot(inputs[0].long(), self.config.output_channels).mT.float()
        part = None if self.conditioning is None else self.conditioning[:, :, :count]
        draw = "wavenet_vocoder.wavenet.sample_from_discretized_mix_logistic"
        with torch.inference_mode(), mock.patch(draw, lambda y, **_: y):  # keep what it draws from
            outputs = self.network.incremental_forward(
                c=part, T=count, test_inputs=inputs, softmax=False, quantize=False
            )
        return outputs.reshape(self.config.output_channels, count).numpy().T

    def _take_weights(self, model: WaveNet) -> None:
        """It halves the power of the residual in each block: here in the weights instead."""
        network, scale = self.network, 1.0
        network.first_conv.weight.copy_(model.input.weight[:, :, -1:])
        network.first_conv.bias.copy_(model.input.bias)
        for peer, block in zip(network.conv_layers, model.blocks, strict=True):
            pairs = [(peer.conv, block.dilated), (peer.conv1x1_skip, block.skip)]
            if block.residual is not None:
                pairs.append((peer.conv1x1_out, block.residual))
            for theirs, ours in pairs:
                theirs.weight.copy_(ours.weight)
                theirs.bias.copy_(ours.bias)
            peer.conv.weight /= scale
            peer.conv1x1_out.weight *= scale
            peer.conv1x1_out.bias *= scale
            if block.local_projection is not None:
                peer.conv1x1c.weight.copy_(block.local_projection.weight)
                peer.conv1x1c.bias.zero_()
            scale *= 0.5**0.5
        for theirs, ours in ((1, model.hidden), (3, model.output)):
            network.last_conv_layers[theirs].weight.copy_(ours.weight)
            network.last_conv_layers[theirs].bias.copy_(ours.bias)

"""Speed of sample-by-sample generation against torch with cached convolutions.

    python benchmarks/generation.py [--models W32 W64] [--seconds 3] [--json OUT]

One thread, random weights, each precision and instruction set of this machine, whole generation
with sampling. W32 and W64: 20 blocks (twice 1, 2, ..., 512), kernel 2, 32 or 64 residual, 64 or 128
gate and 128 skip channels, softmax over 256.
"""

import argparse
import tempfile
import time
from collections import deque
from pathlib import Path

import numpy as np
import torch
from machine import report
from torch.nn import functional

import wavenet
from wavenet import _core
from wavenet.config import WaveNetConfig
from wavenet.models import WaveNet
from wavenet.quantization import Recording, quantize
from wavenet.verification import example_conditioning

MODELS = {
    "W32": WaveNetConfig(residual_channels=32, gate_channels=64, skip_channels=128),
    "W64": WaveNetConfig(residual_channels=64, gate_channels=128, skip_channels=128),
}


class CachedTorch:
    """Generation in torch that keeps the past of each convolution, one product a tap and step."""

    def __init__(self, model: WaveNet):
        self.table = model.input.weight.permute(2, 1, 0).contiguous()
        self.input_bias = model.input.bias
        self.blocks = []
        for block in model.blocks:
            size = model.config.residual_channels
            past = deque([torch.zeros(size)] * block.dilated.dilation[0])
            taps = [block.dilated.weight[:, :, k].contiguous() for k in range(2)]
            self.blocks.append((block, past, taps))
        self.model = model
        self.codes = [128, 128]

    @torch.inference_mode()
    def step(self) -> int:
        h = self.table[0, self.codes[0]] + self.table[1, self.codes[1]] + self.input_bias
        skips = 0
        for block, past, (older, newer) in self.blocks:
            activation = torch.addmv(block.dilated.bias, older, past.popleft())
            activation = torch.addmv(activation, newer, h)
            past.append(h)
            filtered, gated = activation.chunk(2)
            z = torch.tanh(filtered) * torch.sigmoid(gated)
            skips = skips + functional.linear(z, block.skip.weight[:, :, 0], block.skip.bias)
            if block.residual is not None:
                h = h + functional.linear(z, block.residual.weight[:, :, 0], block.residual.bias)
        hidden = self.model.hidden
        x = functional.linear(functional.relu(skips), hidden.weight[:, :, 0], hidden.bias)
        output = self.model.output
        logits = functional.linear(functional.relu(x), output.weight[:, :, 0], output.bias)
        code = int(torch.multinomial(torch.softmax(logits, 0), 1))
        self.codes = [self.codes[1], code]
        return code


def rate(function, samples_per_call: int, seconds: float) -> float:
    """Samples per second: the median over calls during `seconds`."""
    function()
    rates = []
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(rates) < 3:
        started = time.perf_counter()
        function()
        rates.append(samples_per_call / (time.perf_counter() - started))
    return float(np.median(rates))


def save_precisions(model: WaveNet, folder: Path) -> dict[str, Path]:
    """The model in each precision; the one of 8 bits is calibrated on sound of its own."""
    exact, small = folder / "float32", folder / "int8"
    model.save_pretrained(exact)
    generator = wavenet.load(exact)
    conditioning = example_conditioning(generator, 4000)
    sound = generator.generate(4000, **conditioning)
    quantize(exact, small, "int8", [Recording(sound, conditioning)])
    return {"float32": exact, "bf16": exact, "int8": small}


def measure(generator: wavenet.Generator, seconds: float) -> dict[str, float]:
    """Samples per second of one stream, of 32 together, and of scoring."""
    one, many = generator.streams(), generator.streams(batch=32)
    audio = np.random.default_rng(0).uniform(-1, 1, 8192)
    return {
        "one stream": rate(lambda: one.generate(1024), 1024, seconds),
        "32 streams together": rate(lambda: many.generate(64), 64 * 32, seconds),
        "scoring": rate(lambda: generator.score(audio), 8192, seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = {}
    for name in arguments.models:
        torch.manual_seed(0)
        model = WaveNet(MODELS[name]).eval()
        cached = CachedTorch(model)
        torch_rate = rate(lambda c=cached: [c.step() for _ in range(100)], 100, arguments.seconds)
        results[f"{name} torch, cached convolutions [samples/s]"] = torch_rate
        with tempfile.TemporaryDirectory() as folder:
            paths = save_precisions(model, Path(folder))
            for instruction_set in _core.available_instruction_sets():
                _core.set_instruction_set(instruction_set)
                for precision, path in paths.items():
                    generator = wavenet.load(path, precision, threads=1)
                    rates = measure(generator, arguments.seconds)
                    prefix = f"{name} {instruction_set} {precision}"
                    results |= {f"{prefix}, {what} [samples/s]": r for what, r in rates.items()}
                    results[f"{prefix}, times as fast as torch"] = rates["one stream"] / torch_rate
    report(results, arguments.json)


if __name__ == "__main__":
    main()

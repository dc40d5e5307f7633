"""Speed of generation, scoring and priming, beside other ways to run the same networks.

    python benchmarks/generation.py [--models W32 W64 R128] [--rounds 20] [--json OUT] [--plot OUT]

W32, W64 and R128 (see reference_models.py) have random weights, the same in all; outputs are held
against the engine's before anything is timed. All calls of a model take turns and the best time of
each counts. One thread each, but for "2 threads". Sampling is included.

Peers, where they are installed (the extra `benchmark`): NumPy, torch, TorchScript and ONNX Runtime
with hand-written steps, wavenet_vocoder's own generation; `--compile` adds torch.compile (minutes).
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from generation_report import markdown, plot
from machine import describe_machine, interleaved, report
from reference_models import reference_config, reference_names
from step_models import Stepper, Vocoder, numpy_step, onnx_step, torch_step
from threadpoolctl import threadpool_limits

import wavenet
from wavenet import _core
from wavenet.compression.quantization import Recording, quantize
from wavenet.evaluation.verification import example_conditioning
from wavenet.models import WaveNet

PRECISIONS = ("float32", "bf16", "int8")
PROMPT = 10.0  # [s]
CALL = 0.05  # [s], about
CHECKED = 64  # samples
CONDITIONED = 20_000  # samples of conditioning, which peers use again and again


def make_model(name: str) -> WaveNet:
    """Random weights; but one input tap, since wavenet_vocoder has no second one."""
    torch.manual_seed(0)
    model = WaveNet(reference_config(name)).eval().requires_grad_(False)
    model.input.weight[:, :, :-1] = 0
    return model


def save_precisions(model: WaveNet, folder: Path) -> dict[str, Path]:
    """The model in each precision; the one of 8 bits is calibrated on sound of its own."""
    exact, small = folder / "float32", folder / "int8"
    model.save_pretrained(exact)
    generator = wavenet.load(exact)
    conditioning = example_conditioning(generator, 4000)
    sound = generator.generate(4000, **conditioning)
    quantize(exact, small, "int8", [Recording(sound, conditioning)])
    return {"float32": exact, "bf16": exact, "int8": small}


class Endless:
    """Streams that start again where their conditioning ends."""

    def __init__(self, generator: wavenet.WaveNetGenerator, batch: int = 1):
        self.make = lambda: generator.streams(
            batch=batch, **example_conditioning(generator, CONDITIONED)
        )
        self.streams = self.make()

    def generate(self, count: int) -> None:
        """Draws samples."""
        if self.streams.core.time + count > CONDITIONED:
            self.streams = self.make()
        self.streams.generate(count)


def engine_calls(path: Path, precision: str) -> dict[str, tuple[Callable, float]]:
    """What is measured of the engine, with the guess of samples per second that sets its length."""
    one = wavenet.load(path, precision, threads=1)
    two = wavenet.load(path, precision, threads=2)
    prompt = np.random.default_rng(0).uniform(-1, 1, int(PROMPT * one.sample_rate))
    given = example_conditioning(one, len(prompt))

    def score(count: int) -> None:
        one.score(prompt[:count], **given)

    def prime(_: int) -> None:
        one.streams(**given).prime(prompt)

    return {
        "one stream": Endless(one).generate,
        "one stream, 2 threads": Endless(two).generate,
        "32 streams": Endless(one, 32).generate,
        "32 streams, 2 threads": Endless(two, 32).generate,
        "scoring": score,
        f"prompt of {PROMPT:.0f} s": prime,
    }


def peers(model: WaveNet, folder: Path, compile_too: bool) -> dict:
    """The peers that are installed."""
    conditioning = None
    if model.config.local:
        frames = example_conditioning(model.to_generator(threads=1), CONDITIONED)["condition"]
        features = torch.from_numpy(frames.T[None].astype(np.float32))
        samples = model.condition.upsample(model.condition.frames(features, None))
        conditioning = samples[0].T.contiguous().numpy()
    ways = {
        "NumPy": lambda: Stepper(model, numpy_step(model), conditioning),
        "torch": lambda: Stepper(model, torch_step(model), conditioning),
        "TorchScript": lambda: Stepper(model, torch_step(model, "traced"), conditioning),
        "ONNX Runtime float32": lambda: Stepper(model, onnx_step(model, folder), conditioning),
        "ONNX Runtime int8": lambda: Stepper(model, onnx_step(model, folder, "int8"), conditioning),
        "wavenet_vocoder": lambda: Vocoder(model, conditioning),
    }
    if compile_too:
        ways["torch.compile"] = lambda: Stepper(model, torch_step(model, "compiled"), conditioning)
    found = {}
    for name, make in ways.items():
        try:
            found[name] = make()
        except ImportError as error:
            print(f"{name} is not measured: {error}")
    return found


def check(model: WaveNet, found: dict) -> None:
    """Raises AssertionError where the outputs of a peer are not the engine's."""
    generator = model.to_generator(threads=1)
    y = np.random.default_rng(0).uniform(-1, 1, CHECKED)
    expected = generator.outputs(y, **example_conditioning(generator, CONDITIONED))
    codes = generator.codes(y)[:-1].tolist()
    samples = [model.config.quantization_channels // 2, *codes]
    if model.config.input == "scalar":
        samples = [0.0, *((code - 32768) / 32768 for code in codes)]
    scale = np.abs(expected).max()
    for name, peer in found.items():
        allowed = 0.05 if "int8" in name else 1e-4
        error = np.abs(peer.teacher_forced(samples) - expected).max() / scale
        assert error < allowed, f"{name}: outputs differ by {error:.2g} of the largest"


def measure(name: str, sets: list[str], arguments: argparse.Namespace) -> dict[str, dict]:
    """Samples per second by implementation and what is measured (seconds, for the prompt)."""
    model = make_model(name)
    calls, counts = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        found = peers(model, Path(folder), arguments.compile)
        check(model, found)
        for peer, stepper in found.items():
            calls[peer, "one stream"] = stepper.generate
        paths = save_precisions(model, Path(folder))
        for instruction_set in sets:
            _core.set_instruction_set(instruction_set)
            for precision in arguments.precisions:
                implementation = f"engine {precision}"
                if len(sets) > 1:
                    implementation += f" {instruction_set}"
                for what, call in engine_calls(paths[precision], precision).items():
                    calls[implementation, what] = call
    counts = {key: steps_per_call(key[1], call) for key, call in calls.items()}
    times = interleaved(
        {key: lambda c=call, n=counts[key]: c(n) for key, call in calls.items()}, arguments.rounds
    )
    rates: dict[str, dict] = {}
    for (implementation, what), seconds in times.items():
        samples = counts[implementation, what] * (32 if what.startswith("32") else 1)
        value = seconds if what.startswith("prompt") else samples / seconds
        rates.setdefault(implementation, {})[what] = value
    return rates


def steps_per_call(what: str, call: Callable) -> int:
    """Steps that take about CALL seconds."""
    if what.startswith("prompt"):
        return 1
    first = 64
    seconds = interleaved({"": lambda: call(first)}, 2)[""]
    return int(np.clip(first * CALL / seconds, 16, 4096))


def flat(name: str, rates: dict[str, dict]) -> dict[str, float]:
    """The figures under names that say what they are."""
    figures = {}
    for implementation, values in rates.items():
        prefix = f"{name}, {implementation}"
        rate = reference_config(name).sample_rate
        for what, value in values.items():
            unit = "s" if what.startswith("prompt") else "samples/s"
            figures[f"{prefix}, {what} [{unit}]"] = value
        if "scoring" in values:
            two = values["32 streams, 2 threads"] / values["32 streams"]
            half = 0.5 * rate / values["one stream"]
            prompt = values[f"prompt of {PROMPT:.0f} s"]
            figures[f"{prefix}, 2 threads over 1 for 32 streams"] = two
            figures[f"{prefix}, prompt over generation of 0.5 s"] = prompt / half
            for peer, others in rates.items():
                if "scoring" not in others:
                    figures[f"{prefix}, times {peer}"] = values["one stream"] / others["one stream"]
        figures[f"{prefix}, times real time"] = values["one stream"] / rate
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=reference_names(), default=reference_names())
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    available = _core.available_instruction_sets()
    parser.add_argument(
        "--instruction-sets", nargs="+", choices=available, default=[_core.instruction_set()]
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--compile", action="store_true", help="torch.compile as well (minutes)")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results, rates = {"instruction sets": ", ".join(arguments.instruction_sets)}, {}
    with threadpool_limits(1):
        for name in arguments.models:
            rates[name] = measure(name, arguments.instruction_sets, arguments)
            results |= flat(name, rates[name])
    report(results, arguments.json)
    print(markdown(rates))
    if arguments.plot:
        plot(rates, arguments.plot, describe_machine())


if __name__ == "__main__":
    main()

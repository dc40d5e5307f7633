"""Samples per second of training, beside the package wavenet_vocoder, and share of peak FLOP/s.

    python benchmarks/train_throughput.py [--models W64 R128] [--device cpu] [--threads 1]
        [--batch 2] [--samples 8000] [--rounds 3] [--compile] [--json OUT]

A step is forward, loss, backward and AdamW, of a model of the same size on the same batch. Both
sides have the same loss. wavenet_vocoder 0.1.1 comes with the extra test; its conditioning is given
at sample rate, which costs it nothing here. FLOPs are those of the products that the architecture
needs (3 x 2 for each weight and sample; a one-hot input is a look-up); the peak is the best matrix
product of this device in the same run. On one thread of a CPU, times are those of the processor,
so that other programs change them little.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch
from machine import report
from reference_models import reference_config, reference_names
from torch.nn import functional

from wavenet.config import WaveNetConfig
from wavenet.config.wavenet import PCM_LEVELS
from wavenet.models import WaveNet
from wavenet.models.losses import wavenet_nll

_GEMM = 2048


def clock(device: torch.device) -> float:
    """Time of this process [s]: of the processor for one thread, else of the clock."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    one = device.type == "cpu" and torch.get_num_threads() == 1
    return time.process_time() if one else time.perf_counter()


def measure(calls: dict[str, Callable[[], object]], device: torch.device, rounds: int) -> dict:
    """Least time of each call [s]; they take turns."""
    least = dict.fromkeys(calls, float("inf"))
    for round_ in range(rounds + 1):  # the first one warms up
        for name, call in calls.items():
            started = clock(device)
            call()
            if round_:
                least[name] = min(least[name], clock(device) - started)
    return least


def products_per_sample(config: WaveNetConfig) -> int:
    """Multiplications of the blocks and the head in a forward pass."""
    half = config.gate_channels // 2
    block = config.kernel_size * config.residual_channels * config.gate_channels
    block += half * (config.residual_channels + config.skip_channels)
    head = config.skip_channels * (config.skip_channels + config.output_channels)
    return len(config.dilations) * block + head


def peak(device: torch.device, rounds: int) -> dict[str, float]:
    """FLOP/s of a large product in each type."""
    calls = {}
    for name, dtype in (("float32", torch.float32), ("bf16", torch.bfloat16)):
        a, b = (torch.randn(_GEMM, _GEMM, device=device).to(dtype) for _ in range(2))
        calls[name] = lambda a=a, b=b: a @ b
    return {name: 2 * _GEMM**3 / s for name, s in measure(calls, device, rounds).items()}


class Ours:
    """One step of our module."""

    def __init__(self, config: WaveNetConfig, batch: dict, device: torch.device):
        self.config, self.batch = config, batch
        self.model = WaveNet(config).to(device)
        self.forward = self.model

    def outputs(self) -> torch.Tensor:
        """`(B, channels, T)`."""
        return self.forward(self.batch["inputs"], features=self.batch["frames"])


class Peer:
    """One step of wavenet_vocoder's module."""

    def __init__(self, config: WaveNetConfig, batch: dict, device: torch.device):
        from wavenet_vocoder import WaveNet as PeerWaveNet

        stacks = config.dilations.count(1)
        scalar = config.input == "scalar"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of weight_norm's new place
            self.model = PeerWaveNet(
                out_channels=config.output_channels, layers=len(config.dilations), stacks=stacks,
                residual_channels=config.residual_channels, gate_channels=config.gate_channels,
                skip_out_channels=config.skip_channels, kernel_size=config.kernel_size,
                dropout=0.0, cin_channels=config.local.channels if config.local else -1,
                scalar_input=scalar,
            ).to(device)  # fmt: skip
        x = batch["inputs"]
        if scalar:
            self.x = x[:, None]
        else:
            codes = config.quantization_channels
            self.x = functional.one_hot(x, codes).float().transpose(1, 2).contiguous()
        frames = batch["frames"]
        self.c = None
        if frames is not None:
            hop = config.local.hop_length
            self.c = frames.repeat_interleave(hop, dim=2)[:, :, : x.shape[1]].contiguous()

    def outputs(self) -> torch.Tensor:
        """`(B, channels, T)`."""
        return self.model(self.x, self.c)


def step(side: Ours | Peer, config: WaveNetConfig, targets, optimizer, autocast) -> None:
    """Forward, loss, backward, update."""
    optimizer.zero_grad(set_to_none=True)
    with autocast():
        outputs = side.outputs()
    wavenet_nll(outputs.float(), targets, config).mean().backward()
    optimizer.step()


def make_batch(config: WaveNetConfig, size: int, length: int, device: torch.device) -> dict:
    """Random inputs, targets and frames."""
    levels = PCM_LEVELS if config.input == "scalar" else config.quantization_channels
    codes = torch.randint(0, levels, (size, length + 1), device=device)
    inputs = codes[:, :-1]
    if config.input == "scalar":
        inputs = inputs / (levels / 2) - 1
    frames = None
    if config.local:
        count = -(-length // config.local.hop_length)
        frames = torch.randn(size, config.local.channels, count, device=device)
    return {"inputs": inputs.contiguous(), "targets": codes[:, 1:].contiguous(), "frames": frames}


def run_model(name: str, arguments: argparse.Namespace, device: torch.device) -> dict:
    """Figures of one model."""
    config = reference_config(name)
    batch = make_batch(config, arguments.batch, arguments.samples, device)
    sides = {"ours": Ours, "wavenet_vocoder": Peer}
    calls = {}
    for precision in ("float32", "bf16"):
        autocast = nullcontext
        if precision == "bf16":
            autocast = lambda: torch.autocast(device.type, torch.bfloat16)  # noqa: E731
        for side_name, make in sides.items():
            side = make(config, batch, device)
            if arguments.compile and make is Ours:
                side.forward = torch.compile(side.model)
            optimizer = torch.optim.AdamW(side.model.parameters())
            calls[f"{side_name} {precision}"] = lambda s=side, o=optimizer, a=autocast: step(
                s, config, batch["targets"], o, a
            )
    seconds = measure(calls, device, arguments.rounds)
    samples = arguments.batch * arguments.samples
    flops = 6 * products_per_sample(config) * samples
    figures = {}
    for call, value in seconds.items():
        figures[f"{name} {call} [samples/s]"] = samples / value
        figures[f"{name} {call} [FLOP/s]"] = flops / value
    theirs = seconds["wavenet_vocoder float32"]
    figures[f"{name} ours over wavenet_vocoder, float32"] = theirs / seconds["ours float32"]
    best = min(seconds["ours float32"], seconds["ours bf16"])
    figures[f"{name} ours at its best over wavenet_vocoder float32"] = theirs / best
    ratio = seconds["wavenet_vocoder bf16"] / seconds["ours bf16"]
    figures[f"{name} ours over wavenet_vocoder, bf16"] = ratio
    return figures


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=reference_names(), default=["W64", "R128"])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--samples", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compile", action="store_true", help="torch.compile ours (minutes)")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    warnings.filterwarnings("ignore", "Using a non-full backward hook", FutureWarning)
    device = torch.device(arguments.device)
    results: dict = {"device": device.type, "threads": arguments.threads}
    if device.type == "cuda":
        results["device"] = torch.cuda.get_device_name(device)
    highest = peak(device, arguments.rounds)
    results |= {f"peak {name} [FLOP/s]": value for name, value in highest.items()}
    for name in arguments.models:
        figures = run_model(name, arguments, device)
        for precision, most in highest.items():
            share = figures[f"{name} ours {precision} [FLOP/s]"] / most
            figures[f"{name} ours {precision}, share of the peak"] = share
        results |= figures
    report(results, arguments.json)


if __name__ == "__main__":
    main()

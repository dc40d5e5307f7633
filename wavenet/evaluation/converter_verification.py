"""Checks of a voice converter's model file."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from wavenet.conversion.converter import VoiceConverter


def verify_converter(path: str | os.PathLike) -> Iterator[tuple[str, bool, str]]:
    """Yields name, result and finding of each check; see `evaluation.verification.verify`."""
    converter = VoiceConverter.load(path)
    config = converter.config_
    count = sum(int(np.prod(shape)) for shape in config.tensor_shapes().values())
    yield "weights", True, f"{count:,} parameters, all there and finite"
    rate = config.sample_rate
    y = _voice(rate, np.exp(config.source.log_f0_mean))
    for method in ("mlpg+gv", "differential"):
        out = converter.convert(y, rate, method=method)
        level = 20 * np.log10(np.sqrt((out**2).mean() / (y**2).mean()))
        passed = len(out) == len(y) and bool(np.isfinite(out).all()) and abs(level) < 20
        yield f"conversion, {method}", passed, f"power changes by {level:.1f} dB"
    outputs = []
    for block in (160, len(y)):
        stream = converter.stream(rate)
        parts = [stream.process(y[i : i + block]) for i in range(0, len(y), block)]
        outputs.append(np.concatenate([*parts, stream.flush()]))
    difference = float(np.abs(outputs[0] - outputs[1]).max())
    detail = f"latency {1000 * stream.latency:.0f} ms; blocks differ by {difference:.1e} at most"
    yield "stream", difference < 1e-4, detail


def _voice(rate: int, f0: float) -> np.ndarray:
    """A vowel-like sound: harmonics of `f0` [Hz] that fall by 6 dB an octave.

    It lasts for 0.8 s, less than a stream takes to find that it is not the source speaker.
    """
    time = np.arange(round(0.8 * rate)) / rate
    harmonics = np.arange(1, int(0.45 * rate / f0))
    phases = 2 * np.pi * f0 * time[:, None] * harmonics
    y = (np.sin(phases) / harmonics).sum(axis=1) * (1 + 0.3 * np.sin(2 * np.pi * 3 * time))
    return 0.3 * y / np.abs(y).max()

"""`wavenet score`: how well a model predicts recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def score(
    files: Annotated[list[Path], typer.Argument(help="Audio files.")],
    model: Annotated[
        str, typer.Option(help="Model folder, file, or name of a shipped model.")
    ] = "digits",
    text: Annotated[str | None, typer.Option(help="Symbols, spread evenly over each file.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Name of the speaker.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the bits per sample that a model needs for each file, and their mean.

    wavenet score take.wav --text 7 --speaker theo
    """
    from wavenet.audio import read_audio
    from wavenet.generator import load

    generator = load(model)
    results, nats, samples = {}, 0.0, 0
    for file in files:
        y, _ = read_audio(file, generator.sample_rate)
        conditioning = {}
        if generator.config.features or text is not None:
            conditioning["condition"] = generator.condition_from_spans(
                _spread(text or "", len(y) / generator.sample_rate), len(y)
            )
        result = generator.score(y, speaker=speaker, **conditioning)
        results[str(file)] = result.bits_per_sample
        nats += result.bits_per_sample * len(y)
        samples += len(y)
    if as_json:
        print(json.dumps({"files": results, "mean": nats / samples}))
        return
    for name, bits in results.items():
        print(f"{bits:.4f} bits per sample  {name}")
    if len(results) > 1:
        print(f"{nats / samples:.4f} bits per sample over all samples")


def _spread(text: str, seconds: float) -> list[tuple[str, float, float]]:
    symbols = text.split()
    step = seconds / max(1, len(symbols))
    return [(symbol, i * step, (i + 1) * step) for i, symbol in enumerate(symbols)]

"""`wavenet score`: how well a model predicts recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def score(
    files: Annotated[list[Path], typer.Argument(help="Audio files, or text for such a model.")],
    model: Annotated[
        str, typer.Option(help="Model folder, file, or name of a shipped model.")
    ] = "digits",
    text: Annotated[str | None, typer.Option(help="Symbols, spread evenly over each file.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Name of the speaker.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the bits per sample that a model needs for each file, and their mean.

    A sample of a text is a character, or a word or mark.

        wavenet score take.wav --text 7 --speaker theo
    """
    from wavenet.generator import load

    generator = load(model)
    results, bits, samples = {}, 0.0, 0
    for file in files:
        y, conditioning = _read(generator, file, text, speaker)
        result = generator.score(y, **conditioning)
        results[str(file)] = result.bits_per_sample
        bits += result.bits_per_sample * len(result.log_likelihood)
        samples += len(result.log_likelihood)
    if as_json:
        print(json.dumps({"files": results, "mean": bits / samples}))
        return
    for name, mean in results.items():
        print(f"{mean:.4f} bits per sample  {name}")
    if len(results) > 1:
        print(f"{bits / samples:.4f} bits per sample over all samples")


def _read(generator: Any, file: Path, text: str | None, speaker: str | None) -> tuple[Any, dict]:
    """The samples of a file, and their conditioning."""
    from wavenet.audio import read_audio

    if generator.config.series:
        raise ValueError("a model of a time series does not score files; use wavenet forecast")
    if generator.config.kind == "recurrent":
        if text is not None or speaker is not None:
            raise ValueError("a recurrent model takes no --text and no --speaker")
        if generator.config.text:
            from wavenet.recurrent.text import read_text

            return read_text(file), {}
        if generator.sample_rate is None:
            raise ValueError("this model is of neither audio nor text")
        return read_audio(file, generator.sample_rate)[0], {}
    y, _ = read_audio(file, generator.sample_rate)
    conditioning: dict[str, Any] = {"speaker": speaker}
    if text is not None:
        spans = _spread(text, len(y) / generator.sample_rate)
        conditioning["condition"] = generator.condition_from_spans(spans, len(y))
    elif generator.config.features:
        conditioning["condition"] = generator.condition_of(y)
    return y, conditioning


def _spread(text: str, seconds: float) -> list[tuple[str, float, float]]:
    symbols = text.split()
    step = seconds / max(1, len(symbols))
    return [(symbol, i * step, (i + 1) * step) for i, symbol in enumerate(symbols)]

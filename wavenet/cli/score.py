"""`wavenet score`: how well a model predicts recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wavenet.cli.conditioning import check_condition
from wavenet.cli.notes import note

if TYPE_CHECKING:
    import numpy as np


def score(
    files: Annotated[
        list[Path],
        typer.Argument(help="Audio files and folders, or text for such a model."),
    ],
    model: Annotated[
        str, typer.Option(help="Model folder, file, or name of a shipped model.")
    ] = "digits",
    text: Annotated[str | None, typer.Option(help="Symbols, spread evenly over each file.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Name of the speaker.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the bits per sample that a model needs for each file, and their mean.

    A sample of a text is a character, or a word or mark. Beside them stands what codes need that
    know nothing (uniform), the frequencies of the samples (independent), or the last few samples
    (linear prediction).

        wavenet score take.wav --text 7 --speaker theo
    """
    from wavenet.inference.load import load
    from wavenet.io.audio_files import find_audio

    files = [f for file in files for f in (find_audio(file, note) if file.is_dir() else [file])]
    generator = load(model)
    results, scales, bits, samples = {}, {}, 0.0, 0
    for file in files:
        y, conditioning = _read(generator, model, file, text, speaker)
        result = generator.score(y, **conditioning)
        results[str(file)] = result.bits_per_sample
        scales[str(file)] = _baselines(generator, y, conditioning)
        bits += result.bits_per_sample * len(result.log_likelihood)
        samples += len(result.log_likelihood)
    if as_json:
        print(json.dumps({"files": results, "mean": bits / samples, "baselines": scales}))
        return
    for name, mean in results.items():
        scale = ", ".join(f"{code} {value:.2f}" for code, value in scales[name].items())
        print(f"{mean:.4f} bits per sample  {name}" + (f"  ({scale})" if scale else ""))
    if len(results) > 1:
        print(f"{bits / samples:.4f} bits per sample over all samples")


def _baselines(generator: Any, y: Any, conditioning: dict[str, Any]) -> dict[str, float]:
    if generator.config.kind == "recurrent":
        return generator.baselines(y)
    return generator.baselines(y, conditioning.get("condition"))


def _read(
    generator: Any, model: str, file: Path, text: str | None, speaker: str | None
) -> tuple[Any, dict[str, Any]]:
    """The samples of a file, and their conditioning."""
    if generator.config.series:
        raise ValueError("a model of a time series does not score files; use wavenet forecast")
    if generator.config.kind == "recurrent":
        if text is not None or speaker is not None:
            raise ValueError("a recurrent model takes no --text and no --speaker")
        if generator.config.text:
            from wavenet.inference.text import read_text

            content = read_text(file)
            if not content:
                raise ValueError(f"{file} is empty")
            return content, {}
        if generator.sample_rate is None:
            raise ValueError("this model is of neither audio nor text")
        return _read_sound(generator, file), {}
    y = _read_sound(generator, file)
    conditioning: dict[str, Any] = {"speaker": speaker}
    if text is not None:
        spans = _spread(text, len(y) / generator.sample_rate)
        conditioning["condition"] = generator.condition_from_spans(spans, len(y))
    elif generator.config.features:
        check_condition(generator, model, given=generator.config.sound_features is not None)
        conditioning["condition"] = generator.condition_of(y)
    return y, conditioning


def _read_sound(generator: Any, file: Path) -> np.ndarray:
    """A recording at the model's rate; says so where its own is another."""
    from wavenet.io.audio import named, read_audio, resample

    its = generator.sample_rate
    y, rate = read_audio(file)
    if rate != its:
        with named(file):
            y = resample(y, rate, its)
        note(f"{file} has {rate:,} Hz, the model {its:,}: it is resampled")
    return y


def _spread(text: str, seconds: float) -> list[tuple[str, float, float]]:
    symbols = text.split()
    step = seconds / max(1, len(symbols))
    return [(symbol, i * step, (i + 1) * step) for i, symbol in enumerate(symbols)]

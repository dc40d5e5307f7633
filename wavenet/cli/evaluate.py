"""`wavenet evaluate`: how near outputs are to their references."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from wavenet.cli.notes import note


def evaluate(
    references: Annotated[Path, typer.Argument(help="Folder of the recordings.")],
    outputs: Annotated[Path, typer.Argument(help="Folder of sounds of the same names.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="CSV file, a row a file; beside it .json, the rest."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Vocoder whose bits per sample of the references count.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Picture of the figures (.png); needs the extra plot.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Threads; by default one per processor.")
    ] = None,
) -> None:
    """Measure copies against the recordings that they are from, frame by frame.

        wavenet evaluate recordings/ copies/ -o figures.csv --plot figures.png

    Beside the figures stand those of the recordings after a round trip through 8-bit mu-law codes.
    Values are comparable only under the same settings, which are printed. PESQ and STOI need the
    extra evaluate. A pair that cannot be measured is listed and the exit code is 1.
    """
    from wavenet.evaluation.vocoder import evaluate_copies, table
    from wavenet.io.atomic import atomic_path, check_writable

    if output and output.suffix == ".json":
        raise ValueError(f"{output} is where the settings go; give the table a name in .csv")
    if output:
        check_writable(output)
        check_writable(output.with_suffix(".json"))
    if plot:
        from wavenet.plot import check_picture, plot_copies

        check_picture(plot)
    generator = None
    if model:
        from wavenet.inference.wavenet import WaveNetGenerator

        generator = WaveNetGenerator.load(model)
    result = evaluate_copies(references, outputs, model=generator, n_jobs=jobs, note=note)
    means = result.means
    count = f"{len(result.files)} file{'s' * (len(result.files) != 1)}"
    print(table([(count, means["files"]), ("mu-law-256", means["mulaw_bound"])]))
    print("settings:")
    for name, value in result.settings.items():
        print(f"  {name}: {value}")
    if output:
        with atomic_path(output) as temporary:
            temporary.write_text(result.to_csv(), encoding="utf-8")
        with atomic_path(output.with_suffix(".json")) as temporary:
            temporary.write_text(json.dumps(result.to_dict(), indent=1) + "\n", encoding="utf-8")
    if plot:
        plot_copies(plot, result)
    for sentence in result.failed:
        note(f"left out: {sentence}")
    if result.failed:
        raise typer.Exit(1)

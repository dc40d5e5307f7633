"""`wavenet import-model`: a model file from another project's checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def import_model(
    checkpoint: Annotated[Path, typer.Argument(help="File of torch.save (.pth, .pkl).")],
    config: Annotated[
        Path, typer.Option(help="The project's hyper-parameters: hparams.json, model.conf.")
    ],
    statistics: Annotated[
        Path | None,
        typer.Option(help="Means and deviations of its mel spectrograms (.npy, 2 x channels)."),
    ] = None,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the new model.")],
) -> None:
    """Take over a model that r9y9/wavenet_vocoder or PytorchWaveNetVocoder trained; needs torch.

    wavenet import-model checkpoint_step001000000_ema.pth --config hparams.json -o my-model
    """
    if (output / "model.safetensors").exists():
        raise ValueError(f"{output} holds a model already; name another folder")
    from wavenet.models.importing import import_model

    imported = import_model(checkpoint, config, output, statistics)
    size = sum(value.size for value in imported.tensors.values())
    print(f"{output}: {imported.project}, {size:,} weights; `wavenet info {output}` describes it")
    for note in imported.notes:
        print(f"- {note}")

"""`wavenet quantize`: a model with weights in fewer bits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wavenet.cli.notes import note


def quantize(
    model: Annotated[str, typer.Argument(help="Model folder, file, or name of a shipped model.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the new model.")],
    precision: Annotated[
        str,
        typer.Option(
            metavar="int8|bf16|float32",
            help="Of the new file; float32 to calibrate alone.",
        ),
    ] = "int8",
    calibrate: Annotated[
        Path | None,
        typer.Option(
            help="Folder of audio or manifest, as for training, to measure activations on. Clips "
            'with the split "validation", or else every fifth, are left for the report.'
        ),
    ] = None,
) -> None:
    """Write a smaller, faster model, and report what it costs in bits per sample.

        wavenet quantize my-model --calibrate recordings/ -o my-model-int8

    A calibrated model of any precision can be loaded in 8 bits too. To calibrate one in its place:

        wavenet quantize my-model --precision float32 --calibrate recordings/ -o my-model
    """
    from wavenet.compression.quantization import bits_per_sample, quantize, read_recordings
    from wavenet.inference.wavenet import WaveNetGenerator
    from wavenet.io.manifest import read_clips

    generator = WaveNetGenerator.load(model, "float32")
    clips = read_clips(calibrate, note) if calibrate else []
    held_out = [clip for clip in clips if clip.split == "validation"] or clips[4::5]
    used = [clip for clip in clips if clip not in held_out]
    quantize(model, output, precision, read_recordings(generator, used))
    size = (output / "model.safetensors").stat().st_size
    calibrated = f", calibrated on {len(used)} clips" if used else ""
    print(f"{output}: {precision}, {size / 1e6:.2f} MB{calibrated}")
    if held_out:
        before = bits_per_sample(generator, read_recordings(generator, held_out))
        for reduced in [name for name in ("bf16", "int8") if name in (precision, "int8")]:
            after = bits_per_sample(
                WaveNetGenerator.load(output, reduced), read_recordings(generator, held_out)
            )
            print(
                f"{reduced}: {after:.4f} bits per sample on {len(held_out)} held-out clips, "
                f"{after - before:+.4f} against float32"
            )

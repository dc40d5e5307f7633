"""`wavenet train`: a model from recordings, a text or a time series."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}


class TrainCommand(TyperCommand):
    """A command whose help lists the settings of models and trainings too."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Options of the command, then the settings in their groups."""
        from wavenet.training.settings import described_settings

        super().format_options(ctx, formatter)
        for title, rows in described_settings().items():
            with formatter.section(title):
                formatter.write_dl(rows)


def train(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="Audio folder, manifest, text or time series.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the model.")],
    preset: Annotated[
        str | None,
        typer.Option(
            metavar="small|medium|large",
            help="Of recordings or a text: a size that a CPU trains. Time series have none.",
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help='JSON: {"model": {...}, "training": {...}}.')
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the checkpoint in OUTPUT.")] = False,
    init: Annotated[
        str | None, typer.Option(help="WaveNet to start from, and to keep as it is built.")
    ] = None,
    quantize: Annotated[
        str | None,
        typer.Option(metavar="int8", help="Learn to make up for 8 bits; needs --init."),
    ] = None,
) -> None:
    """Train a model on recordings, a text or a time series.

    A WaveNet is trained on recordings unless --kind recurrent is given, a time series by a
    recurrent model unless --kind wavenet or --kind echo-state is.

    A manifest has the columns path, and where wanted speaker, text (symbols separated by spaces)
    or labels ("symbol:start:end ..."), start, end (seconds) and split (train or validation).
    For an hour, on the processor of a laptop:

        wavenet train recordings/ -o model --preset small --minutes 60

    Every setting of the model and of the training is an option, for example

        wavenet train recordings/ -o model --sample-rate 16000 --residual-channels 64 --steps 50000

    A text is modelled character by character (--level char) or word by word (--level word):

        wavenet train play.txt -o model --level char --cell lstm --layers 2 --hidden-size 256

    A time series is a .csv file whose first column is the time:

        wavenet train power.csv -o model --target OT --horizon 96

    A trained WaveNet is fine-tuned on other data, or learns to make up for weights of 8 bits:

        wavenet train recordings/ -o small --init model --quantize int8 --steps 2000

    Ctrl-C saves a checkpoint; --resume continues from it. Several GPUs or machines:
    torchrun --nproc-per-node 4 -m wavenet train DATA -o MODEL
    """
    from wavenet.training import train as run
    from wavenet.training.data import kind_of
    from wavenet.training.settings import setting

    groups = _read_config(config)
    options = _options(list(context.args))
    kind, kind_of_data = options.get("kind", groups["model"].get("kind")), kind_of(data)
    for name, text in options.items():
        group, value = setting(name, text, kind_of_data, kind)
        groups[group][name] = value
    finished = run(
        data, output, groups["model"], groups["training"], resume, init, quantize, preset
    )
    if not finished:
        typer.echo(f"stopped; resume with: wavenet train {data} -o {output} --resume", err=True)
        raise typer.Exit(130)
    typer.echo(f"{output} is written; `wavenet info {output}` describes it", err=True)


def _options(words: list[str]) -> dict[str, str]:
    """Settings given as `--name value` or `--name=value`."""
    from wavenet.training.settings import RENAMED

    options = {}
    while words:
        option, equals, value = words.pop(0).partition("=")
        if equals:
            words.insert(0, value)
        if not option.startswith("--") or not words:
            raise ValueError(f"{option!r} is not an option with a value")
        name = option[2:].replace("-", "_")
        options[RENAMED.get(name, name)] = words.pop(0)
    return options


def _read_config(path: Path | None) -> dict[str, dict[str, Any]]:
    from wavenet.io.rows import parse_json

    groups: dict[str, dict] = {"model": {}, "training": {}}
    if path is None:
        return groups
    values = parse_json(path.read_bytes(), path)
    objects = values.values() if isinstance(values, dict) else [values]
    if not all(isinstance(value, dict) for value in objects) or set(values) - set(groups):
        raise ValueError(f'{path} must be an object with the objects "model" and "training"')
    return groups | values

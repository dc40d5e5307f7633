"""`wavenet voice-convert`: fit a converter, apply it, measure it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavenet.cli.notes import note, warn

if TYPE_CHECKING:
    from wavenet.conversion.files import Conversions
    from wavenet.evaluation.conversion import ConversionEvaluation

app = typer.Typer(
    help="Convert one speaker's voice into another's, learned from parallel recordings.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

_METHODS = "frame|mlpg|mlpg+gv|differential"
_F0_METHODS = "log-gaussian|regression|keep"
Source = Annotated[Path, typer.Argument(help="Folder of the source speaker's recordings.")]
Target = Annotated[
    Path, typer.Argument(help="Folder of the target speaker's; equal file names are pairs.")
]
Jobs = Annotated[int | None, typer.Option(min=1, help="Threads; by default one per processor.")]
Cache = Annotated[Path | None, typer.Option(help="Folder that keeps features for the next time.")]
Method = Annotated[
    str | None,
    typer.Option(
        metavar=_METHODS, help="By default the model's; differential goes without vocoder."
    ),
]
F0 = Annotated[str | None, typer.Option(metavar=_F0_METHODS, help="By default the model's.")]
Range = tuple[float, float]


@app.callback()
def options(context: typer.Context) -> None:
    """Options before the command."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def fit(
    source: Source,
    target: Target,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the model.")],
    components: Annotated[int, typer.Option(min=1, help="Mixture components.")] = 128,
    mixtures: Annotated[int, typer.Option(min=1, help="Mixtures that are pooled.")] = 2,
    method: Annotated[
        str, typer.Option(metavar=_METHODS, help="What apply does by default.")
    ] = "mlpg+gv",
    f0: Annotated[
        str, typer.Option(metavar=_F0_METHODS, help="What apply does by default.")
    ] = "log-gaussian",
    source_f0: Annotated[
        Range | None, typer.Option(help="F0 range [Hz] of the source; by default found.")
    ] = None,
    target_f0: Annotated[
        Range | None, typer.Option(help="F0 range [Hz] of the target; by default found.")
    ] = None,
    f0_method: Annotated[
        str, typer.Option(metavar="harvest|dio", help="What finds F0; dio is faster.")
    ] = "harvest",
    sample_rate: Annotated[
        int | None, typer.Option(min=1, help="Rate of the model [Hz]; by default the recordings'.")
    ] = None,
    half: Annotated[bool, typer.Option("--half", help="Save as float16.")] = False,
    cache: Cache = None,
    jobs: Jobs = None,
) -> None:
    """Learn a converter from two folders.

        wavenet voice-convert fit recordings/anna recordings/ben -o anna-to-ben

    Bad pairs are left out and listed; the exit code is then 1.
    """
    from wavenet.conversion.converter import VoiceConverter
    from wavenet.io.atomic import check_writable

    if output.is_file():
        raise ValueError(f"{output} is a file; a model is a folder")
    check_writable(output / "model.safetensors", parents=True)
    with _progress() as progress:
        converter = VoiceConverter(
            components, n_mixtures=mixtures, method=method, f0=f0, f0_method=f0_method,
            source_f0_range=source_f0, target_f0_range=target_f0, sample_rate=sample_rate,
            cache=cache, n_jobs=jobs, skip_bad_files=True, progress=progress,
        ).fit(source, target)  # fmt: skip
    converter.save(output, "float16" if half else "float32")
    figures = converter.config_.training
    print(
        f"{output}: {figures['pairs']:.0f} pairs at {converter.config_.world.sample_rate:,} Hz, "
        f"{converter.config_.n_components} components; "
        f"distortion of the training pairs {figures['distortion_before_db']:.2f} dB before "
        f"conversion, {figures['distortion_after_db']:.2f} dB after"
    )
    _finish(converter.skipped_)


@app.command()
def apply(
    model: Annotated[str, typer.Argument(help="Model folder, or name of a shipped one.")],
    inputs: Annotated[list[str], typer.Argument(help="Files, a folder, or - for standard input.")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="File, folder, or - for standard output.")
    ],
    method: Method = None,
    f0: F0 = None,
    vocoder: Annotated[
        str | None,
        typer.Option(help="WaveNet of the target speaker that makes the sound instead of WORLD."),
    ] = None,
    jobs: Jobs = None,
) -> None:
    """Convert recordings.

        wavenet voice-convert apply slt-to-bdl IN.wav -o OUT.wav

    A bad file in a folder does not lose the rest: it is listed and the exit code is 1. What is
    converted but doubtful (clipped, without F0, unlike the training recordings) is named.
    """
    from wavenet.conversion.converter import VoiceConverter
    from wavenet.conversion.files import Conversions, convert_files, convert_recording
    from wavenet.io.audio import check_audio_file, wav_bytes, write_audio

    converter = VoiceConverter.load(model)
    network = None
    if vocoder:
        from wavenet.inference.wavenet import WaveNetGenerator

        network = WaveNetGenerator.load(vocoder, threads=1)
    if "-" not in (*inputs, output):
        with _progress() as progress:
            made = convert_files(
                converter, inputs, output,
                method=method, f0=f0, vocoder=network, n_jobs=jobs, progress=progress, warn=warn,
            )  # fmt: skip
        _say_converted(made, output, model, vocoder)
        _finish(made.failed)
        return
    if len(inputs) != 1 or Path(inputs[0]).is_dir():
        raise ValueError("standard input and output take one recording; name one file or -")
    if output != "-":
        check_audio_file(output)
    source = io.BytesIO(sys.stdin.buffer.read()) if inputs == ["-"] else inputs[0]
    y, rate = convert_recording(converter, source, method=method, f0=f0, vocoder=network, warn=warn)
    if output == "-":
        sys.stdout.buffer.write(wav_bytes(y, rate))
    else:
        write_audio(output, y, rate)
        _say_converted(Conversions([Path(output)], []), output, model, vocoder)


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="Model folder, or name of a shipped one.")],
    source: Source,
    target: Target,
    method: Method = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="JSON file for all figures.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Picture of the figures (.png); needs the extra plot.")
    ] = None,
    cache: Cache = None,
    jobs: Jobs = None,
) -> None:
    """Measure a converter on recordings that it was not trained on.

    wavenet voice-convert evaluate anna-to-ben held-out/anna held-out/ben
    """
    from wavenet.conversion.converter import VoiceConverter
    from wavenet.evaluation.conversion import evaluate_conversion
    from wavenet.io.atomic import atomic_path, check_writable

    if output:
        check_writable(output)
    if plot:
        from wavenet.plot import check_picture, plot_conversion

        check_picture(plot)
    converter = VoiceConverter.load(model)
    with _progress() as progress:
        result = evaluate_conversion(
            converter, source, target,
            method=method, n_jobs=jobs, cache=cache, progress=progress,
        )  # fmt: skip
    _print_evaluation(result)
    if output:
        with atomic_path(output) as temporary:
            temporary.write_text(json.dumps(result.to_dict(), indent=1) + "\n", encoding="utf-8")
    if plot:
        plot_conversion(plot, result)
    for sentence in result.doubtful:
        warn(sentence)
    _finish(result.failed)


def _print_evaluation(result: ConversionEvaluation) -> None:
    titles = (
        "MCD [dB]", "log F0 RMSE", "log F0 corr.", "voicing error", "GV ratio", "level [dB]",
    )  # fmt: skip
    print(f"{'':24s}" + "".join(f"{title:>15s}" for title in titles))
    _print_row("", ["before", "after"] * len(titles))
    for path, score in result.files.items():
        pairs = zip(astuple(score.before), astuple(score.after), strict=True)
        _print_row(Path(path).name, [f"{value:.3f}" for pair in pairs for value in pair])
    intervals = [interval for pair in result.means.values() for interval in pair]
    _print_row("mean", [f"{i.mean:.3f}" for i in intervals])
    if len(result.files) > 1:
        _print_row("95 % interval: ±", [f"{i.half_width:.3f}" for i in intervals])
    print(f"\n{'power / target [dB]':24s}{'mean':>15s}{'95 % quantile':>15s}")
    for name, (before, after) in result.bands.items():
        pairs = zip(astuple(before), astuple(after), strict=True)
        _print_row(name, [f"{value:.1f}" for pair in pairs for value in pair])
    print("settings:")
    for name, value in result.settings.items():
        print(f"  {name}: {value}")


def _print_row(name: str, cells: list[str]) -> None:
    print(f"{name[:24]:24s}" + "".join(f"{cell:>{8 - i % 2}s}" for i, cell in enumerate(cells)))


def _say_converted(made: Conversions, output: str, model: str, vocoder: str | None) -> None:
    """What is written, and by what it was made; pipes and devices are not asked."""
    import soundfile

    how = f"converted by {model}" + (f", sound by {vocoder}" if vocoder else "")
    if (count := len(made.written) + len(made.failed)) > 1:
        failed = f"; {len(made.failed)} failed" if made.failed else ""
        print(f"{len(made.written)} of {count} written to {output}, {how}{failed}")
    elif (path := made.written[0]).is_file():
        sound = soundfile.info(path)
        print(f"{path}: {sound.duration:.2f} s at {sound.samplerate:,} Hz, {how}")


def _finish(failed: list[str]) -> None:
    """Lists what was left out; exit code 1 if there is anything."""
    for sentence in failed:
        note(f"left out: {sentence}")
    if failed:
        raise typer.Exit(1)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None] | None]:
    """A callback (stage, done, total) that draws a bar on a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done)

        yield report

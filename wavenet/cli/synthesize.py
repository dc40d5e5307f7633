"""`wavenet synthesize`: audio or text from a model."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from wavenet.cli.conditioning import check_condition, frames_of_file, frames_of_text

if TYPE_CHECKING:
    from wavenet.inference.wavenet import WaveNetGenerator

DEFAULT_SECONDS = 2.0
DEFAULT_LENGTH = 1000  # of a text
_PLAYERS = ("afplay", "paplay", "aplay", "play")


def synthesize(
    output: Annotated[
        str, typer.Option("--output", "-o", help="Audio or text file, or - for standard output.")
    ],
    model: Annotated[
        str, typer.Option(help="Model folder, file, or name of a shipped model.")
    ] = "digits",
    seconds: Annotated[
        float | None, typer.Option(help="Length; by default that of the text or the condition.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="Symbols to speak; a comma is a pause.")] = None,
    speaker: Annotated[
        str | None, typer.Option(help="Name of the speaker; by default the first.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same samples.")] = 0,
    temperature: Annotated[
        float | None,
        typer.Option(
            help="Below 1: safer samples; 0: always the most likely, near silence with most models "
            "of audio; by default that of the model."
        ),
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(min=1, help="Only the k most likely classes.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Only the likeliest classes that hold this probability.")
    ] = None,
    prime: Annotated[Path | None, typer.Option(help="Audio file to continue.")] = None,
    condition: Annotated[
        Path | None,
        typer.Option(
            help="Feature frames (.npy), an array (frames, channels); or a recording; or - for "
            "frames from standard input, .npy or raw float32."
        ),
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="Text to continue.")] = None,
    length: Annotated[
        int | None, typer.Option(min=1, help="Characters of a text, or words and marks.")
    ] = None,
    batch: Annotated[
        int,
        typer.Option(min=1, help="Number of files; they are numbered: out-0.wav, out-1.wav, ..."),
    ] = 1,
    threads: Annotated[int | None, typer.Option(min=1, help="By default all processors.")] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Raw 16-bit little-endian samples, not a file format.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(help="Picture of waveform and spectrogram (.png); needs the extra plot."),
    ] = None,
    play: Annotated[bool, typer.Option("--play", help="Play it when it is done.")] = False,
    manifest: Annotated[
        Path | None,
        typer.Option(
            help="CSV or JSON lines with one recording a row (output, text, condition, speaker, "
            "seconds, seed); the output is a folder."
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Workers for a manifest; by default one per processor."),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(help="Ray cluster for a manifest: address, auto or local; extra cluster."),
    ] = None,
    retries: Annotated[
        int | None,
        typer.Option(min=0, help="Of a row whose worker died or could not read or write: 2."),
    ] = None,
) -> None:
    """Generate audio, or text with a model of text.

    With the shipped model, in the voice of jackson:

        wavenet synthesize --text "3 1 4 1 5" --speaker jackson -o pi.wav

    From a model of your own, safer samples, straight into another program:

        wavenet synthesize --model my-model --seconds 5 --temperature 0.8 -o - | aplay

    Copy synthesis, by a vocoder:

        wavenet synthesize --model slt16k --condition speech.wav -o copy.wav

    A text:

        wavenet synthesize --model my-play --prompt "KING:" --length 2000 -o play.txt
    """
    from wavenet.inference.load import load
    from wavenet.io.audio import read_audio

    drawing: dict[str, Any] = {
        "seed": seed,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
    }
    if manifest is not None:
        from wavenet.cli.bulk import synthesize_many

        _refuse("a manifest goes with no", seconds=seconds, text=text, speaker=speaker,
                prime=prime, condition=condition, prompt=prompt, length=length, plot=plot,
                batch=batch if batch > 1 else None, threads=threads, raw=raw or None,
                play=play or None)  # fmt: skip
        del drawing["seed"]
        synthesize_many(manifest, output, model, drawing, seed=seed, jobs=jobs, ray=ray,
                        retries=2 if retries is None else retries)  # fmt: skip
        return
    _refuse("without --manifest there is no", jobs=jobs, ray=ray, retries=retries)
    _check_output(output, batch, (prime, condition))
    generator = load(model, threads=threads)
    if generator.config.kind == "recurrent":
        _refuse("a recurrent model takes no", text=text, speaker=speaker, condition=condition)
        if generator.config.text:
            _refuse("a model of text takes no", seconds=seconds, prime=prime, plot=plot,
                    raw=raw or None, play=play or None)  # fmt: skip
            _check_text_output(output)
            _make_texts(generator, output, prompt or "", length, batch, drawing)
            return
    _check_is_of_audio(generator.config, model)
    _refuse("a model of audio takes no", prompt=prompt, length=length)
    _check_audio_output(output, raw, play, plot)
    prompt_sound = read_audio(prime, generator.sample_rate)[0] if prime else None
    many = batch if batch > 1 else None
    if str(condition) == "-":
        _refuse("frames from standard input make one stream; they go with no", text=text,
                plot=plot, batch=many)  # fmt: skip
    if _comes_in_blocks(condition) and text is None and plot is None and many is None:
        from wavenet.cli.streaming import stream_synthesis

        with _progress(generator.sample_rate) as progress:
            paths, n_samples = stream_synthesis(
                generator, condition, output, raw, _length(generator, seconds), progress,
                speaker=speaker, prime=prompt_sound, **drawing,
            )  # fmt: skip
        _say_written(paths, generator, n_samples, speaker, f"from {condition}")
        if play:
            _play(paths)
        return
    conditioning: dict[str, Any] = {}
    n_samples, content = _length(generator, seconds), ""
    if generator.config.kind == "wavenet":
        frames, lasts, content = _condition(
            generator, model, condition, text, speaker, seed, prompt_sound, n_samples
        )
        n_samples = n_samples or lasts
        conditioning = {"speaker": speaker, "condition": frames}
    if n_samples is None and conditioning.get("condition") is None:
        n_samples = _length(generator, DEFAULT_SECONDS)
    with _progress(generator.sample_rate * batch) as progress:
        audio = generator.generate(
            n_samples, prime=prompt_sound, batch=batch, progress=progress, **drawing, **conditioning
        )
    audio = audio.reshape(batch, -1)
    paths = _write(output, audio, generator.sample_rate, raw)
    _say_written(paths, generator, audio.shape[1], speaker, content)
    if plot:
        from wavenet.plot import plot_audio

        plot_audio(plot, audio[0], generator.sample_rate, title=text or "")
    if play:
        _play(paths)


def _check_is_of_audio(config: Any, model: str) -> None:
    if config.series:
        raise ValueError(f"{model} is a model of a time series: use wavenet forecast")
    if config.sample_rate is None:
        raise ValueError(f"{model} makes neither audio nor text")


def _condition(
    generator: WaveNetGenerator,
    model: str,
    path: Path | None,
    text: str | None,
    speaker: str | None,
    seed: int,
    prompt_sound: np.ndarray | None,
    n_samples: int | None,
) -> tuple[np.ndarray | None, int | None, str]:
    """Feature frames, the length of the recording that they are from, and what they say."""
    if text is not None and path is not None:
        raise ValueError("--text and --condition exclude each other")
    if path is not None:
        return *frames_of_file(generator, path), f"from {path}"
    if generator.config.label_features:
        prompt_samples = 0 if prompt_sound is None else len(prompt_sound)
        frames, said = frames_of_text(generator, text, speaker, seed, prompt_samples, n_samples)
        return frames, None, f'"{said}"'
    if text is not None:
        raise ValueError(f"{model} does not read text")
    check_condition(generator, model, given=False)
    return None, None, ""


def _say_written(
    paths: list[Path], generator: Any, n_samples: int, speaker: str | None, content: str
) -> None:
    rate, names = generator.sample_rate, getattr(generator.config, "speakers", ())
    facts = [f"{n_samples / rate:.2f} s at {rate:,} Hz"]
    if names:
        facts.append(names[generator.speaker_index(speaker)])
    for path in paths:
        print(f"{path}: {', '.join([*facts, content] if content else facts)}")


def _make_texts(
    generator: Any, output: str, prompt: str, length: int | None, batch: int, drawing: dict
) -> None:
    with _progress(0) as progress:
        texts = generator.generate(
            DEFAULT_LENGTH if length is None else length, prime=prompt or None, batch=batch,
            progress=progress, **drawing,
        )  # fmt: skip
    paths = _write_texts(output, [prompt + text for text in ([texts] if batch == 1 else texts)])
    unit = "characters" if generator.config.text.level == "char" else "words and marks"
    for path in paths:
        print(f"{path}: {DEFAULT_LENGTH if length is None else length:,} {unit}")


def _length(generator: Any, seconds: float | None) -> int | None:
    """Samples."""
    if seconds is None:
        return None
    if not 0 < seconds <= 1e6:
        raise ValueError(f"--seconds must be above 0 and at most 1e6, got {seconds:g}")
    return max(1, round(seconds * generator.sample_rate))


def _check_output(output: str, batch: int, inputs: tuple[Path | None, ...]) -> None:
    """What can be refused before any work is done."""
    if output == "-":
        if batch > 1:
            raise ValueError("standard output takes one stream; --batch needs a file name")
        return
    if Path(output).is_dir():
        raise ValueError(f"{output} is a folder; name a file in it")
    from wavenet.base.validation import integer
    from wavenet.io.atomic import check_writable

    for path in _numbered(output, integer("batch", batch, 1, 65536)):
        check_writable(path, inputs=inputs)


def _check_text_output(output: str) -> None:
    from wavenet.io.audio_files import AUDIO_FORMATS

    if Path(output).suffix.lower() in AUDIO_FORMATS:
        raise ValueError(f"{output} has the name of a sound; this model writes text: use .txt")


def _check_audio_output(output: str, raw: bool, play: bool, plot: Path | None) -> None:
    if plot:
        from wavenet.plot import check_picture

        check_picture(plot)
    if output == "-":
        if play:
            raise ValueError("--play needs a file name, not standard output")
        return
    from wavenet.io.audio import audio_format

    if not raw:
        audio_format(output)
    if play and (raw or not _player()):
        raise ValueError(f"--play needs a WAV file and one of {', '.join(_PLAYERS)} installed")


def _refuse(sentence: str, **options: object) -> None:
    """Refuses options that were given although the model has no use for them."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{sentence} --{name}")


def _comes_in_blocks(condition: Path | None) -> bool:
    """Whether frames need not be in memory as a whole."""
    return condition is not None and (str(condition) == "-" or condition.suffix == ".npy")


def _write(output: str, audio: np.ndarray, rate: int, raw: bool) -> list[Path]:
    from wavenet.io.atomic import atomic_path
    from wavenet.io.audio import pcm_bytes, wav_bytes, write_audio

    if output == "-":
        sys.stdout.buffer.write(pcm_bytes(audio[0]) if raw else wav_bytes(audio[0], rate))
        sys.stdout.buffer.flush()
        return []
    paths = _numbered(output, len(audio))
    for place, y in zip(paths, audio, strict=True):
        if raw:
            with atomic_path(place) as temporary:
                temporary.write_bytes(pcm_bytes(y))
        else:
            write_audio(place, y, rate)
    return paths


def _write_texts(output: str, texts: list[str]) -> list[Path]:
    from wavenet.io.atomic import atomic_path

    if output == "-":
        print(texts[0])
        return []
    paths = _numbered(output, len(texts))
    for place, text in zip(paths, texts, strict=True):
        with atomic_path(place) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    return paths


def _numbered(output: str, count: int) -> list[Path]:
    """One path, or as many with numbers."""
    path = Path(output)
    return [path] if count == 1 else [path.with_stem(f"{path.stem}-{i}") for i in range(count)]


def _player() -> str | None:
    return next((name for name in _PLAYERS if shutil.which(name)), None)


def _play(paths: list[Path]) -> None:
    for path in paths:
        result = subprocess.run([_player(), str(path)], capture_output=True, check=False)
        if result.returncode:
            raise ValueError(f"{path} is written, but there is no audio device to play it on")


@contextmanager
def _progress(samples_per_second: float) -> Iterator[Callable[[int, int], None]]:
    """A progress bar as the callback of `generate`; for audio with the real-time factor."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=Console(stderr=True))
    task = progress.add_task("generate", total=None, speed="")

    def update(done: int, total: int) -> None:
        progress.start()
        elapsed = progress.tasks[task].elapsed or 0
        speed = ""
        if elapsed and samples_per_second:
            speed = f"{done / samples_per_second / elapsed:.1f} x real time"
        progress.update(task, completed=done, total=total, speed=speed)

    try:
        yield update
    finally:
        if progress.live.is_started:
            progress.stop()

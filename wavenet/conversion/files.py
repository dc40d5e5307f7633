"""Converts recordings in files: one, some, or all of a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from wavenet.base.sound import clipping
from wavenet.base.validation import choice
from wavenet.config.conversion import F0_METHODS, METHODS
from wavenet.conversion.converter import VoiceConverter
from wavenet.conversion.pipeline.recordings import Progress, for_each
from wavenet.conversion.waveform.neural_vocoder import check_vocoder
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.atomic import explain
from wavenet.io.audio import check_audio_file, named, read_audio, write_audio
from wavenet.io.audio_files import find_audio

_KEPT = (".wav", ".flac")


class Conversions(NamedTuple):
    """What became of recordings.

    Attributes
    ----------
    written
        The files made, in the order of the recordings.
    failed
        One sentence for each recording that could not be converted, with its name.
    """

    written: list[Path]
    failed: list[str]


def convert_files(
    converter: VoiceConverter,
    inputs: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    method: str | None = None,
    f0: str | None = None,
    vocoder: WaveNetGenerator | None = None,
    n_jobs: int | None = None,
    progress: Progress | None = None,
    warn: Callable[[str], None] | None = None,
) -> Conversions:
    """Converts recordings; a bad one does not lose the others.

    Parameters
    ----------
    inputs
        Files, and folders that stand for all sound files in them.
    output
        For one file a file or a folder, else a folder, made if it is not there. Names are kept;
        what is neither WAV nor FLAC becomes WAV.
    method, f0, vocoder
        As for `VoiceConverter.convert`.
    n_jobs
        Threads; None: one per processor.
    progress
        Called with (stage, done, total).
    warn
        Called with a sentence on each recording, by its name, that is converted but doubtful; and
        on what was passed over in a folder.

    Raises
    ------
    FileNotFoundError, ValueError
        There is nothing to convert, or an unknown method, or no place for the results: a recording
        would be overwritten, or two would become one. If there is one recording only, also what is
        wrong with it.
    """
    choice("method", converter.config_.method if method is None else method, METHODS)
    choice("f0", converter.config_.f0 if f0 is None else f0, F0_METHODS)
    if vocoder is not None:
        check_vocoder(vocoder, converter.config_.world)
    files = [f for i in inputs for f in (find_audio(i, warn) if Path(i).is_dir() else [Path(i)])]
    output = Path(output)
    targets = _targets(files, inputs, output)
    new_folder = targets != [output] and not output.exists()
    if new_folder:
        output.mkdir(parents=True)

    def convert(pair: tuple[Path, Path]) -> str | Path:
        source, target = pair
        try:
            check_audio_file(target)
            y, rate = convert_recording(
                converter, source, method=method, f0=f0, vocoder=vocoder, warn=warn
            )
            with named(source):
                write_audio(target, y, rate)
        except (ValueError, OSError) as error:
            if len(files) == 1:
                raise
            return explain(error)
        except MemoryError as error:
            return f"{source}: {error or 'not enough memory'}"
        return target

    pairs = list(zip(files, targets, strict=True))
    try:
        results = for_each(convert, pairs, n_jobs, progress, "convert")
    finally:
        if new_folder:
            with suppress(OSError):  # it holds what was written
                output.rmdir()
    return Conversions(
        [path for path in results if isinstance(path, Path)],
        [sentence for sentence in results if isinstance(sentence, str)],
    )


def convert_recording(
    converter: VoiceConverter,
    source: str | os.PathLike | BinaryIO,
    *,
    method: str | None = None,
    f0: str | None = None,
    vocoder: WaveNetGenerator | None = None,
    warn: Callable[[str], None] | None = None,
) -> tuple[np.ndarray, int]:
    """A recording, a file or a binary file object, converted; and its rate [Hz].

    `warn` is called with a sentence where the recording is clipped, or goes beyond full scale, and
    with those of `VoiceConverter.convert_sound`.

    Raises
    ------
    FileNotFoundError, ValueError
        It cannot be read or converted; the file is named.
    """
    name = source if isinstance(source, str | os.PathLike) else "the input"
    with named(name):
        y, rate = read_audio(source, mono=False)
        loud = _beyond_full_scale(y) or clipping(y)
        y, findings = converter.convert_sound(y, rate, method=method, f0=f0, vocoder=vocoder)
    for finding in [loud, *findings] if loud else findings:
        if warn:
            warn(f"{name}: {finding}")
    return y, rate


def _beyond_full_scale(y: np.ndarray) -> str:
    """A sentence on floats above 1, which nothing has clipped; or nothing."""
    peak = float(np.abs(y).max())
    if peak <= 1:
        return ""
    return f"its samples reach {peak:.3g} times full scale: it is converted as it is, then limited"


def _targets(files: list[Path], inputs: Sequence[str | os.PathLike], output: Path) -> list[Path]:
    """Where each converted file goes: to the file `output`, or into the folder of that name."""
    if len(files) == 1 and not output.is_dir() and not Path(inputs[0]).is_dir():
        targets = [output]
    elif output.is_file():
        raise ValueError(f"{output} is a file; {len(files)} recordings need a folder")
    else:
        names = [f.name if f.suffix.lower() in _KEPT else f"{f.stem}.wav" for f in files]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"two inputs would both become {output / twice[0]}")
        targets = [output / name for name in names]
    sources = {f.resolve() for f in files}
    for target in targets:
        if target.resolve() in sources:
            raise ValueError(f"{target} is a recording to be converted: give another output")
    return targets

"""Audio that is written while it is generated: from frames in a file, or from standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

_BLOCK = 4096  # samples that are written at once, where nobody waits for them


def stream_synthesis(
    generator: Any,
    condition: Path,
    output: str,
    raw: bool,
    n_samples: int | None,
    progress: Callable[[int, int], None],
    **options: Any,
) -> tuple[list[Path], int]:
    """Generates for as long as the frames of a file or of standard input (-) last.

    Returns the files and the number of samples.
    Neither the frames nor the audio are ever in memory as a whole. From standard input the samples
    of a frame are written as soon as the frames have come that they depend on.
    """
    from wavenet.io.frames import blocks_of_file, blocks_of_pipe

    local = generator.config.local
    if local is None:
        raise ValueError("this model takes no condition")
    total, block_size = n_samples, _BLOCK
    if str(condition) == "-":
        block_size = local.hop_length
        blocks = blocks_of_pipe(sys.stdin.buffer, local.channels)
    else:
        frames, blocks = blocks_of_file(condition, local.channels)
        primed = 0 if options.get("prime") is None else len(options["prime"])
        lasts = frames * local.hop_length - primed
        if lasts < (n_samples or 1):
            raise ValueError(
                f"the condition of {frames} frames covers {max(0, lasts)} samples, not "
                f"{n_samples or 1}"
            )
        total = n_samples or lasts
    audio = generator.stream(total, block_size=block_size, condition=blocks, **options)
    first = next(audio, None)  # what can be refused is refused before anything is written
    if first is None:
        raise ValueError("the condition ends where the audio that is to be continued does")
    done = 0
    with _writer(output, generator.sample_rate, raw, total) as write:
        for block in _chain(first, audio):
            write(block)
            done += len(block)
            if total:
                progress(done, total)
    return [] if output == "-" else [Path(output)], done


def _chain(first: np.ndarray, others: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield first
    yield from others


@contextmanager
def _writer(
    output: str, rate: int, raw: bool, n_samples: int | None
) -> Iterator[Callable[[np.ndarray], None]]:
    """A function that writes the next block."""
    from wavenet.io.atomic import atomic_path
    from wavenet.io.audio import audio_writer, pcm_bytes, wav_bytes, wav_header

    if output == "-":
        out = sys.stdout.buffer
        if not raw:
            out.write(wav_header(rate, n_samples))

        def write(block: np.ndarray) -> None:
            data = pcm_bytes(block) if raw else wav_bytes(block, rate)[-2 * len(block) :]
            out.write(data)
            out.flush()

        yield write
    elif raw:
        with atomic_path(output) as temporary, open(temporary, "wb") as file:

            def write(block: np.ndarray) -> None:
                file.write(pcm_bytes(block))

            yield write
    else:
        with audio_writer(output, rate) as write_audio:
            yield write_audio

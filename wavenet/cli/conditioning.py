"""What a model of audio is to speak or copy, from the options of a command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from wavenet.inference.wavenet import WaveNetGenerator


def check_condition(generator: WaveNetGenerator, model: str, given: bool) -> None:
    """Refuses a missing condition, and says which option gives one."""
    config = generator.config
    if given or config.local is None:
        return
    if config.sound_features:
        raise ValueError(
            f"{model} makes sound from features: name a recording to copy, --condition FILE.wav, "
            "or their frames, --condition FILE.npy"
        )
    if config.label_features:
        raise ValueError(f"{model} needs to know what is said: --text SYMBOLS")
    raise ValueError(
        f"{model} needs feature frames, --condition FILE.npy, an array (frames, "
        f"{config.local.channels})"
    )


def frames_of_text(
    generator: WaveNetGenerator,
    text: str | None,
    speaker: str | None,
    seed: int,
    prompt_samples: int,
    n_samples: int | None,
) -> tuple[np.ndarray, str]:
    """Feature frames of a text, silent at first where audio is continued; and the text.

    Without a text that of all symbols, as often as `n_samples` want.
    """
    config, hop = generator.config, generator.config.local.hop_length
    said = " ".join(config.label_features.symbols) if text is None else text
    frames = generator.condition_from_text(said, speaker, seed)
    wanted = n_samples or 0
    if text is None and len(frames) * hop < wanted:
        often = " ".join([said] * (1 + -(-wanted // (len(frames) * hop))))
        frames = generator.condition_from_text(often, speaker, seed)
        said += " ..."
    if len(frames) * hop < wanted:
        rate = generator.sample_rate
        raise ValueError(
            f"the text lasts for {len(frames) * hop / rate:.2f} s, not for --seconds "
            f"{wanted / rate:g}: give more text, or no --seconds"
        )
    silence = np.zeros((-(-prompt_samples // hop), frames.shape[1]))
    return np.concatenate([silence, frames]), said


def frames_of_file(generator: WaveNetGenerator, path: Path) -> tuple[np.ndarray, int | None]:
    """Feature frames of a file, those of a recording as in the model's training; its length."""
    if path.suffix == ".npy":
        from wavenet.io.frames import file_frames

        return file_frames(path), None
    if generator.config.sound_features is None:
        raise ValueError(f"{path}: this model takes feature frames from .npy files only")
    from wavenet.io.audio import named, read_audio

    y, _ = read_audio(path, generator.sample_rate)
    with named(path):
        return generator.condition_from_sound(y), len(y)

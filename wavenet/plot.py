"""Pictures of audio; needs matplotlib (the extra `plot`)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from wavenet.formats.model_file import atomic_path


def plot_audio(path: str | os.PathLike, y: ArrayLike, sample_rate: int, title: str = "") -> None:
    """Writes waveform and spectrogram of `(n,)` samples as a picture.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        The extension is not that of a picture format.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib: pip install "wavenet-engine[plot]"') from error
    y = np.asarray(y, dtype=np.float64)
    figure = Figure(figsize=(10, 5), layout="constrained")
    wave, spectrum = figure.subplots(2, 1, sharex=True)
    wave.plot(np.arange(len(y)) / sample_rate, y, linewidth=0.5)
    wave.set(ylabel="amplitude", title=title, ylim=(-1, 1))
    size = max(32, int(0.032 * sample_rate) // 2 * 2)
    noise = 1e-4 * np.random.default_rng(0).standard_normal(max(0, size - len(y)) + len(y))
    noise[: len(y)] += y
    spectrum.specgram(noise, NFFT=size, Fs=sample_rate, noverlap=size * 3 // 4, cmap="magma")
    spectrum.set(xlabel="time [s]", ylabel="frequency [Hz]")
    try:
        with atomic_path(Path(path)) as temporary:
            figure.savefig(temporary, dpi=120)
    except ValueError as error:
        raise ValueError(f"{path} has no known picture extension; use .png or .svg") from error

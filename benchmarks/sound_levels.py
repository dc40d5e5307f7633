"""What a listener notices first of copies: level, peaks, clipped samples, bands, pauses."""

from __future__ import annotations

import itertools

import numpy as np

BANDS = (0, 3000, 5000, 6500, 7900)  # edges [Hz]
PAUSE = 1e-4  # of the power of the loudest frame
_FFT = 1024


def frame_powers(sounds: np.ndarray, frame: int) -> np.ndarray:
    """Mean squares `(sounds, frames)` of sounds `(sounds, n_samples)`."""
    count = sounds.shape[1] // frame
    return np.mean(sounds[:, : count * frame].reshape(len(sounds), count, frame) ** 2.0, axis=2)


def pause_frames(powers: np.ndarray) -> np.ndarray:
    """Which frames `(frames,)` are pauses: 40 dB below the loudest, smoothed over five."""
    smooth = np.convolve(powers, np.ones(5) / 5, "same")
    return smooth < PAUSE * smooth.max()


def levels(reference: np.ndarray, other: np.ndarray, rate: int) -> dict[str, float]:
    """Figures of a sound `(n_samples,)` beside its reference; differences in dB."""
    sounds = np.stack([reference, other]).astype(np.float64)
    powers = frame_powers(sounds, rate // 200)
    pause = pause_frames(powers[0])
    figures = {
        "level_db": _decibels(powers),
        "pauses_db": _decibels(powers[:, pause]) if pause.any() else float("nan"),
        "peak": float(np.abs(other).max()),
        "clipped": float((np.abs(other) >= 1).sum()),
    }
    frames = np.lib.stride_tricks.sliding_window_view(sounds, _FFT, axis=1)[:, :: _FFT // 4]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(_FFT), axis=2)) ** 2
    frequencies = np.fft.rfftfreq(_FFT, 1 / rate)
    for low, high in itertools.pairwise(BANDS):
        band = spectra[:, :, (frequencies >= low) & (frequencies < high)].sum(axis=2)
        name = f"{low / 1000:g}-{high / 1000:g}kHz"
        figures[f"{name}_db"] = _decibels(band)
        figures[f"{name}_95_db"] = _decibels(np.quantile(band, [0.95], axis=1).T)
    return figures


def _decibels(powers: np.ndarray) -> float:
    """How much more power the second row has than the first."""
    reference, other = powers.sum(axis=1)
    return float(10 * np.log10(other / reference))

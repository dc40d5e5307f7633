"""The noise shaping that a model's configuration and feature frames ask for."""

from __future__ import annotations

import numpy as np

from wavenet.config import WaveNetConfig
from wavenet.dsp.noise_shaping import ORDER, Filters, NoiseShaping, frame_taps, unlimited

_KNEE = 4.0  # root mean squares of a frame's sound; of recordings 1 % of the frames go beyond
_HIGHEST_KNEE = 0.5  # so that what is compressed stays below full scale
# Cycles in a receptive field, below which codes drift: of slt16k 27 Hz. Chosen by the level of
# pauses at three temperatures, on sentences other than those that the documentation reports on.
_CYCLES = 1.3
_VOICE = 50.0  # [Hz]: from here on a high-pass could take something off the voice
_NEVER = 1 << 62  # samples: a filter that never changes


def noise_shaping_of(config: WaveNetConfig, batch: int) -> NoiseShaping | None:
    """What shapes the noise of a model's streams; None if nothing does."""
    if config.adaptive_noise_shaping:
        none = unlimited(np.empty((0, ORDER + 1)))
        cutoff = min(_CYCLES / config.receptive_field, _VOICE / config.sample_rate)
        return NoiseShaping(batch, config.local.hop_length, none, cutoff)
    if config.noise_shaping:
        return NoiseShaping(batch, _NEVER, unlimited(np.array([config.noise_shaping])))
    return None


def filters_of_frames(config: WaveNetConfig, frames: np.ndarray) -> Filters:
    """Filters of feature frames `(n_frames, channels)` as they are before normalization.

    Where the network looks no frame ahead, streams do not know the next one: nothing is limited.
    """
    features = config.sound_features
    with np.errstate(all="ignore"):  # what overflows is refused below
        spectra = features.log_spectrum(frames)
        taps = config.noise_shaping[0] * frame_taps(spectra, config.adaptive_noise_shaping)
        power = np.exp(spectra)
        power[:, [0, -1]] /= 2  # of the whole circle
        mean = power.sum(axis=1) / (power.shape[1] - 1) / features.window_power
        knees = np.minimum(_KNEE * np.sqrt(mean), _HIGHEST_KNEE)
    usable = np.isfinite(taps).all(axis=1) & (taps[:, 0] > 0)
    if not usable.all():
        frame = int(np.argmin(usable))
        largest = np.abs(frames[frame]).max()
        raise ValueError(f"frame {frame} gives no filter: it has values up to {largest:g}")
    return Filters(taps, knees if config.local.looks_ahead else np.full(len(taps), np.inf))

"""Converted features to sound by a WaveNet instead of WORLD (Kobayashi et al. 2017)."""

from __future__ import annotations

import numpy as np

from wavenet.config import WaveNetConfig
from wavenet.features import world
from wavenet.features.world import Analysis, WorldSettings
from wavenet.features.world_frames import WorldFeatures
from wavenet.inference.wavenet import WaveNetGenerator


def check_vocoder(vocoder: WaveNetGenerator, settings: WorldSettings) -> None:
    """Refuses a model that does not make sound from features, or not from these.

    Raises
    ------
    ValueError
        The model is no vocoder, or has other settings than the converter; the sentence says which.
    """
    config = vocoder.config
    features = config.features if isinstance(config, WaveNetConfig) else None
    if features is None or features.kind == "labels":
        raise ValueError("the vocoder must be a WaveNet conditioned on WORLD features or on mel")
    names = ["sample_rate"]
    if features.kind == "world":
        names += ["frame_period", "order", "alpha"]
    for name in names:
        ours, its = getattr(settings, name), getattr(features, name)
        if ours != its:
            raise ValueError(f"the vocoder has the {name} {its}, the converter {ours}")


def vocode(
    vocoder: WaveNetGenerator,
    analysis: Analysis,
    settings: WorldSettings,
    n_samples: int,
    seed: int,
) -> np.ndarray:
    """The sound `(n_samples,)` that belongs to features, analysed or converted.

    A vocoder of WORLD features takes them as they are; one of mel spectrograms those of the sound
    that WORLD makes.
    """
    features = vocoder.config.sound_features
    if isinstance(features, WorldFeatures):
        frames = features.from_analysis(analysis)
    else:
        sound = world.synthesize(
            analysis.f0, analysis.mel_cepstrum, analysis.aperiodicity, settings
        )
        frames = vocoder.condition_from_sound(sound)
    frames = frames[: -(-n_samples // features.hop_length)]
    lasting = min(n_samples, len(frames) * features.hop_length)
    sound = vocoder.generate(lasting, condition=frames, seed=seed)
    return np.pad(sound, (0, n_samples - lasting))

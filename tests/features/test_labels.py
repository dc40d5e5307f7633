"""Durations of symbols: what a model file may say of them, and what a text makes of it."""

import dataclasses

import numpy as np
import pytest

from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.features.labels import LabelFeatures
from wavenet.inference.wavenet import WaveNetGenerator


def with_duration(mean, deviation=0.0) -> WaveNetConfig:
    features = LabelFeatures(symbols=("a",), durations={"": {"a": (mean, deviation)}})
    return WaveNetConfig(
        dilations=(1,), residual_channels=2, gate_channels=2, skip_channels=2, features=features,
        local=LocalConditioning(features.channels, 160, layers=0),
    )  # fmt: skip


@pytest.mark.parametrize(
    "duration", [(-1.0,), (0.0,), (1e7,), (float("nan"),), (1.0, -0.1), (1.0, 1e7)]
)
def test_impossible_durations(duration):
    with pytest.raises(ValueError, match="durations of 'a' by '' must be a mean above 0"):
        with_duration(*duration)


def test_a_text_that_does_not_fit_in_memory():
    """10 symbols of 5e5 s each have 5e8 frames; refused before any memory is asked for."""
    config = with_duration(5e5)
    tensors = {n: np.zeros(s, np.float32) for n, s in config.tensor_shapes().items()}
    generator = WaveNetGenerator(config, tensors)
    with pytest.raises(ValueError, match=r"s of symbols are .* frames .* divide the text"):
        generator.condition_from_text("a" * 10)
    brief = dataclasses.replace(config, features=with_duration(0.1).features)
    assert WaveNetGenerator(brief, tensors).condition_from_text("a" * 10).shape[1] == 11

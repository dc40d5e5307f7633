"""F0 of the target: within its range, whatever the source says."""

import dataclasses

import numpy as np
import pytest

from wavenet.config.conversion import Voice
from wavenet.conversion.pitch import convert_f0, measure_voice
from wavenet.dsp.pitch_shift import shift_pitch

RATE = 16000
MONOTONE = Voice(90.0, 200.0, np.log(120.0), 1e-3)
LIVELY = Voice(60.0, 180.0, np.log(100.0), 0.2)


@pytest.mark.parametrize("method", ["log-gaussian", "regression"])
def test_f0_stays_in_the_targets_range(converter, method):
    """130 Hz of a voice that hardly leaves 120 Hz became 900 MHz."""
    config = dataclasses.replace(converter.config_, source=MONOTONE, target=LIVELY, f0_slope=15.0)
    f0 = np.array([0.0, 95.0, 120.0, 130.0, 199.0, 0.0])
    converted = convert_f0(f0, config, method)
    np.testing.assert_array_equal(converted == 0, f0 == 0)
    voiced = converted[f0 > 0]
    assert voiced.min() >= 60
    assert voiced.max() <= 180
    np.testing.assert_array_equal(convert_f0(f0, config, "keep"), f0)


def test_small_deviations_of_a_monotone_source_stay_small(converter):
    config = dataclasses.replace(converter.config_, source=MONOTONE, target=LIVELY)
    converted = convert_f0(np.array([119.0, 120.0, 121.0]), config, "log-gaussian")
    np.testing.assert_allclose(converted, [97.5, 100.0, 102.5], rtol=1e-3)


def test_all_ways_stay_sound_for_a_monotone_source(converter, say, monkeypatch):
    config = converter.config_
    source = dataclasses.replace(config.source, log_f0_deviation=1e-3)
    monkeypatch.setattr(converter, "config_", dataclasses.replace(config, source=source))
    for method in ("mlpg", "differential"):
        assert np.abs(converter.convert(say(50, 0), RATE, method=method)).max() <= 1, method
    stream = converter.stream(RATE)
    assert stream.latency < 0.1
    assert np.abs(stream.process(say(50, 0))).max() <= 1


def test_voice_of_one_frame_or_none():
    voice = measure_voice((60.0, 200.0), [np.array([0.0, 100.0, 0.0])])
    assert voice.log_f0_mean == pytest.approx(np.log(100.0))
    assert voice.log_f0_deviation == 1e-3
    with pytest.raises(ValueError, match="no F0 was found: the recordings hold no voiced speech"):
        measure_voice((60.0, 200.0), [np.zeros(3)])


@pytest.mark.parametrize("f0", [1e6, 1e-6, -100.0, np.nan, np.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_pitch_that_no_voice_has_is_refused(f0, side):
    """Shifting to 1 MHz did not end."""
    contours = [np.full(20, 120.0), np.full(20, 120.0)]
    contours[side][3] = f0
    with pytest.raises(ValueError, match="F0 must be 0 or from 20 to 4000 Hz, a quarter of the"):
        shift_pitch(np.ones(1600), *contours, RATE, 5.0)

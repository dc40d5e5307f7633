"""Statistics of features: normalization, and the warning outside the trained range."""

import warnings

import numpy as np
import pytest

from wavenet.features.statistics import FeatureRangeWarning, FrameStatistics


def test_normalization():
    random = np.random.default_rng(0)
    tracks = [random.normal((3, -200, 7), (2, 0.1, 0), (n, 3)) for n in (10, 300, 4)]
    statistics = FrameStatistics.of(tracks)
    frames = np.concatenate(tracks)
    np.testing.assert_allclose(statistics.mean, frames.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(statistics.lowest, frames.min(axis=0), rtol=1e-5)
    normalized = statistics.normalize(frames)
    np.testing.assert_allclose(normalized.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(normalized.std(axis=0), (1, 1, 0), atol=1e-3)


def test_range():
    statistics = FrameStatistics((0.0, 0.0), (1.0, 2.0), (-3.0, -6.0), (3.0, 6.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        statistics.warn(np.array([[3.9, -7.9], [0, 0]]))  # within a deviation
    with pytest.warns(FeatureRangeWarning, match=r"1 of 4 .* channel 1 of frame 1 is 60.00, trained"
                      r" on -6.00 to 6.00"):  # fmt: skip
        statistics.warn(np.array([[0, 0], [0, 60.0]]))


def test_bad_statistics():
    with pytest.raises(ValueError, match="the mean of 1 channels; frames have 2"):
        FrameStatistics((0.0,), (1.0,), (0.0,), (0.0,)).check(2)
    with pytest.raises(ValueError, match=r"above 0, got 0\.0"):
        FrameStatistics((0.0,), (0.0,), (0.0,), (0.0,)).check(1)
